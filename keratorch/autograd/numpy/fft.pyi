"""The names of `keratorch.autograd.numpy.fft` for type checkers."""

from ...numpy.fft import *  # noqa: F403
