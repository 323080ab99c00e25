"""``vectorize`` of `keratorch.numpy`: a function of numbers, called for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._array import GradArray
from .._convert import as_operand
from ..errors import LostGradientError, NotDifferentiableError
from ._numpy_functions import arrays_in


class vectorize(np.vectorize):  # type: ignore[misc]
    """`numpy.vectorize`, which gives a `GradArray` where one goes in, or comes out of `pyfunc`.

    `pyfunc` is then given arrays of shape (), and may do with them what it likes: ``if x > 0``,
    loops, NumPy's functions. A `signature` is refused.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if next(arrays_in((args, kwargs)), None) is None:
            try:
                return super().__call__(*args, **kwargs)
            except LostGradientError:  # `pyfunc` has a tracked array of its own
                pass
        return self._of_each(args, kwargs)

    def _of_each(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        import keratorch as kt

        if self.signature is not None:
            raise NotDifferentiableError(
                "numpy.vectorize with a signature has no rule for GradArrays: call the function in "
                "a loop, and join the results with stack"
            )
        given: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        named = [k for k in given if k not in self.excluded]
        like = next(arrays_in([given[k] for k in named]), None)
        spread = kt.broadcast_arrays(*(as_operand(given[k], like) for k in named))
        shape = tuple(spread[0].shape) if spread else ()
        results: list[Any] = []
        for i in np.ndindex(shape):
            elements = {k: x[i] for k, x in zip(named, spread, strict=True)}
            results.append(self._call_one(len(args), {**given, **elements}))
        if not results:
            raise ValueError(f"numpy.vectorize of GradArrays of size 0, of shape {shape}")
        if not isinstance(results[0], tuple):
            return self._joined([(r,) for r in results], shape)[0]
        return self._joined(results, shape)

    def _call_one(self, count: int, given: dict[Any, Any]) -> Any:
        return self.pyfunc(
            *(given[i] for i in range(count)),
            **{k: v for k, v in given.items() if isinstance(k, str)},
        )

    def _joined(self, results: list[Any], shape: tuple[int, ...]) -> tuple[GradArray, ...]:
        """The results of all elements, one array for each output."""
        import keratorch as kt

        from ._numpy_api._arguments import promoted

        outputs: list[GradArray] = []
        for k, column in enumerate(zip(*results, strict=True)):
            y = kt.reshape(kt.stack(promoted("vectorize", column)), shape)
            outputs.append(kt.astype(y, self.otypes[k], copy=False) if self.otypes else y)
        return tuple(outputs)


__all__ = ["vectorize"]
