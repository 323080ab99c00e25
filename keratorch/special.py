"""Special functions, in SciPy's names."""

from .ops.elementwise import sigmoid as expit
from .ops.softmax import log_softmax as log_softmax
from .ops.softmax import logsumexp as logsumexp
from .ops.softmax import softmax as softmax

__all__ = ["expit", "log_softmax", "logsumexp", "softmax"]
