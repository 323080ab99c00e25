"""Functions for neural networks: activations, convolution and pooling, in PyTorch's names."""

import typing as _typing

from ..core.namespace import missing_from as _missing_from
from ..ops._elementwise import Unary as _Unary
from ..ops.arithmetic import relu as relu
from ..ops.exponential import expit as _expit
from ._convolution import conv1d as conv1d
from ._convolution import conv2d as conv2d
from ._convolution import conv3d as conv3d
from ._convolution import conv_transpose1d as conv_transpose1d
from ._convolution import conv_transpose2d as conv_transpose2d
from ._convolution import conv_transpose3d as conv_transpose3d
from ._pooling import avg_pool1d as avg_pool1d
from ._pooling import avg_pool2d as avg_pool2d
from ._pooling import avg_pool3d as avg_pool3d
from ._pooling import max_pool1d as max_pool1d
from ._pooling import max_pool2d as max_pool2d
from ._pooling import max_pool3d as max_pool3d
from ._softmax import log_softmax as log_softmax
from ._softmax import softmax as softmax

sigmoid: _Unary = _expit

# The functions above; classes are capitalized.
__all__ = [name for name in dir() if name[0].islower()]  # pyright: ignore[reportUnsupportedDunderAll]

if not _typing.TYPE_CHECKING:  # a type checker finds such names by itself
    __getattr__ = _missing_from(__name__)
