"""Functions that neural networks are made of."""

from ..ops.elementwise import relu as relu
from ..ops.elementwise import sigmoid as sigmoid

__all__ = ["relu", "sigmoid"]
