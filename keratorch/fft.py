"""Discrete Fourier transforms, differentiable: the `fft` extension of the Array API standard."""

import typing as _typing

from .core.namespace import missing_from as _missing_from
from .ops.fourier import fft as fft
from .ops.fourier import fftfreq as fftfreq
from .ops.fourier import fftn as fftn
from .ops.fourier import fftshift as fftshift
from .ops.fourier import hfft as hfft
from .ops.fourier import ifft as ifft
from .ops.fourier import ifftn as ifftn
from .ops.fourier import ifftshift as ifftshift
from .ops.fourier import ihfft as ihfft
from .ops.fourier import irfft as irfft
from .ops.fourier import irfftn as irfftn
from .ops.fourier import rfft as rfft
from .ops.fourier import rfftfreq as rfftfreq
from .ops.fourier import rfftn as rfftn

# The functions above; classes are capitalized.
__all__ = [name for name in dir() if name[0].islower()]  # pyright: ignore[reportUnsupportedDunderAll]

if not _typing.TYPE_CHECKING:  # a type checker finds such names by itself
    __getattr__ = _missing_from(__name__)
