"""Functions for neural networks: activations, convolution and pooling, in PyTorch's names."""

from ..ops.arithmetic import relu as relu
from ..ops.exponential import expit as sigmoid
from ..ops.softmax import log_softmax as log_softmax
from ..ops.softmax import softmax as softmax
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

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "log_softmax",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "relu",
    "sigmoid",
    "softmax",
]
