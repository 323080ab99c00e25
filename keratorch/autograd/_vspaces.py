"""Vector spaces: what can be done with values of one structure, shape and dtype."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from ..backends import _registry
from ..core.array import GradArray
from ..functions import add, multiply, real
from ..functions import sum as sum_
from ..transforms.tree import children, leaves, mapped, rebuilt, unflattened
from ._subvals import subval
from ._values import conjugates, getval, raw_where_raw

_REAL = (float, np.floating)
_COMPLEX = (complex, np.complexfloating)


class VSpace:
    """The vector space of a value, seen as real: zeros, a basis, and the operations of its vectors.

    ``VSpace.register(cls, maker)`` says how to make the space of a value of another class.
    """

    mappings: ClassVar[dict[type, Callable[[Any], VSpace]]] = {}
    iscomplex: ClassVar[bool] = False
    shape: Any
    size: Any

    def __init__(self, value: Any) -> None:
        pass

    @classmethod
    def register(
        cls, value_type: type, vspace_maker: Callable[[Any], VSpace] | None = None
    ) -> None:
        """Say that `vspace_maker`, or this class, makes the space of values of `value_type`."""
        VSpace.mappings[value_type] = vspace_maker or cls

    def zeros(self) -> Any:
        """The vector 0."""
        raise NotImplementedError(repr(self))

    def ones(self) -> Any:
        """The sum of the basis."""
        raise NotImplementedError(repr(self))

    def standard_basis(self) -> Iterator[Any]:
        """An orthonormal basis."""
        raise NotImplementedError(repr(self))

    def randn(self) -> Any:
        """A vector of normal random numbers, of NumPy's global generator."""
        raise NotImplementedError(repr(self))

    def add(self, x: Any, y: Any) -> Any:
        """x + y."""
        return self._add(x, y)

    def mut_add(self, x_prev: Any, x_new: Any) -> Any:
        """x_prev + x_new; `None` is 0. HIPS/autograd may write into `x_prev`; this does not."""
        return x_new if x_prev is None else self._add(x_prev, x_new)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """a·x for a real number a."""
        return self._scalar_mul(x, a)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """The real inner product."""
        return self._inner_prod(x, y)

    def covector(self, x: Any) -> Any:
        """The complex conjugate: from vectors to gradients."""
        return self._covector(x)

    def _add(self, x: Any, y: Any) -> Any:
        return x + y

    def _mut_add(self, x: Any, y: Any) -> Any:
        return self._add(x, y)

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return x * a

    def _inner_prod(self, x: Any, y: Any) -> Any:
        raise NotImplementedError(repr(self))

    def _covector(self, x: Any) -> Any:
        return x

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        return f"{type(self).__name__}_{self.__dict__}"


class ArrayVSpace(VSpace):
    """Real arrays of one shape and dtype, on the library and device of an example."""

    def __init__(self, value: Any) -> None:
        value = getval(value)
        if not _registry.is_array(value):
            value = np.asarray(value)
        self.shape = tuple(value.shape)
        self.dtype = value.dtype
        self._like = _Hidden(value)

    @property
    def size(self) -> Any:
        """The number of real numbers in a vector."""
        return int(np.prod(self.shape))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def _made(self, values: Any) -> Any:
        """NumPy's `values` in the dtype and on the library and device of the example."""
        like = self._like.value
        if type(like) is np.ndarray or isinstance(like, np.generic):
            return np.asarray(values, dtype=self.dtype)
        backend = _registry.of(like)
        raw = backend.from_numpy(np.asarray(values), backend.device(like))
        return backend.xp.astype(raw, self.dtype, copy=False)

    def zeros(self) -> Any:
        return self._made(np.zeros(self.shape))

    def ones(self) -> Any:
        return self._made(np.ones(self.shape))

    def standard_basis(self) -> Iterator[Any]:
        for index in np.ndindex(*self.shape):
            for value in self._units():
                vector = np.zeros(self.shape, dtype=complex if self.iscomplex else float)
                vector[index] = value
                yield self._made(vector)

    def _units(self) -> tuple[complex, ...]:
        return (1.0,)

    def randn(self) -> Any:
        return self._made(np.random.randn(*self.shape))

    def _add(self, x: Any, y: Any) -> Any:
        return raw_where_raw(add(x, y), [x, y])

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return raw_where_raw(multiply(x, a), [x, a])

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return raw_where_raw(sum_(multiply(x, y)), [x, y])


class ComplexArrayVSpace(ArrayVSpace):
    """Complex arrays of one shape and dtype; each element counts as two real numbers."""

    iscomplex = True

    @property
    def size(self) -> Any:
        return 2 * super().size

    def ones(self) -> Any:
        return self._made(np.full(self.shape, 1.0 + 1.0j))

    def _units(self) -> tuple[complex, ...]:
        return (1.0, 1.0j)

    def randn(self) -> Any:
        return self._made(np.random.randn(*self.shape) + 1.0j * np.random.randn(*self.shape))

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return raw_where_raw(real(sum_(multiply(conjugates(x), y))), [x, y])

    def _covector(self, x: Any) -> Any:
        return conjugates(x)


class _Hidden:
    """An example of the arrays of a space; spaces are equal whatever their examples are."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hidden)

    def __repr__(self) -> str:
        return "..."


class ContainerVSpace(VSpace):
    """Dicts, lists, tuples and dataclasses of vectors."""

    def __init__(self, value: Any) -> None:
        self.shape = mapped(vspace, value)

    @property
    def size(self) -> Any:
        return sum(vs.size for vs in leaves(self.shape))

    def zeros(self) -> Any:
        return mapped(lambda vs: vs.zeros(), self.shape)

    def ones(self) -> Any:
        return mapped(lambda vs: vs.ones(), self.shape)

    def randn(self) -> Any:
        return mapped(lambda vs: vs.randn(), self.shape)

    def standard_basis(self) -> Iterator[Any]:
        zeros = self.zeros()
        parts = [part for _, part in children(zeros) or ()]
        for i, (_, space) in enumerate(children(self.shape) or ()):
            # A container inside this one is a container of spaces here, not a space.
            inner = space if isinstance(space, VSpace) else vspace(parts[i])
            for vector in inner.standard_basis():
                yield rebuilt(zeros, list(subval(parts, i, vector)))

    def _each(self, method: str, *structures: Any) -> Any:
        spaces = leaves(self.shape)
        columns = zip(spaces, *map(leaves, structures), strict=True)
        return [getattr(space, method)(*values) for space, *values in columns]

    def _mapped(self, method: str, *structures: Any) -> Any:
        return unflattened(structures[0], iter(self._each(method, *structures)))

    def _add(self, x: Any, y: Any) -> Any:
        return self._mapped("_add", x, y)

    def _scalar_mul(self, x: Any, a: Any) -> Any:
        return unflattened(x, iter(self._each("_scalar_mul", x, mapped(lambda _: a, x))))

    def _inner_prod(self, x: Any, y: Any) -> Any:
        return sum(self._each("_inner_prod", x, y))

    def _covector(self, x: Any) -> Any:
        return self._mapped("_covector", x)


def vspace(value: Any) -> VSpace:
    """The vector space of `value`: a floating or complex array or number, or a container."""
    cls = type(value)
    if cls in VSpace.mappings:
        return VSpace.mappings[cls](value)
    if cls is GradArray:
        return vspace(value._array)
    if isinstance(value, _COMPLEX):
        return ComplexArrayVSpace(value)
    if isinstance(value, _REAL):
        return ArrayVSpace(value)
    if cls in _registry.by_type or _registry.is_array(value):
        is_complex = _registry.of(value).xp.isdtype(value.dtype, "complex floating")
        return ComplexArrayVSpace(value) if is_complex else ArrayVSpace(value)
    if value is not None and children(value) is not None:
        return ContainerVSpace(value)
    raise TypeError(
        f"vspace: a value of type {cls.__name__} has no vector space: pass floats, arrays and "
        "containers of them, or VSpace.register the class"
    )


__all__ = ["ArrayVSpace", "ComplexArrayVSpace", "ContainerVSpace", "VSpace", "vspace"]
