"""Special functions, in SciPy's names."""

from .ops.exponential import expit as expit
from .ops.softmax import log_softmax as log_softmax
from .ops.softmax import logsumexp as logsumexp
from .ops.softmax import softmax as softmax

__all__ = ["expit", "log_softmax", "logsumexp", "softmax"]
