"""Rows of `op_specs` for `keratorch.fft`; the reference is NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.specs.exports import kt
from tests.specs.table import COMPLEX, REAL, Arg, Op, Sample, sample

#: Of one axis: lengths odd, even, shorter and longer than the input, axes and norms.
ONE_AXIS = (
    sample((3, 4)),
    sample((3, 5), norm="ortho"),
    sample((4, 3), axis=0, norm="forward"),
    sample((2, 3, 4), axis=1, n=5),
    sample((3, 4), n=2),
    sample((3, 5), n=3, norm="ortho"),
    sample((3, 4), n=7, norm="forward"),
    sample((3, 4), n=6, norm="backward"),
    sample((3, 4), n=1),
    sample((0, 4)),
)
SHORT = (sample((1,)), sample((2,)))
SHORT_INVERSE = (sample((2,)), sample((1,), n=1))

SEVERAL_AXES = (
    sample((3, 4)),
    sample((2, 3, 5), norm="ortho"),
    sample((2, 3, 4), axes=(-1, 0), norm="forward"),
    sample((2, 3, 4), axes=(1,)),
    sample((3, 4), s=(4, 3), axes=(0, 1)),
    sample((2, 3, 4), s=(2, 7), axes=(0, 1), norm="ortho"),
    sample((3, 4), s=(2, 5), axes=(1, 0), norm="forward"),
    sample((4,)),
    sample((0, 4), axes=(1,)),
)
SHIFTED = (
    sample((3, 4)),
    sample((3, 4), axes=0),
    sample((3, 4), axes=(-1,)),
    sample((2, 3, 5), axes=(0, 2)),
    sample((0,)),
    sample((4, 0)),
    sample((1,)),
)


def torch_axes(name: str) -> Callable[..., Any]:
    """PyTorch calls an axis `dim`, and by MKL it transforms nothing empty."""

    def function(torch, x, axis=None, axes=None, **kwargs):
        if axis is not None:
            kwargs["dim"] = axis
        elif axes is not None:
            kwargs["dim"] = axes
        if len(x) == 0:
            one = torch.cat([x, torch.zeros((1, *x.shape[1:]), dtype=x.dtype)])
            return function(torch, one, **kwargs)[:0] if "shift" not in name else x.clone()
        return getattr(torch.fft, name)(x, **kwargs)

    return function


def row(name: str, grad: str, samples: tuple[Sample, ...], dtypes: tuple[str, ...]) -> Op:
    return Op(
        name,
        grad,
        getattr(kt.fft, name),
        getattr(np.fft, name),
        samples,
        torch_axes(name),
        dtypes=dtypes,
    )


def frequencies(name: str) -> Op:
    """The row of `fftfreq` or `rfftfreq`, in the distance of the samples."""
    return Op(
        name,
        "DivideGrad",
        lambda d, n: getattr(kt.fft, name)(n, d=d),
        lambda d, n: getattr(np.fft, name)(n, d),
        tuple(sample(Arg((), "positive"), n=n) for n in (4, 5, 1)),
        dtypes=REAL,
        composed=True,
    )


ALL = REAL + COMPLEX

OPS = (
    row("fft", "FFTGrad", ONE_AXIS + SHORT, ALL),
    row("ifft", "FFTGrad", ONE_AXIS + SHORT, ALL),
    row("fftn", "FFTGrad", SEVERAL_AXES, ALL),
    row("ifftn", "FFTGrad", SEVERAL_AXES, ALL),
    row("rfft", "RFFTGrad", ONE_AXIS + SHORT, REAL),
    row("irfft", "IRFFTGrad", ONE_AXIS + SHORT_INVERSE, ALL),
    row("rfftn", "RFFTGrad", SEVERAL_AXES, REAL),
    row("irfftn", "IRFFTGrad", SEVERAL_AXES, ALL),
    row("hfft", "IRFFTGrad", ONE_AXIS + SHORT_INVERSE, ALL),
    row("ihfft", "ConjGrad", ONE_AXIS + SHORT, REAL),
    row("fftshift", "FFTShiftGrad", SHIFTED, ALL),
    row("ifftshift", "FFTShiftGrad", SHIFTED, ALL),
    frequencies("fftfreq"),
    frequencies("rfftfreq"),
)
