"""Discrete Fourier transforms. They are linear: each rule is the adjoint transform.

The adjoint is the opposite transform with the reversed norm, cut or padded back to the length of
the input. The backend's own library computes the values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backends import _registry
from ..core import recording
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.filled import settled
from ..core.grad import Grad
from ..core.nodes import is_tracked
from ..core.recording import constant, is_active, record
from ..core.shown import shown
from ..errors import DTypeError, LostGradientError, ShapeError
from ..typing import ArrayLike
from ._operands import as_array, integer, namespace, normalized_axes
from .arithmetic import divide
from .selection import conj

#: The norm of the adjoint transform.
_REVERSED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


class _TransformGrad(Grad):
    """A transform along `axes` to the lengths `sizes`; the input has `lengths` along them."""

    __slots__ = ("axes", "lengths", "norm", "sizes")
    fresh = True

    def transformed(self, name: str, x: Any, norm: str) -> Any:
        """The transform `name` of `x`, raw or not, with the sizes and axes of this one."""
        return call(namespace(x), name, x, self.sizes, self.axes, norm)

    def resized(self, grad: Any) -> Any:
        """`grad` cut, or padded with zeros, to the lengths of the input."""
        for axis, length in zip(self.axes, self.lengths, strict=True):
            grad = resized(grad, axis, length)
        return grad

    def weighted(self, spectrum: Any, weight: float) -> Any:
        """A one-sided spectrum, its interior bins times `weight`: each of them stands for two."""
        axis, n = self.axes[-1], self.sizes[-1]
        last = n // 2 + 1 if n % 2 else n // 2  # the bin after the interior ones
        if last <= 1:
            return spectrum
        parts = [
            part(spectrum, axis, 0, 1),
            part(spectrum, axis, 1, last) * weight,
            part(spectrum, axis, last, None),
        ]
        return namespace(spectrum).concat(parts[: 3 - n % 2], axis=axis)


class FFTGrad(_TransformGrad):
    """The inverse transform of the gradient; the forward transform where this is an inverse."""

    __slots__ = ("inverse",)

    def backward(self, grad: Any) -> tuple[Any, ...]:
        name = "fftn" if self.inverse else "ifftn"
        return (self.resized(self.transformed(name, grad, _REVERSED[self.norm])),)

    def jvp(self, *tangents: Any) -> Any:
        return self.transformed("ifftn" if self.inverse else "fftn", tangents[0], self.norm)


class RFFTGrad(_TransformGrad):
    """`irfftn` of the gradient, with its interior bins halved: `irfftn` counts each twice."""

    __slots__ = ()

    def backward(self, grad: Any) -> tuple[Any, ...]:
        grad = self.weighted(grad, 0.5)
        return (self.resized(self.transformed("irfftn", grad, _REVERSED[self.norm])),)

    def jvp(self, *tangents: Any) -> Any:
        return self.transformed("rfftn", tangents[0], self.norm)


class IRFFTGrad(_TransformGrad):
    """`rfftn` of the gradient, with the interior bins doubled."""

    __slots__ = ()

    def backward(self, grad: Any) -> tuple[Any, ...]:
        grad = self.transformed("rfftn", grad, _REVERSED[self.norm])
        return (self.resized(self.weighted(grad, 2.0)),)

    def jvp(self, *tangents: Any) -> Any:
        return self.transformed("irfftn", tangents[0], self.norm)


class FFTShiftGrad(Grad):
    """The gradient, shifted back."""

    __slots__ = ("axes", "inverse")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        fft = namespace(grad).fft
        shift = fft.fftshift if self.inverse else fft.ifftshift
        return (shift(grad, axes=self.axes),)

    def jvp(self, *tangents: Any) -> Any:
        return _shift("ifftshift" if self.inverse else "fftshift", tangents[0], self.axes)


def call(xp: Any, name: str, x: Any, sizes: Any, axes: tuple[int, ...], norm: str) -> Any:
    """The transform `name` along `axes`; for one axis by the 1-D function, which is faster."""
    if 0 in x.shape and not isinstance(x, GradArray):  # some libraries refuse empty arrays
        return _empty(xp, name, x, sizes, axes)
    if len(axes) == 1:
        function = getattr(xp.fft, name.removesuffix("n"))
        return function(x, n=sizes[0], axis=axes[0], norm=norm)
    return getattr(xp.fft, name)(x, s=sizes, axes=axes, norm=norm)


def _empty(xp: Any, name: str, x: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The transform of an array without elements."""
    shape = list(x.shape)
    for axis, n in zip(axes, sizes, strict=True):
        shape[axis] = n
    dtype = x.dtype
    if name == "rfftn":
        shape[axes[-1]] = sizes[-1] // 2 + 1
        dtype = xp.result_type(dtype, xp.complex64)
    elif name == "irfftn":
        dtype = xp.real(x).dtype
    return xp.zeros(tuple(shape), dtype=dtype, device=getattr(x, "device", None))


def part(x: Any, axis: int, start: int, stop: int | None) -> Any:
    """``x[..., start:stop, ...]`` along `axis`."""
    index = [slice(None)] * len(x.shape)
    index[axis] = slice(start, stop)
    return x[tuple(index)]


def resized(x: Any, axis: int, length: int) -> Any:
    """`x` cut, or padded with zeros, to `length` along `axis`."""
    shape = list(x.shape)
    if shape[axis] >= length:
        return x if shape[axis] == length else part(x, axis, 0, length)
    shape[axis] = length - shape[axis]
    xp = namespace(x)
    zeros = xp.zeros(tuple(shape), dtype=x.dtype, device=getattr(x, "device", None))
    return xp.concat([x, zeros], axis=axis)


# -- the public functions ----------------------------------------------------------------------


def _prepared(
    op: str,
    x: Any,
    s: Sequence[int] | None,
    axes: Sequence[int] | None,
    norm: str,
    one_sided: bool = False,
) -> tuple[GradArray, tuple[int, ...], tuple[int, ...]]:
    """The input as a `GradArray`, the axes from 0, and the sizes of the transform along them."""
    x = as_operand(x)
    if not _registry.of(x._array).is_inexact(x.dtype):
        raise DTypeError(
            f"{op} of dtype {x.dtype}, shape {tuple(x.shape)}: x must be floating or complex: "
            "convert it with astype"
        )
    if norm not in _REVERSED:
        raise ValueError(f"{op}: norm {shown(norm)} is none of 'backward', 'ortho', 'forward'")
    s = _listed(op, "s", s)
    axes = _listed(op, "axes", axes)
    if axes is None and s is not None:
        axes = range(-len(s), 0)
    found = normalized_axes(op, x, None if axes is None else tuple(axes))
    if not found:
        raise ShapeError(f"{op}: an array of shape {tuple(x.shape)} has no axis to transform")
    shape = tuple(x.shape)
    if s is None:
        sizes = [shape[a] for a in found]
        if one_sided:
            sizes[-1] = 2 * (sizes[-1] - 1)
    else:
        sizes = [integer(op, "a size of the transform", n) for n in s]
    if len(sizes) != len(found):
        raise ShapeError(f"{op}: s={sizes} and axes={found}: give one size for each axis")
    if min(sizes) < 1:
        raise ShapeError(
            f"{op}: a transform of size {min(sizes)} of an array of shape {shape}: sizes start at 1"
        )
    return x, found, tuple(sizes)


def _listed(op: str, name: str, value: Any) -> Any:
    """`value` as a tuple; `None` as it is."""
    try:
        return None if value is None else tuple(value)
    except TypeError:
        raise DTypeError(
            f"{op}: {name} is {shown(value)}, of type {type(value).__name__}: it must be a "
            "sequence of integers"
        ) from None


def _as_complex(a: Any) -> Any:
    backend = _registry.of(a)
    if backend.is_complex(a.dtype):
        return a
    return backend.xp.astype(a, backend.xp.result_type(a.dtype, backend.xp.complex64))


def _transform(
    cls: type[Grad], name: str, op: str, x: Any, s: Any, axes: Any, norm: str, **params: Any
) -> GradArray:
    x, axes, sizes = _prepared(op, x, s, axes, norm, one_sided=cls is IRFFTGrad)
    a = x._array
    if cls is not RFFTGrad:
        a = _as_complex(a)
    elif _registry.of(a).is_complex(a.dtype):
        raise DTypeError(
            f"{op} of dtype {a.dtype}, shape {tuple(a.shape)}: x must be real: use "
            f"{op.replace('rfft', 'fft').replace('ihfft', 'ifft')} for complex numbers"
        )
    raw = as_array(x._array, call(_registry.of(a).xp, name, a, sizes, axes, norm))
    if not is_active(x):
        return recording.unrecorded(raw)
    lengths = tuple(a.shape[i] for i in axes)
    return record(cls, (x,), raw, axes=axes, sizes=sizes, lengths=lengths, norm=norm, **params)


def _sizes(n: int | None) -> tuple[int] | None:
    return None if n is None else (n,)


def fft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> GradArray:
    """The discrete Fourier transform y_k = Σ_j x_j e^(−2πijk/n) along `axis`; complex.

    n : the length of the transform, to which `x` is cut or padded with zeros; default: that of `x`.
    norm : the divisor: 1 for ``"backward"``, √n for ``"ortho"``, n for ``"forward"``.

    Raises `DTypeError` unless `x` is floating or complex, `AxisError` for an axis that `x` does
    not have, `ShapeError` for a length below 1, `ValueError` for another norm.
    """
    return _transform(FFTGrad, "fftn", "fft", x, _sizes(n), (axis,), norm, inverse=False)


def ifft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> GradArray:
    """The inverse of `fft`: Σ_k x_k e^(2πijk/n) along `axis`; arguments and errors as in `fft`.

    norm : the divisor: n for ``"backward"``, √n for ``"ortho"``, 1 for ``"forward"``.
    """
    return _transform(FFTGrad, "ifftn", "ifft", x, _sizes(n), (axis,), norm, inverse=True)


def fftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> GradArray:
    """`fft` along each of `axes`; `s` gives the lengths of the transform along them.

    Without `axes`: along the last ``len(s)`` axes, or all axes without `s` too.
    """
    return _transform(FFTGrad, "fftn", "fftn", x, s, axes, norm, inverse=False)


def ifftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> GradArray:
    """`ifft` along each of `axes`; `s` and `axes` as in `fftn`."""
    return _transform(FFTGrad, "ifftn", "ifftn", x, s, axes, norm, inverse=True)


def rfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> GradArray:
    """The first n//2 + 1 elements of the `fft` of real `x`: the others are conjugates of these.

    Raises `DTypeError` for complex `x`; other arguments and errors as in `fft`.
    """
    return _transform(RFFTGrad, "rfftn", "rfft", x, _sizes(n), (axis,), norm)


def irfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> GradArray:
    """The inverse of `rfft`: n real numbers along `axis`; default: 2·(m − 1) where `x` has m."""
    return _transform(IRFFTGrad, "irfftn", "irfft", x, _sizes(n), (axis,), norm)


def rfftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> GradArray:
    """`rfft` along the last of `axes`, then `fft` along the others; `s`, `axes` as in `fftn`."""
    return _transform(RFFTGrad, "rfftn", "rfftn", x, s, axes, norm)


def irfftn(
    x: ArrayLike,
    /,
    *,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str = "backward",
) -> GradArray:
    """The inverse of `rfftn`: `ifft` along all of `axes` but the last, then `irfft` there."""
    return _transform(IRFFTGrad, "irfftn", "irfftn", x, s, axes, norm)


def hfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> GradArray:
    """The real spectrum, of n elements, of a signal with x_(−j) = conj x_j; `x` is half of it.

    n : default: 2·(m − 1) where `x` has m elements along `axis`.
    """
    x = conj(x)
    reverse = _REVERSED.get(norm, norm)
    return _transform(IRFFTGrad, "irfftn", "hfft", x, _sizes(n), (axis,), reverse)


def ihfft(
    x: ArrayLike, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
) -> GradArray:
    """The inverse of `hfft`: n//2 + 1 complex numbers for real `x`; `DTypeError` for complex."""
    reverse = _REVERSED.get(norm, norm)
    return conj(_transform(RFFTGrad, "rfftn", "ihfft", x, _sizes(n), (axis,), reverse))


def _shift(name: str, x: Any, axes: Any) -> GradArray:
    x = as_operand(x)
    if isinstance(axes, range):
        axes = tuple(axes)
    axes = normalized_axes(name, x, axes)
    a = x._array
    raw = as_array(a, getattr(_registry.of(a).xp.fft, name)(a, axes=axes))
    if not is_active(x):
        return recording.unrecorded(raw)
    return record(FFTShiftGrad, (x,), raw, axes=axes, inverse=name == "ifftshift")


def fftshift(x: ArrayLike, /, *, axes: int | Sequence[int] | None = None) -> GradArray:
    """`x` rolled by half its length along `axes` (all for `None`): frequency 0 is in the middle."""
    return _shift("fftshift", x, axes)


def ifftshift(x: ArrayLike, /, *, axes: int | Sequence[int] | None = None) -> GradArray:
    """The inverse of `fftshift`."""
    return _shift("ifftshift", x, axes)


def fftfreq(
    n: int,
    /,
    *,
    d: float = 1.0,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> GradArray:
    """The frequencies of the n elements of `fft`, for samples at a distance of `d`.

    The result is differentiable in a `GradArray` `d`, of shape (); else it is a constant.

    dtype : default: the library's default floating dtype. Raises `ShapeError` for n below 1.
    """
    return _frequencies("fftfreq", n, d, dtype, device, requires_grad)


def rfftfreq(
    n: int,
    /,
    *,
    d: float = 1.0,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> GradArray:
    """The frequencies of the n//2 + 1 elements of `rfft`; arguments as in `fftfreq`."""
    return _frequencies("rfftfreq", n, d, dtype, device, requires_grad)


def _frequencies(
    name: str, n: int, d: float, dtype: Any, device: Any, requires_grad: bool
) -> GradArray:
    d = settled(d)
    if isinstance(d, GradArray):
        if d.ndim:
            raise ShapeError(f"{name}: d of shape {tuple(d.shape)}: the distance is one number")
        if requires_grad and is_tracked(d):
            raise LostGradientError(
                f"{name}(requires_grad=True) with a tracked d would lose its gradient: leave "
                "requires_grad out, or pass d.detach()"
            )
        if dtype is None and _registry.of(d._array).is_inexact(d.dtype):
            dtype = d.dtype
        whole = _frequencies(name, n, 1.0, dtype, d.device if device is None else device, False)
        found = divide(whole, d)
        return GradArray(found, requires_grad=True) if requires_grad else found
    n = integer(name, "n", n)
    if n < 1:
        raise ShapeError(f"{name}: a transform of size {n}: sizes start at 1")
    backend, where = _registry.resolve_device(device)
    kwargs = {"dtype": backend.float_dtype(dtype), "device": backend.raw_device(where)}
    if name == "rfftfreq":
        raw = backend.create("arange", where, 0, n // 2 + 1, 1, **kwargs)
    else:
        positive = backend.create("arange", where, 0, (n + 1) // 2, 1, **kwargs)
        negative = backend.create("arange", where, -(n // 2), 0, 1, **kwargs)
        raw = backend.xp.concat([positive, negative])
    raw = backend.elementwise("multiply")(raw, 1.0 / (n * d))
    return GradArray(raw, requires_grad=True) if requires_grad else constant(raw)
