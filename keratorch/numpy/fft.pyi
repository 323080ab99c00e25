"""The names of `numpy.fft` 2.4.6 for type checkers: see `tests/mirror_stubs.py`."""

from ..interop._mirror_types import ArrayFunction

fft: ArrayFunction
fft2: ArrayFunction
fftfreq: ArrayFunction
fftn: ArrayFunction
fftshift: ArrayFunction
hfft: ArrayFunction
ifft: ArrayFunction
ifft2: ArrayFunction
ifftn: ArrayFunction
ifftshift: ArrayFunction
ihfft: ArrayFunction
irfft: ArrayFunction
irfft2: ArrayFunction
irfftn: ArrayFunction
rfft: ArrayFunction
rfft2: ArrayFunction
rfftfreq: ArrayFunction
rfftn: ArrayFunction
