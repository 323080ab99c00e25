"""All kernels of CuPy."""

from ._cupy_elementwise import ElementwiseRule as ElementwiseRule
from ._cupy_elementwise import forward_kernel as forward_kernel
from ._cupy_elementwise import has_generated_rule as has_generated_rule
from ._cupy_fused import RULES as RULES
from ._cupy_fused import log_softmax as log_softmax
from ._cupy_fused import logsumexp as logsumexp
from ._cupy_fused import softmax as softmax
from ._cupy_segments import segment_sum as segment_sum
