"""`GradArray`: a raw array with its gradient and the operation that made it."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..backends import _registry
from ..backends._device import Device
from ..errors import (
    DTypeError,
    GradientRequiredError,
    LeafWriteError,
    LostGradientError,
    NotTrackedError,
    ShapeError,
    UnknownArrayError,
)
from . import display, engine, making, recording
from .convert import as_raw, check_devices, to_raw
from .hooks import RemovableHandle, register
from .host import HostValues
from .making import array_class
from .making import new_array as new_array
from .namespace import namespace_of_backend
from .nodes import LeafSlot, Node, names, raw_of, set_raw
from .nodes import get_raw as get_raw
from .nodes import set_grad as set_grad
from .sync import waits
from .tangents import propagate
from .views import share


@array_class
class GradArray(HostValues):
    """An array of any library, with its gradient and the operation that made it.

    data : an array of a known library (wrapped without a copy), or a scalar or nested list
        (made on `device` by the default backend of that device).
    device : a name such as ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or a `Device`. An array on another
        device is moved there. Default: the device of the array; for lists and scalars the
        default device.
    dtype : the dtype of the values. Default: the dtype that the library chooses for `data`.
    requires_grad : whether operations on this array are recorded. `None` means yes for floating
        and complex data, and no for integers and booleans.
    name : a name for messages and graphs.
    grad_op : the `Grad` that computed `data`, for operations of your own.

    Attributes: ``_array`` is the raw array, ``_grad`` the gradient that `backward` left (or
    `None`), ``_grad_op`` the `Grad` that made the array (`None` for a leaf).

    Raises `DTypeError` for ``requires_grad=True`` with integers or booleans and for data that are
    no numbers, `LostGradientError` if `data` is tracked, `UnknownArrayError` if no array can be
    made of `data`, and `UnknownDeviceError`.
    """

    __slots__ = ()

    _grad_op: Node | None

    if TYPE_CHECKING:
        # For NumPy's annotations an object with `__array__` becomes a plain array: `ndarray * x`
        # would be an `ndarray`. In fact it is what `__rmul__` returns.
        __array__: None  # type: ignore[assignment]

    def __init__(
        self,
        data: Any,
        *,
        device: str | Device | None = None,
        dtype: Any = None,
        requires_grad: bool | None = None,
        name: str | None = None,
        grad_op: Node | None = None,
    ) -> None:
        raw = to_raw(data, device, dtype, "GradArray")
        self._array = raw
        self._grad = self._grad_op = self._edge = self._tangents = None
        self._name = name
        if isinstance(data, GradArray):
            share(data, self, sure=False)
        if grad_op is not None:
            self._attach(grad_op, requires_grad)
            if name is not None:
                self.name = name
            return
        inexact = _registry.of(raw).is_inexact(raw.dtype)
        if requires_grad and not inexact:
            raise self._no_gradient()
        if inexact if requires_grad is None else requires_grad:
            self._edge = LeafSlot(self, raw.shape, raw.dtype)
            if name is not None:
                names[self._edge] = name

    def _no_gradient(self) -> DTypeError:
        return DTypeError(
            f"GradArray of dtype {self.dtype} and shape {tuple(self.shape)}: only floating and "
            "complex arrays have gradients; pass dtype=float, or leave requires_grad out"
        )

    def _attach(self, op: Node, requires_grad: bool | None) -> None:
        if not isinstance(op, Node):
            raise TypeError(f"grad_op must be a Grad, not {type(op).__name__}")
        op._require_new()
        op.shape, op.dtype = self._array.shape, self._array.dtype
        if not _registry.of(self._array).is_inexact(op.dtype):
            if requires_grad:
                raise self._no_gradient()
            return
        if requires_grad is not False and any(e is not None for e in op._edges or ()):
            self._grad_op = self._edge = op
            op._out = recording.ref_to(self)
        if requires_grad is not False and any(op._tangents):
            propagate(op, op._tangents, (self,))

    # -- properties --------------------------------------------------------------------------

    @property
    def name(self) -> str | None:
        return getattr(self, "_name", None)

    @name.setter
    def name(self, value: str | None) -> None:
        self._name = value
        if self._edge is not None:
            if value is None:
                names.pop(self._edge, None)
            else:
                names[self._edge] = value

    @property
    def grad_op(self) -> Node | None:
        """The operation that made the array; `None` for a leaf."""
        return self._grad_op

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made the array."""
        return self._grad_op is None

    @property
    def requires_grad(self) -> bool:
        """Whether operations on the array are recorded."""
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self._grad_op is not None:
            if not value:
                raise LeafWriteError(
                    "requires_grad can be turned off on leaves only; this array of shape "
                    f"{tuple(self.shape)} was made by {type(self._grad_op).__name__}: use detach()"
                )
            return
        if value and not _registry.of(self._array).is_inexact(self._array.dtype):
            raise DTypeError(
                f"an array of dtype {self._array.dtype} and shape {tuple(self.shape)} can have no "
                "gradient: make it floating with astype first"
            )
        if bool(value) != (self._edge is not None):
            self._edge = LeafSlot(self, self._array.shape, self._array.dtype) if value else None
            self.name = self.name

    # -- the gradient ------------------------------------------------------------------------

    @property
    def grad(self) -> Any:
        """The gradient that `backward` accumulated: a raw array, or `None` before any `backward`.

        After ``backward(create_graph=True)`` the gradient is a `GradArray`. The gradient of a leaf
        has its own memory. The gradients of results may share memory: copy one before you write
        into it.

        You can assign `None` or an array of the same shape, dtype and device. Anything else raises
        `UnknownArrayError`, `ShapeError`, `DTypeError` or `DeviceMismatchError`.
        """
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            raw = raw_of(value)
            if not _registry.is_array(raw):
                raise UnknownArrayError(
                    f"grad must be an array of shape {tuple(self.shape)} or None, not "
                    f"{type(value).__name__}"
                )
            if not isinstance(value, GradArray):
                value = raw = _registry.of(raw).adopt(raw)
            if tuple(raw.shape) != tuple(self.shape):
                raise ShapeError(
                    f"grad of shape {tuple(raw.shape)} for an array of shape {tuple(self.shape)}: "
                    "they must be equal"
                )
            check_devices("grad", self._array, raw)
            if raw.dtype != self.dtype:
                raise DTypeError(
                    f"grad of dtype {raw.dtype} for an array of dtype {self.dtype}: they must be "
                    "equal; convert it with astype"
                )
        self._grad = value

    def zero_grad(self) -> None:
        """Set ``grad`` to `None`."""
        self._grad = None

    def backward(
        self,
        grad: Any = None,
        *,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Compute gradients, and add them to ``grad`` of every live array in the graph below.

        These arrays are the leaves and results from which this array was computed, and this array.

        grad : the gradient of this array itself: an array of its shape. A real array of one
            element needs none; its gradient is then 1.
        retain_graph : keep the values that the graph saved, so that `backward` can run again.
            Default: the value of `create_graph`.
        create_graph : record the walk, so that the gradients can be differentiated.

        Raises `NotTrackedError`, `GradientRequiredError`, `ShapeError`, `DTypeError`,
        `DeviceMismatchError`, `GraphFreedError`, `StaleValueError`. After an error every ``grad``
        is unchanged.
        """
        if self._edge is None:
            raise self._untracked("backward()")
        seed = self._seed(grad)
        retain = create_graph if retain_graph is None else retain_graph
        engine.backward(self, seed, retain, create_graph, grad)

    def register_hook(self, function: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``function(grad)`` in each backward, once the gradient of this array is complete.

        grad : the whole gradient of this array in that backward: a raw array, or a `GradArray`
            where derivatives are recorded. The return value of `function` replaces the gradient,
            in ``grad`` and for everything below. `None` leaves the gradient.

        Hooks run in the order of their registration, once in each backward that reaches the array.
        They run in `gradients` too. An exception in a hook ends the backward, and every ``grad``
        is then unchanged. This is PyTorch's ``Tensor.register_hook``.

        Returns a handle: ``handle.remove()`` or the end of ``with handle:`` removes the hook. A
        hook belongs to the value that the array has now: after ``x[...] = v`` the hook runs for
        the old value.

        Raises `NotTrackedError` on a constant. If `function` returns something that is not a
        gradient of this array, backward raises `ShapeError`, `DTypeError`, `DeviceMismatchError`
        or `RuleError`.

        >>> x = GradArray([1.0, 2.0])
        >>> handle = x.register_hook(lambda grad: 10 * grad)
        >>> (x * x).sum().backward()
        >>> x.grad
        array([20., 40.])
        """
        if self._edge is None:
            raise self._untracked("register_hook")
        return register(self._edge, "array", function)

    def _untracked(self, what: str) -> NotTrackedError:
        has = f"{what} of an array of dtype {self.dtype} and shape {tuple(self.shape)}"
        if not _registry.of(self._array).is_inexact(self._array.dtype):
            return NotTrackedError(
                f"{has}, which has no gradient: only floating and complex arrays have one; compute "
                "it from floating values, as kt.GradArray([1.0, 2.0]) has, and without argmax, "
                "round or comparisons"
            )
        return NotTrackedError(
            f"{has}, which nothing tracks: it was computed under no_grad(), or from constants "
            "alone, which asarray(), detach() and GradArray of integers make; make the array x to "
            "differentiate in with x = kt.GradArray(data, dtype=float), and compute this one from "
            "x outside of no_grad()"
        )

    def _seed(self, grad: Any) -> Any:
        """The gradient of this array itself (ones by default), checked against the array."""
        raw = self._array
        backend = _registry.of(raw)
        if grad is None:
            if self.size != 1 or backend.is_complex(raw.dtype):
                what = "more than one element" if self.size > 1 else "no element"
                remedy = "reduce it first, as in y.sum().backward()"
                if self.size == 1:
                    what = "a complex value"
                    remedy = "take its real part or its abs, as in kt.real(y).backward()"
                raise GradientRequiredError(
                    f"backward() on an array of shape {tuple(raw.shape)}, dtype {raw.dtype}, which "
                    f"has {what}: {remedy}, or pass backward(grad) with a gradient of its shape"
                )
            return backend.ones_like(raw)
        if isinstance(grad, GradArray):
            g = grad._array
        else:
            g = grad = as_raw(grad, like=self)
        check_devices("backward", raw, g)
        if tuple(g.shape) != tuple(raw.shape):
            raise ShapeError(
                f"backward(grad) with a gradient of shape {tuple(g.shape)} for an array of shape "
                f"{tuple(raw.shape)}: they must be equal; ones_like(y) is one of that shape"
            )
        if g.dtype != raw.dtype:
            if backend.is_complex(g.dtype) and not backend.is_complex(raw.dtype):
                raise DTypeError(
                    f"backward(grad) with a gradient of dtype {g.dtype} for an array of dtype "
                    f"{raw.dtype}: the gradient of a real array is real"
                )
            if isinstance(grad, GradArray):
                return grad.__array_namespace__().astype(grad, raw.dtype)
            return backend.xp.astype(g, raw.dtype)
        return grad

    def detach(self) -> GradArray:
        """A constant that shares this array's memory: operations on it are not recorded."""
        return share(self, new_array(self._array, None, None), GradArray.detach)

    # -- the Array API -----------------------------------------------------------------------

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The differentiable namespace of the array's backend."""
        return namespace_of_backend(_registry.of(self._array))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(
                "len() of a GradArray of shape (), which has no axis: its size is x.size, which "
                "is 1; x.reshape(1) is an array of length 1"
            )
        return self.shape[0]

    def __iter__(self) -> Iterator[GradArray]:
        if not self.shape:
            raise TypeError(
                "iteration over a GradArray of shape (), which has no axis: use the array itself, "
                "or x.reshape(1), which has one element"
            )
        rest = (...,) if self.ndim > 1 else ()  # the standard wants an index for every axis
        return (self[(i, *rest)] for i in range(self.shape[0]))

    __hash__ = object.__hash__  # type: ignore[assignment]

    # -- copies ------------------------------------------------------------------------------

    def __copy__(self) -> GradArray:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> GradArray:
        """The copy of a leaf is a new leaf; the copy of any other array is differentiable."""
        if self._stands_for_more:
            x = self.copy()
            x.name = self.name
        else:
            x = self._rebuilt(_registry.of(self._array).copy(self._array))
            x._grad = copy.deepcopy(self._grad, memo)
        memo[id(self)] = x
        return x

    @property
    def _stands_for_more(self) -> bool:
        """Whether a copy without a graph would lose a derivative.

        A copy loses one for a result, for an array that carries tangents, and for a variable of a
        transformation (a leaf whose slot has a number above 0).
        """
        edge = self._edge
        if self._grad_op is not None or self._tangents is not None:
            return True
        return edge is not None and edge._seq > 0

    def _rebuilt(self, raw: Any) -> GradArray:
        return GradArray(raw, requires_grad=self._edge is not None, name=self.name)

    def __reduce__(self) -> Any:
        if self._stands_for_more:
            made_by = "a transformation" if self._grad_op is None else type(self._grad_op).__name__
            raise LostGradientError(
                f"pickling a result of {made_by}, of shape {tuple(self.shape)}, would lose its "
                "derivative: pickle x.detach(), or the leaves"
            )
        waits("pickling", self.shape, "do it later")
        return making.reduced(self)

    # -- display -----------------------------------------------------------------------------

    def __repr__(self) -> str:
        return display.text(self)

    def _repr_html_(self) -> str:
        return display.html(self)


class RuleInput(GradArray):
    """The input that a rule gets while derivatives are recorded: ``_array`` is guarded."""

    __slots__ = ()

    @property
    def _array(self) -> Any:  # type: ignore[override]
        guard_array()
        return get_raw(self)

    @_array.setter
    def _array(self, value: Any) -> None:
        set_raw(self, value)


def guard_array(caller_depth: int = 2) -> None:
    """Raise `LostGradientError` if code outside keratorch reads `._array` of a tracked input."""
    caller = sys._getframe(caller_depth).f_globals.get("__name__", "")
    if caller.partition(".")[0] != "keratorch":
        raise LostGradientError(
            "._array of a tracked input was read inside a rule whose result is differentiated "
            "again: the second derivative would be lost; compute with self.inputs themselves"
        )


__all__ = ["GradArray", "RuleInput", "get_raw", "new_array", "set_grad"]
