"""The values of an array on the host: as Python numbers, as lists, and as NumPy arrays."""

from __future__ import annotations

import math
import operator
from typing import Any

from ..backends import _registry
from ..errors import DeviceMismatchError, DTypeError, ShapeError
from .callers import (
    Caught,
    asked_by_error_estimate,
    asked_by_mirror,
    asked_by_sparse,
    no_array,
)
from .losing import lost
from .nodes import GradArrayBase, is_tracked
from .sync import waits


class HostValues(GradArrayBase):
    """The methods of `GradArray` that give plain values to Python and NumPy.

    Each method waits for the device. The special methods that would lose a gradient in silence,
    such as `__float__` and `__array__`, raise `LostGradientError` on a tracked array.
    """

    __slots__ = ()

    def item(self, *index: Any) -> Any:
        """The only element, or the element at `index`, as a Python number; waits for the device.

        Raises `ShapeError` without an index on an array of another size than 1.
        """
        if index:
            key = index[0] if len(index) == 1 else index
            return (self.flat[key] if isinstance(key, int) else self[key]).item()
        self._one_element("item()")
        waits("item()", self.shape, "keep the array, and look at it later")
        value = _registry.of(self._array).to_numpy(self._array)
        return value.reshape(()).item()

    def numpy(self) -> Any:
        """The values as a new NumPy array on the host; waits for the device."""
        import numpy as np

        waits("numpy()", self.shape, "keep the array, and copy it later")
        raw = self._array
        return np.array(_registry.of(raw).to_numpy(raw), copy=True)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers; waits for the device."""
        return self.numpy().tolist()

    def _one_element(self, what: str) -> None:
        if self.size != 1:
            use = "index or reduce it first"
            if what == "bool()":
                use = (
                    "write x.any() or x.all() in a condition, kt.where(mask, a, b) to choose "
                    "elements, and & and | in place of and and or"
                )
            raise ShapeError(
                f"{what} needs an array of one element, not of shape {tuple(self.shape)}: {use}"
            )

    def _python_number(self, what: str) -> Any:
        if is_tracked(self):
            if asked_by_error_estimate():
                return self.item()
            raise lost(what, self.shape, _registry.of(self._array).name)
        self._one_element(what)
        waits(what, self.shape, "keep the array, and look at it later")
        return self.item()

    def __float__(self) -> float:
        return float(self._python_number("float()"))

    def __int__(self) -> int:
        return int(self._python_number("int()"))

    def __floor__(self) -> int:
        return math.floor(self._step("math.floor()"))

    def __ceil__(self) -> int:
        return math.ceil(self._step("math.ceil()"))

    def __trunc__(self) -> int:
        return math.trunc(self._step("math.trunc()"))

    def _step(self, what: str) -> Any:
        """The number of which a step function is asked: the derivative of that function is 0."""
        self._one_element(what)
        waits(what, self.shape, "write kt.floor(x), kt.ceil(x) or kt.trunc(x)")
        return self.item()

    def __complex__(self) -> complex:
        return complex(self._python_number("complex()"))

    def __index__(self) -> int:
        # NumPy calls `__index__` on every index first, even on masks and arrays of one element.
        is_index = self.shape == () and _registry.of(self._array).xp.isdtype(self.dtype, "integral")
        if not is_index and not is_tracked(self):
            raise DTypeError(
                f"__index__ of an array of dtype {self.dtype} and shape {tuple(self.shape)}: an "
                "index, a count or an axis must be one integer, of shape (): write int(x.item())"
            )
        if not is_index:
            raise lost("__index__", self.shape, _registry.of(self._array).name, self.dtype)
        return operator.index(self._python_number("__index__"))

    def __bool__(self) -> bool:
        self._one_element("bool()")
        waits("bool()", self.shape, "use where(), or decide later")
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        self._one_element("formatting")
        waits("formatting", self.shape, "keep the array, and print it later")
        return format(self.item(), spec)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if asked_by_sparse():
            return no_array()
        if is_tracked(self):
            if asked_by_mirror():
                raise Caught(
                    f"np.asarray of a tracked array of shape {tuple(self.shape)} would lose its "
                    "gradient: pass x.detach()"
                )
            raise lost("np.asarray", self.shape, _registry.of(self._array).name, self.dtype)
        import numpy as np

        waits("np.asarray", self.shape, "keep the array, and convert it later")
        device = self.device
        if device is not None and device != "cpu":
            raise DeviceMismatchError(
                f"np.asarray of an array of shape {tuple(self.shape)} on {device} would copy it to "
                "the host: use numpy() or to_device('cpu')"
            )
        values = _registry.of(self._array).to_numpy(self._array)
        return np.array(values, dtype=dtype, copy=copy)


__all__ = ["HostValues"]
