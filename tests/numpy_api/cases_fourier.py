"""``numpy.fft``."""

import numpy

from tests.numpy_api.cases import BESIDE, Case, array

A = array(3, 4)
C = array(3, 4, complex=True)
T = array(2, 3, 4)
TC = array(2, 3, 4, complex=True)
D = numpy.asarray(2.5)


def call(name, *args, **kwargs):
    return lambda np, x: getattr(np.fft, name)(x, *args, **kwargs)


def cases(name, *inputs):
    """The calls of a transform along one axis."""
    for x in inputs:
        yield Case(f"fft.{name}", call(name), (x,))
        yield Case(f"fft.{name}", call(name, 5, 0, "ortho"), (x,))
        yield Case(f"fft.{name}", call(name, n=3, axis=-1, norm="forward"), (x,))


def cases_of_several(name, *inputs):
    for x in inputs:
        yield Case(f"fft.{name}", call(name), (x,))
        yield Case(f"fft.{name}", call(name, (3, 5), (2, 0), "ortho"), (x,))
        yield Case(f"fft.{name}", call(name, axes=(-1, 1), norm="forward"), (x,))
        yield Case(f"fft.{name}", call(name, s=(-1, 6), axes=(0, 1)), (x,))


CASES = [
    *cases("fft", A, C),
    *cases("ifft", A, C),
    *cases("rfft", A),
    *cases("irfft", A, C),
    *cases("hfft", A, C),
    *cases("ihfft", A),
    *cases_of_several("fftn", T, TC),
    *cases_of_several("ifftn", T, TC),
    *cases_of_several("rfftn", T),
    *cases_of_several("irfftn", TC),
    *cases_of_several("fft2", T, TC),
    *cases_of_several("ifft2", T, TC),
    *cases_of_several("rfft2", T),
    *cases_of_several("irfft2", TC),
    Case("fft.fftfreq", lambda np, d: np.fft.fftfreq(5, d), (D,), numpy_only=BESIDE),
    Case("fft.rfftfreq", lambda np, d: np.fft.rfftfreq(4, d), (D,), numpy_only=BESIDE),
    Case(
        "fft.rfftfreq",
        lambda np, d: np.fft.rfftfreq(4, d=d, device="cpu"),
        (D,),
        numpy_only=BESIDE,
    ),
    Case("fft.fftshift", call("fftshift"), (C,)),
    Case("fft.fftshift", call("fftshift", axes=1), (A,)),
    Case("fft.ifftshift", call("ifftshift", axes=(0, -1)), (T,)),
]
