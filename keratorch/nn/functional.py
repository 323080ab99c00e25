"""Functions that neural networks are made of."""

from ..ops.arithmetic import relu as relu
from ..ops.exponential import expit as sigmoid
from ..ops.softmax import log_softmax as log_softmax
from ..ops.softmax import softmax as softmax

__all__ = ["log_softmax", "relu", "sigmoid", "softmax"]
