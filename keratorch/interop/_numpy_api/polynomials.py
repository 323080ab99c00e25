"""NumPy's older functions of polynomials: coefficients from the highest power down."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ... import functions as kt
from ...core.array import GradArray
from ...core.nodes import is_tracked
from ...errors import ShapeError
from ...ops._operands import can_look, first_array
from ._arguments import array, floating, index_array, is_complex, promoted, refuse
from ._table import implements
from .differences import vander
from .linalg import lstsq
from .signal import convolve


def _coefficients(name: str, *values: Any) -> tuple[GradArray, ...]:
    """Each as an array of one axis, all of one dtype."""
    xs = tuple(kt.reshape(x, (1,)) if x.ndim == 0 else x for x in promoted(name, values))
    for x in xs:
        if x.ndim > 1:
            raise ShapeError(
                f"numpy.{name}: coefficients of shape {tuple(x.shape)} have more than one axis"
            )
    return xs


@implements("polyval")
def polyval(p: Any, x: Any) -> GradArray:
    """Σ p[k]·x^(n−1−k), by Horner's rule."""
    like = first_array(p, x)
    x = array(x, like)
    (p,) = _coefficients("polyval", array(p, like))
    y = kt.zeros_like(x)
    for i in range(p.shape[0]):
        y = y * x + p[i]
    return y


def _added(name: str, a1: Any, a2: Any, sign: int) -> GradArray:
    a, b = _coefficients(name, a1, a2)
    n = max(a.shape[0], b.shape[0])
    a, b = (
        kt.concat([kt.zeros((n - v.shape[0],), dtype=v.dtype, device=v.device), v]) for v in (a, b)
    )
    return a + b if sign > 0 else a - b


@implements("polyadd")
def polyadd(a1: Any, a2: Any) -> GradArray:
    """The coefficients of the sum."""
    return _added("polyadd", a1, a2, 1)


@implements("polysub")
def polysub(a1: Any, a2: Any) -> GradArray:
    """The coefficients of the difference."""
    return _added("polysub", a1, a2, -1)


@implements("polymul")
def polymul(a1: Any, a2: Any) -> GradArray:
    """The coefficients of the product."""
    a, b = _coefficients("polymul", a1, a2)
    return convolve(a, b)


@implements("polydiv")
def polydiv(u: Any, v: Any) -> tuple[GradArray, GradArray]:
    """The coefficients of the quotient and of the remainder.

    Leading zeros of the remainder are dropped, so the call waits for the device.
    """
    rest, divisor = (floating(x) for x in _coefficients("polydiv", u, v))
    n = divisor.shape[0]
    quotient: list[GradArray] = []
    for _ in range(rest.shape[0] - n + 1):
        factor = rest[0] / divisor[0]
        quotient.append(factor)
        rest = kt.concat([rest[1:n] - factor * divisor[1:], rest[n:]])
    if not quotient:
        quotient.append(kt.zeros_like(rest[0]))
    if not rest.shape[0]:
        rest = kt.zeros_like(divisor)
    while rest.shape[0] > 1 and kt.abs(rest[0].detach()) <= 1e-8:  # NumPy's allclose to 0
        rest = rest[1:]
    return kt.stack(quotient), rest


@implements("polyder")
def polyder(p: Any, m: int = 1) -> GradArray:
    """The coefficients of the `m`-th derivative."""
    m = _order("polyder", m)
    (x,) = _coefficients("polyder", p)
    for _ in range(m):
        powers = index_array(np.arange(x.shape[0] - 1, 0, -1), x)
        x = x[:-1] * kt.astype(powers, x.dtype)
    return x


@implements("polyint")
def polyint(p: Any, m: int = 1, k: Any = None) -> GradArray:
    """The coefficients of the `m`-th antiderivative; `k` are its constants, by default 0."""
    m = _order("polyint", m)
    x = floating(_coefficients("polyint", p)[0])
    constants = array(0.0 if k is None else k, x)
    if constants.ndim == 0:
        constants = kt.reshape(constants, (1,))
    if constants.shape[0] == 1:
        constants = kt.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ValueError(f"numpy.polyint: {constants.shape[0]} constants for m={m}: give {m}, or 1")
    x, constants = promoted("polyint", [x, constants])
    for i in range(m):
        powers = index_array(np.arange(x.shape[0], 0, -1), x)
        x = kt.concat([x / kt.astype(powers, x.dtype), constants[i : i + 1]])
    return x


def _order(name: str, m: int) -> int:
    if m < 0:
        raise ValueError(f"numpy.{name}: m is {m}: it must be 0 or more")
    return int(m)


@implements("polyfit")
def polyfit(
    x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None,
    cov: bool | str = False,
) -> Any:  # fmt: skip
    """The coefficients of the polynomial p of degree `deg` that minimises Σ (wᵢ·(yᵢ − p(xᵢ)))².

    y : one data set, or several as columns.
    w : weights of the residuals.
    full : whether to return ``(coefficients, residuals, rank, singular values, rcond)``.
    cov : whether to return ``(coefficients, covariance)``; ``"unscaled"`` leaves out the factor
        χ²/(number of places − number of coefficients).

    rcond : singular values up to `rcond` times the largest count as 0. If they are not 0, a tracked
        argument raises `NotDifferentiableError`.

    Where the places `x` do not determine the coefficients, the result is that of least norm, with
    NumPy's `RankWarning`, and its derivative assumes constant rank. On a device whose values the
    host cannot see the result is NaN there.
    """
    like = first_array(x, y, w)
    x, y = (floating(array(v, like)) for v in (x, y))
    if deg < 0 or x.ndim != 1 or not x.shape[0] or y.ndim not in (1, 2):
        raise ShapeError(
            f"numpy.polyfit: deg={deg}, x of shape {tuple(x.shape)}, y of shape {tuple(y.shape)}: "
            "x needs one axis, y one or two, and deg may not be negative"
        )
    if x.shape[0] != y.shape[0]:
        raise ShapeError(
            f"numpy.polyfit: x of shape {tuple(x.shape)} and y of shape {tuple(y.shape)}: they "
            "must be equally long"
        )
    powers = vander(x, deg + 1)
    if w is not None:
        weights = array(w, x)
        if tuple(weights.shape) != tuple(x.shape):
            raise ShapeError(
                f"numpy.polyfit: weights of shape {tuple(weights.shape)} for {x.shape[0]} places"
            )
        powers = powers * weights[:, None]
        y = y * (weights if y.ndim == 1 else weights[:, None])
    # Scale the columns to length 1, so that all numbers are of similar size.
    scale = kt.sqrt(kt.sum(kt.real(powers * kt.conj(powers)), axis=0))
    if cov and is_complex(powers) and not full:
        raise refuse("polyfit", "cov= and complex places", "compute it from numpy.vander(x)")
    powers, y = promoted("polyfit", [powers / scale, y])
    tolerance = x.shape[0] * kt.finfo(x.dtype).eps if rcond is None else rcond
    columns = y if y.ndim == 2 else y[:, None]
    more: tuple[Any, ...] = ()
    r = None if full else _factor(powers, tolerance)
    if r is not None:
        turned = kt.matmul(kt.conj(kt.matrix_transpose(r.Q)), columns)
        scaled = kt.linalg.solve(r.R, turned)
    else:
        scaled, squares, rank, values = lstsq(powers, columns, tolerance)
        rank = int(rank.item())
        more = squares, rank, values, tolerance
        if rank <= deg and not full:
            warnings.warn(
                f"numpy.polyfit: {x.shape[0]} places determine {rank} of {deg + 1} coefficients",
                np.exceptions.RankWarning,
                stacklevel=2,
            )
    found = scaled / scale[:, None]
    found = found if y.ndim == 2 else found[:, 0]
    if full:
        return found, *more
    if not cov:
        return found
    places = x.shape[0]
    if cov != "unscaled" and places <= deg + 1:
        raise ValueError(
            f"numpy.polyfit: {places} places for {deg + 1} coefficients: the covariance needs more "
            "places; cov='unscaled' does not"
        )
    covariance = _covariance(powers, tolerance, scale)
    if cov == "unscaled":
        return found, covariance[:, :, None] if y.ndim == 2 else covariance
    missed = kt.matmul(powers, scaled) - columns
    squares = kt.sum(kt.real(missed * kt.conj(missed)), axis=0) / (places - deg - 1)
    return found, covariance[:, :, None] * squares if y.ndim == 2 else covariance * squares[0]


def _factor(powers: GradArray, tolerance: float) -> Any:
    """The QR decomposition of `powers`; `None` if its columns depend on each other.

    Where the host cannot see that, R is NaN in this case.
    """
    if powers.shape[0] < powers.shape[1]:
        return None
    found = kt.linalg.qr(powers)
    if can_look(powers):
        rank = kt.linalg.matrix_rank(found.R.detach(), rtol=tolerance)
        return found if int(rank.item()) == powers.shape[1] else None
    sizes = kt.abs(kt.linalg.diagonal(found.R.detach()))
    full = kt.min(sizes) > tolerance * kt.max(sizes)
    return type(found)(found.Q, kt.where(full, found.R, math.nan))


def _covariance(powers: GradArray, tolerance: float, scale: GradArray) -> GradArray:
    """(PᴴP)⁻¹ = R⁻¹ R⁻ᴴ, with the scale of the columns undone."""
    factor = _factor(kt.real(powers), tolerance)
    if factor is None:
        raise np.linalg.LinAlgError(
            f"numpy.polyfit: {powers.shape[0]} places do not determine {powers.shape[1]} "
            "coefficients, so that they have no covariance: take a lower degree"
        )
    inverse = kt.linalg.inv(factor.R)
    covariance = kt.matmul(inverse, kt.conj(kt.matrix_transpose(inverse)))
    return covariance / (scale[:, None] * scale)


@implements("poly")
def poly(seq_of_zeros: Any) -> GradArray:
    """The coefficients of the polynomial with these zeros, or the eigenvalues of this matrix.

    Complex zeros in conjugate pairs give real coefficients; this check waits for the device.
    """
    zeros = array(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        zeros = kt.linalg.eigvals(floating(zeros))
    zeros = floating(zeros)
    if zeros.ndim > 1:
        raise ValueError(
            f"numpy.poly: zeros of shape {tuple(zeros.shape)}: give one axis, or a square matrix"
        )
    zeros = kt.reshape(zeros, (1,)) if zeros.ndim == 0 else zeros
    one = kt.ones((1,), dtype=zeros.dtype, device=zeros.device)
    y = one
    for i in range(zeros.shape[0]):
        y = convolve(y, kt.concat([one, -zeros[i : i + 1]]))
    if is_complex(y) and zeros.shape[0]:
        host = zeros.numpy()
        if np.all(np.sort(host) == np.sort(host.conj())):
            y = kt.real(y)
    return y


@implements("roots")
def roots(p: Any) -> GradArray:
    """The zeros of the polynomial, as eigenvalues of its companion matrix.

    They are real if `p` and all of them are. Zeros at the ends of `p` are found on the host, so
    the call waits for the device. The derivatives are infinite at multiple zeros. A leading
    coefficient 0 has those of the zeros that stay finite.
    """
    (p,) = _coefficients("roots", p)
    p = whole = floating(p)
    (known,) = np.nonzero(p.numpy())
    if not known.size:
        return p[:0]
    at_zero = p.shape[0] - int(known[-1]) - 1
    p = p[int(known[0]) : int(known[-1]) + 1]
    n = p.shape[0]
    if n < 2:
        found = p[:0]
    else:
        first = kt.reshape(-p[1:] / p[0], (1, n - 1))
        below = kt.eye(n - 2, n - 1, dtype=p.dtype, device=p.device)
        found = kt.linalg.eigvals(kt.concat([first, below], axis=0))
        if not is_complex(p) and not kt.any(kt.imag(found.detach()) != 0):
            found = kt.real(found)
    if at_zero:
        zeros = kt.zeros((at_zero,), dtype=found.dtype, device=found.device)
        found = kt.concat([found, zeros])
    if is_tracked(whole) and whole.shape[0] > n and found.shape[0]:
        cut = [whole[: int(known[0])], whole[whole.shape[0] - at_zero :]]
        return _moved_by(whole, kt.sum(kt.concat(cut)), found)
    return found


def _moved_by(p: GradArray, cut: GradArray, zeros: GradArray) -> GradArray:
    """`zeros` of the polynomial `p`, differentiable in the coefficients 0 at its ends too.

    cut : the sum of these coefficients.

    Steps of Newton's method move a zero by roundings only, which its value leaves out. Each step
    doubles the order of the derivatives that are right: to 7 here. At a multiple zero, where the
    steps do not exist, the derivatives are infinite, as those of the square root of `cut` are.
    """
    slopes = np.polyval(np.polyder(p.numpy()), zeros.numpy())
    coefficients = kt.unstack(p)
    found = []
    for i, s in enumerate(slopes):
        if s == 0:
            found.append(zeros[i] + kt.sqrt(cut))
            continue
        z = zeros[i]
        for _ in range(3):
            value = slope = kt.zeros_like(z)
            for a in coefficients:
                value, slope = value * z + a, slope * z + value
            z = z - value / slope
        found.append(zeros[i].detach() + (z - z.detach()))
    return kt.stack(found)
