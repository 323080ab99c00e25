"""Arrays of NumPy that take tracked values: ``a = np.zeros(3)``, then ``a[0] = x[0]**2``.

`Fillable` is NumPy's array until a tracked value is written into it. Only its writes and its
operators run Python code before that, and results of arithmetic are plain arrays. With the first
tracked value the array *turns*: it holds a `GradArray` of its values, and its class becomes
`Filled`, which leaves everything to that `GradArray`. Its views turn too. The memory of all of them
is then read-only and of no number's dtype, so that C code that reads or writes it past keratorch
raises an error; what still reads it finds NaN.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from weakref import ref

import numpy as np

from ..backends._subclasses import allow
from ..core import filled
from ..core.array import GradArray
from ..core.convert import as_operand
from ..core.recording import constant
from ..errors import DTypeError, LostGradientError
from ..ops.indexing import taken
from . import _fillable_places as places
from ._fillable_operators import give_operators, operand
from ._fillable_values import holds_active, is_basic, numbers, plain
from ._filled_methods import c_dtype, complete, real_of

_nd = np.ndarray
_set = _nd.__setitem__
_get = _nd.__getitem__
_set_dtype = vars(_nd)["dtype"].__set__
_real: Any = vars(_nd)["real"].__get__
_imag: Any = vars(_nd)["imag"].__get__
#: Held while an array turns, as threads may write into views of one array.
_turning = threading.RLock()


class Fillable(np.ndarray):
    """An array of NumPy that turns into a `Filled` when a tracked value is written into it."""

    # _views : weak references to the views of an array that is no view itself.
    # _limit : how many of them there may be before the dead ones are dropped.
    # _held, _lock : of a `Filled` that is no view: its `GradArray`, and the lock of its writes.
    # _root, _places : of a `Filled` that is a view: the array that it shows, and which elements.
    # _open : whether a `Filled` can be written into.
    __slots__ = ("_held", "_limit", "_lock", "_open", "_places", "_root", "_views")

    @staticmethod
    def __array_wrap__(  # type: ignore[override]
        array: Any, context: Any = None, return_scalar: bool = False
    ) -> Any:
        """The result of a function of NumPy: a plain array, the array `out`, or a view."""
        if return_scalar:
            return array[()]
        if type(array) is _nd and array.base is not None:  # squeeze makes a plain view first
            return array.view(Fillable)
        return array

    def __array_finalize__(self, obj: Any) -> None:
        base: Any = self.base
        if base is None:
            return
        if type(base) is not Fillable:
            base = root_of(self)
            if base is self:
                return
            if type(self) is Filled:
                if hasattr(base, "_held"):  # else C code copied the NaNs
                    self._root, self._open = base, getattr(obj, "_open", False)
                return
        try:
            views = base._views
        except AttributeError:
            views = base._views = []
        views.append(ref(self))
        if len(views) > 64:
            _forget_dead(base)
        if type(base) is not Fillable:  # another thread turned it meanwhile
            with _turning:
                _turn_view(self, base)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(value) in numbers:
            try:
                return _set(self, key, value)
            except ValueError:
                with _turning:  # another thread may be turning the array
                    if type(self) is Fillable:
                        raise
                self[key] = value
        else:
            _write(self, key, value)

    @property
    def flat(self) -> Flat:  # type: ignore[override]
        """The elements in a row, to read, write and go through."""
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        Flat(self)[...] = value

    @property
    def real(self) -> Any:  # type: ignore[override]
        """The real part; a view, through which it can be written."""
        return _real(self)

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> Any:  # type: ignore[override]
        """The imaginary part; a view of a complex array, zeros for a real one."""
        return _imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        self.imag[...] = value

    def fill(self, value: Any) -> None:
        """Write `value` into every element."""
        self[...] = value

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        """Write `values` at the positions `indices` of the flattened array."""
        values = filled.settled(values)
        if holds_active(values):
            turn(self)
            self.put(indices, as_operand(values), mode)
        else:
            _nd.put(self, indices, plain(values), mode)

    def dot(self, b: Any, out: Any = None) -> Any:
        """The dot product with `b`."""
        b = operand(b)
        return np.dot(self, b, out) if out is not None else np.dot(self, b)

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **kwargs: Any) -> Any:
        """The elements, with `min` and `max` in place of those beyond."""
        return _nd.clip(self, operand(min), operand(max), out, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:  # a pickle holds a plain array
        return self.view(_nd).__reduce_ex__(protocol)

    def __reduce__(self) -> Any:
        return self.view(_nd).__reduce__()


give_operators(Fillable)


def root_of(a: Any) -> Any:
    """The `Fillable` that `a` is a view of; `a` itself if it is no view of one."""
    found, base = a, a.base
    while base is not None:
        if isinstance(base, Fillable):
            found = base
        base = getattr(base, "base", None)
    return found


def _forget_dead(a: Any) -> None:
    """Drop the dead references to views, once there are twice as many as were left last time."""
    views = a._views
    if len(views) < getattr(a, "_limit", 0):
        return
    with _turning:  # other threads may append meanwhile
        for i in range(len(views) - 1, -1, -1):
            if views[i]() is None:
                del views[i]
        a._limit = 2 * len(views)


# -- writing -------------------------------------------------------------------------------------


def _write(a: Any, key: Any, value: Any) -> None:
    """``a[key] = value`` for a `Fillable` and a value that may hold tracked ones."""
    value = filled.settled(value)
    if holds_active(value):
        turn(a)
        a[key] = value
    else:
        _set(a, key, plain(value))


def _views(a: Any) -> list[Any]:
    """The live views of an array."""
    return [view for found in getattr(a, "_views", ()) if (view := found()) is not None]


def turn(a: Any) -> None:
    """Make a `Fillable`, and the array that it is a view of, `Filled`."""
    with _turning:
        if type(a) is not Fillable:
            return
        if a.dtype.kind not in "fc":
            raise DTypeError(
                f"writing a tracked value into an array of dtype {a.dtype} and shape {a.shape} "
                "would lose its gradient: make the array with dtype=float"
            )
        whole = root_of(a)
        if not (a.flags.writeable and whole.flags.writeable):
            raise ValueError("assignment destination is read-only")
        values = whole.view(_nd)
        for view in _views(whole):
            view._open = view.flags.writeable
        whole._open = True
        whole.flags.writeable = False  # before the copy: a write of another thread is not lost
        for view in _views(whole):
            view.flags.writeable = False
        whole._held = constant(values.copy(order="K"))
        whole._lock = threading.RLock()
        filled.turned.add(Filled)
        whole.__class__ = Filled
        hide(whole, whole.dtype)
        for view in _views(whole):
            _turn_view(view, whole)
        values[...] = np.nan


def _turn_view(view: Any, whole: Any) -> None:
    """Make a view of an array that turned a `Filled`; another thread may have made the view."""
    if type(view) is Fillable:
        view._root = whole
        if not hasattr(view, "_open"):
            view._open = True
        view.flags.writeable = False
        view.__class__ = Filled
        hide(view, whole.dtype)


def hide(a: Any, of_root: Any) -> None:
    """Give a `Filled` a dtype that no function of numbers takes."""
    dtype = c_dtype(a)
    if dtype == of_root or (of_root.kind == "c" and dtype == real_of(of_root)):
        _set_dtype(a, f"V{dtype.itemsize}")


def now(a: Any) -> GradArray:
    """The `GradArray` that a `Filled` stands for: of a view, a view of its root's."""
    try:
        return a._held
    except AttributeError:
        whole = root(a)
    box = places.box_of(a, whole)
    if box is not None:
        return box.read(whole._held)
    return places.read(whole._held, *_places(a))


def value_of(a: Any) -> Any:
    """As `now`, for an operation whose result is no view: small parts are copied.

    A rule that saves a view of the array would make the next write copy the whole array.
    """
    if type(a) is not Filled or hasattr(a, "_held"):
        return filled.settled(a)
    whole = root(a)
    box = places.box_of(a, whole)
    return taken(whole._held, box.key) if box is not None and box.plain else now(a)


def root(a: Any) -> Any:
    """The `Filled` whose elements a `Filled` shows: `a` itself if it is no view."""
    if hasattr(a, "_held"):
        return a
    if hasattr(a, "_root"):
        return a._root
    raise LostGradientError(
        f"code in C made this array of shape {a.shape} of one into which a tracked value was "
        "written, and took no values: use functions of keratorch.numpy"
    )


def _places(a: Any) -> tuple[Any, str | None, int | None]:
    """Which elements of its root a view shows, and which part of complex ones."""
    try:
        return a._places
    except AttributeError:
        a._places = found = places.of(a, root(a))
        return found


def present(a: Any) -> Any:
    """The `GradArray` of a `Filled`; of a `Fillable` a plain copy.

    Users go on filling it, and what a rule keeps must not change with it.
    """
    return np.array(a, order="K") if type(a) is Fillable else now(a)


# -- after the first tracked value ---------------------------------------------------------------


class Filled(Fillable):
    """What a `Fillable` is from its first tracked value on: it stands for a `GradArray`."""

    __slots__ = ()

    def _now(self) -> GradArray:
        return now(self)

    _value: Any = value_of

    def _whole(self) -> Any:
        return root(self)

    def __contains__(self, value: Any) -> bool:
        return any(bool(part) for part in np.ravel(now(self) == filled.settled(value)))

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self._open:
            raise ValueError("assignment destination is read-only")
        if type(value) is Filled and _shows(value, self, key):
            return  # the last step of a[1:] += x: the value is that part of the array already
        value = filled.settled(value)
        whole = root(self)
        with whole._lock:
            if whole is self:
                self._held[key] = value
                return
            key = plain(filled.settled(key))
            if is_basic(key):
                part = _part(self, key)
                box = places.box_of(part, whole)
                if box is not None and box.plain:
                    whole._held[box.key] = value
                else:
                    now(part)[...] = value
            else:
                now(self)[key] = value

    def __getitem__(self, key: Any) -> Any:
        if hasattr(self, "_held") and type(key) is int and self.ndim == 1:
            return self._held[key]
        if not is_basic(key):
            return now(self)[key]
        view = _part(self, key)
        is_element = not view.ndim and Ellipsis not in (key if type(key) is tuple else (key,))
        if not is_element:
            return view
        whole = root(self)
        box = places.box_of(view, whole)
        return now(view).copy() if box is None else whole._held[box.key]

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        """What a `GradArray` has and NumPy's arrays lack, such as ``a.backward()``."""
        if name.startswith("_"):
            raise AttributeError(f"'Filled' object has no attribute {name!r}")
        return getattr(now(self), name)

    def _part_of_complex(self, name: str) -> Any:
        """The real or imaginary part; of a complex array a view through which it is written."""
        if self.dtype.kind != "c":
            return getattr(now(self), name)
        view = getattr(memory(self).view(self.dtype), name).view(Filled)
        hide(view, self.dtype)
        view._open = self._open
        return view

    @property
    def real(self) -> Any:  # type: ignore[override]
        return self._part_of_complex("real")

    @real.setter
    def real(self, value: Any) -> None:
        part = self if self.dtype.kind != "c" else self._part_of_complex("real")
        part[...] = value

    @property
    def imag(self) -> Any:  # type: ignore[override]
        return self._part_of_complex("imag")

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        self._part_of_complex("imag")[...] = value

    def __deepcopy__(self, memo: Any) -> Any:
        return now(self).__deepcopy__(memo)


def _part(a: Any, key: Any) -> Any:
    """``a[key]`` for an index without arrays, as a `Filled` view; of shape () for an element."""
    key = key if type(key) is tuple else (key,)
    return _get(a, key if Ellipsis in key else (*key, Ellipsis))


def _shows(value: Any, a: Any, key: Any) -> bool:
    """Whether `value` shows the elements ``a[key]`` already."""
    if root(value) is not root(a):
        return False
    try:
        part = memory(a)[plain(key)]
    except (IndexError, TypeError, ValueError, LostGradientError):
        return False
    return (
        isinstance(part, _nd)
        and part.shape == value.shape
        and part.dtype == c_dtype(value)
        and places.address(part) == places.address(value)
        and part.strides == _nd.strides.__get__(value)
    )


def memory(a: Any) -> Any:
    """The memory of a `Filled`, which is NaN, as a plain array."""
    return _nd.view(a, _nd)


complete(Filled)
allow(Fillable, Filled)


class Flat:
    """The elements of a `Fillable` in a row: ``a.flat[3]``, ``a.flat[2:] = x``."""

    __slots__ = ("base",)

    def __init__(self, base: Any) -> None:
        self.base = base

    def _own(self) -> Any:
        return _nd.flat.__get__(self.base) if type(self.base) is Fillable else now(self.base).flat

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self.base.size))

    def __getitem__(self, key: Any) -> Any:
        return self._own()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        a = self.base
        value = filled.settled(value.copy() if isinstance(value, Flat) else value)
        if type(a) is Fillable:
            if not holds_active(value):
                self._own()[key] = plain(value)
                return
            turn(a)
        a[places.along_axes(np.arange(a.size)[plain(key)], a.shape)] = value

    def copy(self) -> Any:
        """A flattened copy."""
        return self.base.flatten()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.copy(), dtype=dtype)


__all__ = [
    "Fillable",
    "Filled",
    "Flat",
    "memory",
    "present",
    "root_of",
    "turn",
    "value_of",
]
