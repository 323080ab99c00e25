"""Reading and writing parts of arrays."""

from __future__ import annotations

import math
from typing import Any

from ..backends import _registry
from ..backends._indices import has_negative_step, is_basic, may_repeat
from ..core import recording
from ..core.array import GradArray
from ..core.convert import SCALARS, as_operand, check_devices, raw_key
from ..core.grad import Grad
from ..core.mode import mode
from ..core.nodes import raw_of
from ..core.ownership import is_exclusive
from ..core.parts import Cleared, Part
from ..core.recording import constant, is_active, record
from ..core.sync import waits
from ..core.views import share
from ..errors import DTypeError, InvalidIndexError, ShapeError
from ._operands import as_array, namespace


class GetItemGrad(Grad):
    """Zeros, to which the gradient is added at the index; repeated indices add up."""

    __slots__ = ("input_shape", "key")
    selects = True
    fresh = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        if isinstance(grad, GradArray):
            return (add_at(grad, self.key, self.input_shape),)
        return (_registry.of(grad).add_at(self.input_shape, self.key, grad),)

    def backward_parts(self, grad: Any) -> tuple[Any, ...]:
        return (Part(grad, self.key, self.backward),)

    def jvp(self, *tangents: Any) -> Any:
        return taken(tangents[0], self.key)


class AddAtGrad(Grad):
    """The gradient at the index: `AddAtGrad` and `GetItemGrad` are each other's transpose."""

    __slots__ = ("key", "size")

    def backward(self, grad: Any) -> tuple[Any, ...]:
        return (_part(grad, self.key),)

    def jvp(self, *tangents: Any) -> Any:
        return add_at(tangents[0], self.key, self.size)


def add_at(values: GradArray, key: Any, shape: tuple[int, ...]) -> GradArray:
    """Zeros of `shape` with `values` added at `key`; repeated indices add up."""
    values = as_operand(values)
    backend = _registry.of(values._array)
    key = backend.settled(shape, key)
    raw = backend.add_at(shape, key, values._array)
    return record(AddAtGrad, (values,), raw, key=key, size=shape)


def _part(x: Any, key: Any) -> Any:
    """``x[key]`` for an array, raw or not."""
    return x[key] if isinstance(x, GradArray) else _registry.of(x).get_item(x, key)


def getitem(x: Any, key: Any, /) -> GradArray:
    """``x[key]``, with integers, slices, ``None``, ``...``, masks and integer arrays.

    As in NumPy, a key without arrays gives a view, and other keys copy. Raises
    `InvalidIndexError` where the library finds that the key does not fit `x`.
    """
    x = as_operand(x)
    a = x._array
    active = is_active(x)
    key = raw_key(key, a, active)
    basic = is_basic(key)
    backend = _registry.of(a)
    copied = basic and backend.flips_by_copy and has_negative_step(key)
    if mode.no_sync and has_mask(key):
        waits("reading by a boolean mask", a.shape, "use where(mask, x, 0)")
    try:
        if basic and not copied:
            found = a[key]
            raw = as_array(a, found)
            if type(x._grad_op) is SetItemGrad and active and raw is found:
                family = getattr(x, "_alias", None)
                if family is not None and family.reads_copy and is_small(raw, a):
                    raw, copied = backend.copy(raw), True
        else:
            if active and not basic:
                key = backend.settled(a.shape, key)
            raw = as_array(a, backend.get_item(a, key))
    except IndexError as error:
        raise no_index(a, key, error) from error
    if active:
        y = record(GetItemGrad, (x,), raw, key=key, input_shape=backend.shape_of(a))
    else:
        y = recording.unrecorded(raw)
    if not basic:
        return y
    # In NumPy integers alone give a scalar, which is no view.
    if raw.ndim or ... in (key if isinstance(key, tuple) else (key,)):
        return share(x, y, getitem, put_item, key, copied=copied)
    if backend.writeable(a):
        return share(x, y, getitem, put_item, key, sure=False, copied=copied)
    return y


def taken(x: GradArray, key: Any) -> GradArray:
    """``x[key]``; in memory of its own where it is small beside `x` and `x` may be filled.

    A small view would keep the whole array, and a write to the array would have to spare it.
    """
    backend = _registry.of(x._array)
    if backend.fills and is_basic(key) and is_small(x._array[key], x._array):
        return _copied_item(x, key)
    return getitem(x, key)


def _copied_item(x: GradArray, key: Any) -> GradArray:
    """``x[key]`` in memory of its own."""
    a = x._array
    backend = _registry.of(a)
    if not is_basic(key):
        return getitem(x, key)
    return record(GetItemGrad, (x,), _raw_copy(a, key), key=key, input_shape=backend.shape_of(a))


def is_small(part: Any, whole: Any) -> bool:
    return 4 * math.prod(part.shape) <= math.prod(whole.shape)


def has_mask(key: Any) -> bool:
    """Whether a boolean array is in an index."""
    return any(_is_mask(part) for part in (key if isinstance(key, tuple) else (key,)))


def _is_mask(part: Any) -> bool:
    if isinstance(part, list):
        while isinstance(part, list) and part:
            part = part[0]
        if isinstance(part, bool):
            return True
    return "bool" in str(getattr(part, "dtype", ""))


def put_item(x: GradArray, values: GradArray, key: Any) -> GradArray:
    """A copy of `x` whose part at `key` is `values`: the way back from `getitem`."""
    return with_item(x, key, values)


class SetItemGrad(Grad):
    """Overwritten elements get 0; the value that was written gets the gradient at the index.

    With repeated indices the gradient goes to the value that was written last.

    path : the way from the array to the view that was written to, as triples: the function that
        reads the next view, the function that puts the view back, and the arguments of both. Empty
        where the array itself was written to.
    whole : whether every element was written.
    """

    __slots__ = ("key", "path", "repeats", "whole")
    selects = True

    def backward(self, grad: Any) -> tuple[Any, ...]:
        old, part = self.backward_parts(grad)
        return old.dense(grad) if isinstance(old, Cleared) else old, part

    def backward_parts(self, grad: Any) -> tuple[Any, ...]:
        if self.whole:
            return None, grad
        old, new = self._edges or (None, None)
        part = None if new is None else self._written(grad, new)
        return None if old is None else Cleared(self._cleared), part

    def _written(self, grad: Any, new: Any) -> Any:
        """The gradient of the value, in memory of its own."""
        if isinstance(grad, GradArray):
            region = at(grad, self.path)
            part: Any = _copied_item(region, self.key)
        else:
            region = at(constant(grad), self.path)._array if self.path else grad
            part = _raw_copy(region, self.key)
        if may_repeat(self.key) if self.repeats is None else self.repeats:
            xp = namespace(part)
            part = xp.where(last_written(region, self.key), part, xp.zeros_like(part))
        lead = len(new.shape) - len(part.shape)
        if lead > 0:  # x[0] = [[1, 2]] is allowed
            part = namespace(part).reshape(part, (*(1,) * lead, *part.shape))
        return part

    def _cleared(self, grad: Any, ours: bool) -> Any:
        """`grad` with 0 where the write was, in the same memory if it is `ours`."""
        recorded = isinstance(grad, GradArray)
        x = grad if recorded else constant(grad)
        backend = _registry.of(x._array)
        if ours and recorded:
            ours = backend.fills and (is_active(x) or is_exclusive(x))
        if not self.path and not recorded:
            zero = backend.scalar(0.0, grad)
            if not (ours and backend.writeable(grad)):
                return backend.with_item(grad, self.key, zero)
            backend.set_item(grad, self.key, zero)
            return grad
        if ours and backend.writeable(x._array):
            region = at(x, self.path)
            if not self.path or backend.may_overlap(region._array, x._array):
                region[self.key] = 0.0
                return grad
        x = put_at(x, self.path, self.key, 0.0)
        return x if recorded else x._array

    def jvp(self, *tangents: Any) -> Any:
        old, new = tangents
        if self.whole:
            return new
        like = old if old is not None else new
        if old is None:
            old = namespace(like).zeros(self.shape, dtype=self.dtype, device=like.device)
        return put_at(old, self.path, self.key, 0.0 if new is None else new)

    def jvp_into(self, old: Any, new: Any) -> Any:
        if self.whole:
            return new
        region = at(old, self.path)
        if self.path and not _registry.of(old._array).may_overlap(region._array, old._array):
            return self.jvp(old, new)
        region[self.key] = 0.0 if new is None else new
        return old


def _raw_copy(a: Any, key: Any) -> Any:
    """``a[key]`` of a raw array, in memory of its own."""
    backend = _registry.of(a)
    found = backend.get_item(a, key)
    raw = as_array(a, found)
    view = raw is found and (is_basic(key) or backend.may_overlap(raw, a))
    return backend.copy(raw) if view and backend.writeable(a) else raw


def at(x: GradArray, path: tuple[Any, ...]) -> GradArray:
    """The view of `x` at the end of `path`."""
    for read, _, args in path:
        x = read(x, *args)
    return x


def put_at(x: GradArray, path: tuple[Any, ...], key: Any, value: Any) -> GradArray:
    """A copy of `x` in which ``[key]`` of the view at the end of `path` is `value`."""
    between = [x]
    for read, _, args in path:
        between.append(read(between[-1], *args))
    new = with_item(between.pop(), key, value)
    for _, write, args in reversed(path):
        new = write(between.pop(), new, *args)
    return new


def last_written(x: Any, key: Any) -> Any:
    """For each element of ``x[key]``, whether it is the last one that is written to its place."""
    raw = raw_of(x)
    backend = _registry.of(raw)
    xp, device = backend.xp, getattr(raw, "device", None)
    shape = tuple(backend.get_item(raw, key).shape)
    number = xp.reshape(xp.arange(math.prod(shape), device=device), shape)
    places = xp.full(tuple(raw.shape), -1, dtype=number.dtype, device=device)
    return backend.get_item(backend.with_item(places, key, number), key) == number


def with_item(x: GradArray, key: Any, value: Any) -> GradArray:
    """A copy of `x` in which ``[key]`` is `value`; differentiable in both."""
    x = as_operand(x)
    value = as_operand(value, like=x)
    if not is_active(x) and not is_active(value):
        return recording.unrecorded(with_item_raw(x._array, key, value._array))
    # A number that is a constant is written, and its place is cleared, by the mask itself.
    plain = getattr(value._array, "ndim", 0) == 0 and not is_active(value)
    settled = key if plain else _registry.of(x._array).settled(x.shape, key)
    repeats = None if settled is key else may_repeat(key)
    raw = with_item_raw(x._array, settled, value._array)
    return record(SetItemGrad, (x, value), raw, key=settled, path=(), whole=False, repeats=repeats)


#: What a library raises where a write does not fit.
WRITE_ERRORS = (IndexError, TypeError, ValueError, RuntimeError)


def write_error(a: Any, key: Any, value: Any, error: Exception) -> Exception:
    """The error to raise for a library's `error` at the write ``a[key] = value``."""
    if isinstance(error, IndexError):
        return no_index(a, key, error)
    if isinstance(error, TypeError):
        return _no_kind(a, key, value, error)
    return unfit(a, key, value)


def with_item_raw(a: Any, key: Any, value: Any) -> Any:
    if type(value) not in SCALARS:
        check_devices("setitem", a, value)
    try:
        return _registry.of(a).with_item(a, key, value)
    except WRITE_ERRORS as error:
        raise write_error(a, key, value, error) from error


def _shown(key: Any) -> str:
    """An index in a message: arrays by dtype and shape."""
    if isinstance(key, tuple):
        return ", ".join(map(_shown, key))
    if _registry.is_array(key):
        return f"<{key.dtype} array of shape {tuple(key.shape)}>"
    return repr(key)[:60]


def _no_kind(a: Any, key: Any, value: Any, error: TypeError) -> DTypeError:
    what = getattr(value, "dtype", type(value).__name__)
    return DTypeError(
        f"x[{_shown(key)}] = value: a value of type {what} does not fit into an array of dtype "
        f"{a.dtype} and shape {tuple(a.shape)}: convert one of them with astype, or write "
        f"value.real of a complex value ({error})"
    )


def no_index(a: Any, key: Any, error: IndexError) -> InvalidIndexError:
    what = f"x[{_shown(key)}] of an array of shape {tuple(a.shape)}: {error}"
    parts = key if isinstance(key, tuple) else (key,)
    backend = _registry.of(a)
    if any(_registry.is_array(k) and backend.is_inexact(k.dtype) for k in parts):
        what += "; convert it with astype(int), or write a comparison, as x > 0, for a mask"
    return InvalidIndexError(what)


def unfit(a: Any, key: Any, value: Any) -> ShapeError:
    shape = tuple(getattr(value, "shape", ()))
    return ShapeError(
        f"x[{_shown(key)}] = value: the value of shape {shape} does not fit into that part "
        f"of an array of shape {tuple(a.shape)}: it must broadcast to it"
    )


__all__ = [
    "AddAtGrad",
    "GetItemGrad",
    "SetItemGrad",
    "add_at",
    "getitem",
    "put_item",
    "with_item",
]
