"""The names of `keratorch.autograd.numpy.random` for type checkers."""

from ...numpy.random import *  # noqa: F403
