"""``vectorize`` of `keratorch.numpy`: call a function of numbers for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as kt
from ..backends import _registry
from ..core import filled
from ..core.array import GradArray, get_raw
from ..core.convert import as_operand
from ..errors import DTypeError, NotDifferentiableError
from ..ops.manipulation import broadcast_shape
from ._values import arrays_in


class _Box:
    """The result of `pyfunc` for one element, in a box so that NumPy makes no array of it."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _with_elements(value: Any, like: GradArray) -> Any:
    """An argument as an array: a `GradArray` on the device of `like`, or an array of NumPy.

    It becomes a `GradArray` if it holds one, or if it is a raw array and not both it and `like`
    are NumPy's. An array of NumPy may have strings or any objects as elements.
    """
    foreign = _registry.is_array(value) and not (
        isinstance(value, np.ndarray) and isinstance(get_raw(like), np.ndarray)
    )
    if foreign or next(arrays_in([value]), None) is not None:
        return as_operand(value, like)
    return np.asarray(value)


class vectorize(np.vectorize):  # type: ignore[misc]
    """`numpy.vectorize`, which returns a `GradArray` if an argument or a result of `pyfunc` is one.

    `pyfunc` is called once for each element. A `GradArray` gives it arrays of shape (), with which
    it may do anything: ``if x > 0``, loops, NumPy's functions. Numbers, lists and NumPy's arrays
    give it NumPy's scalars.

    A `signature` raises `NotDifferentiableError` if an argument is a `GradArray`. If a result is
    one, `otypes` must be of booleans or numbers; others raise `DTypeError`. `GradArray`s of size 0
    without `otypes` raise `ValueError`.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not callable(self.pyfunc):  # a decorator, called with the function
            return super().__call__(*args, **kwargs)
        args, kwargs = filled.settled(args), filled.settled(kwargs)
        given: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        named = [k for k in given if k not in self.excluded]
        like = next(arrays_in([given[k] for k in named]), None)
        if self.signature is not None:
            if like is None:
                return super().__call__(*args, **kwargs)
            raise NotDifferentiableError(
                "numpy.vectorize with a signature has no rule for GradArrays: call the function in "
                "a loop, and join the results with stack"
            )
        if not named:
            return self.pyfunc(*args, **kwargs)
        if like is None:
            boxes = self._called_by_numpy(args, kwargs)
        else:
            boxes = self._called_with_arrays(len(args), given, named, like)
        results = [box.value for box in boxes.flat]
        if next(arrays_in(results), None) is None:
            return self._of_numbers(boxes, like)
        return self._joined(results, boxes.shape)

    def _called_by_numpy(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The boxed results of all elements; NumPy calls `pyfunc`."""

        def boxed(*args: Any, **kwargs: Any) -> _Box:
            return _Box(self.pyfunc(*args, **kwargs))

        otypes = None if self.otypes is None else "O"
        return np.vectorize(boxed, otypes, excluded=self.excluded, cache=True)(*args, **kwargs)

    def _called_with_arrays(
        self, count: int, given: dict[Any, Any], named: list[Any], like: GradArray
    ) -> Any:
        """The boxed results of all elements; a `GradArray` gives `pyfunc` arrays of shape ()."""

        arrays = [_with_elements(given[k], like) for k in named]
        shape = broadcast_shape("numpy.vectorize", *(tuple(a.shape) for a in arrays))
        spread = [
            kt.broadcast_to(a, shape) if isinstance(a, GradArray) else np.broadcast_to(a, shape)
            for a in arrays
        ]
        boxes = np.empty(shape, dtype=object)
        for i in np.ndindex(shape):
            given = {**given, **{k: x[i] for k, x in zip(named, spread, strict=True)}}
            args = (given[n] for n in range(count))
            kwargs = {k: v for k, v in given.items() if isinstance(k, str)}
            boxes[i] = _Box(self.pyfunc(*args, **kwargs))
        if not boxes.size and self.otypes is None:
            raise ValueError(
                f"numpy.vectorize of GradArrays of size 0, of shape {shape}: set otypes"
            )
        return boxes

    def _of_numbers(self, boxes: Any, like: GradArray | None) -> Any:
        """Results without a `GradArray` as NumPy's arrays; as constants if an argument was one."""
        from ._numpy_api._arguments import index_array

        found = np.vectorize(lambda box: box.value, self.otypes)(boxes)
        if like is None:
            return found
        outputs = found if isinstance(found, tuple) else (found,)
        outputs = tuple(index_array(y, like) if y.dtype.kind in "biufc" else y for y in outputs)
        return outputs if isinstance(found, tuple) else outputs[0]

    def _joined(self, results: list[Any], shape: tuple[int, ...]) -> Any:
        """The results of all elements, joined to one `GradArray` for each output."""
        from ._numpy_api._arguments import of_dtype, promoted

        several = isinstance(results[0], tuple)
        columns = list(zip(*(results if several else [(r,) for r in results]), strict=True))
        if self.otypes and len(self.otypes) != len(columns):
            raise ValueError(
                f"numpy.vectorize of a function of {len(columns)} outputs with "
                f"{len(self.otypes)} otypes: give one for each output"
            )
        if kinds := [t for t in self.otypes or "" if np.dtype(t).kind not in "biufc"]:
            raise DTypeError(
                f"numpy.vectorize: a result is a GradArray, and otypes has {kinds[0]!r}, which "
                "is not a dtype of booleans or numbers: leave otypes out, or return x.numpy()"
            )
        outputs: list[GradArray] = []
        for k, column in enumerate(columns):
            y = kt.reshape(kt.stack(promoted("vectorize", column)), shape)
            outputs.append(of_dtype("vectorize", y, self.otypes[k]) if self.otypes else y)
        return tuple(outputs) if several else outputs[0]


__all__ = ["vectorize"]
