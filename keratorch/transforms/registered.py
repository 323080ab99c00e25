"""Classes that are registered as structures: how they come apart, and how they are made again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..backends import _registry
from ..core.nodes import GradArrayBase
from ..errors import StructureError

C = TypeVar("C", bound=type[Any])
#: From an object to its parts, and what else makes it again.
Flatten = Callable[[Any], tuple[Any, Any]]
#: From what else makes the object, and a tuple of parts, to the object.
Unflatten = Callable[[Any, Any], Any]


class Structure:
    """A registered class."""

    __slots__ = ("cls", "flatten", "keys", "same", "unflatten")

    def __init__(
        self,
        cls: type[Any],
        flatten: Flatten,
        unflatten: Unflatten,
        keys: Callable[[Any], Sequence[Any]] | None = None,
        same: Callable[[Any, Any], bool] | None = None,
    ) -> None:
        self.cls: type[Any] = cls
        self.flatten: Flatten = flatten
        self.unflatten: Unflatten = unflatten
        #: The names of the parts of an object, for messages.
        self.keys: Callable[[Any], Sequence[Any]] | None = keys
        #: Whether two auxiliary values are those of interchangeable objects.
        self.same: Callable[[Any, Any], bool] | None = same

    def of(self, tree: Any) -> type[Any]:
        """The class of an object."""
        return type(tree)

    def apart(self, tree: Any) -> tuple[list[Any], Any]:
        """The parts of an object, and its auxiliary value."""
        found = self.flatten(tree)
        if not isinstance(found, tuple) or len(found) != 2:
            raise StructureError(
                f"flatten of {self.cls.__name__} returned {type(found).__name__}: it must return a "
                "pair, (parts, aux)"
            )
        return list(found[0]), found[1]

    def parts(self, tree: Any) -> list[Any]:
        return self.apart(tree)[0]

    def rebuilt(self, tree: Any, parts: list[Any]) -> Any:
        return self.unflatten(self.apart(tree)[1], tuple(parts))

    def step(self, tree: Any, key: int) -> str:
        return f"[{key if self.keys is None else self.keys(tree)[key]!r}]"


class Outline:
    """The structure of an object of a registered class, with anything in place of its parts."""

    __slots__ = ("aux", "keys", "parts", "structure")

    def __init__(self, structure: Any, tree: Any, parts: list[Any]) -> None:
        if isinstance(tree, Outline):
            self.structure: Structure = tree.structure
            self.aux: Any = tree.aux
            self.keys: list[Any] | None = tree.keys
        else:
            self.structure = structure
            self.aux = structure.apart(tree)[1]
            self.keys = None if structure.keys is None else list(structure.keys(tree))
        self.parts: list[Any] = parts


class _Outlines(Structure):
    """How an `Outline` comes apart: it is made again as an object of the class."""

    __slots__ = ()

    def of(self, tree: Any) -> type[Any]:
        return tree.structure.cls

    def apart(self, tree: Any) -> tuple[list[Any], Any]:
        return tree.parts, tree.aux

    def rebuilt(self, tree: Any, parts: list[Any]) -> Any:
        return tree.structure.unflatten(tree.aux, tuple(parts))

    def step(self, tree: Any, key: int) -> str:
        return f"[{key if tree.keys is None else tree.keys[key]!r}]"


_outlines = _Outlines(Outline, lambda tree: (tree.parts, tree.aux), lambda aux, parts: parts)
_by_type: dict[type[Any], Structure] = {Outline: _outlines}
#: The classes of libraries that are not imported here: library -> name of a class -> `Structure`
#: without its class.
_by_library: dict[str, dict[str, Callable[[type[Any]], Structure]]] = {}


def of(cls: type[Any]) -> Structure | None:
    """What is registered for `cls`; `None` for nothing."""
    found = _by_type.get(cls)
    if found is not None or not _by_library:
        return found
    library = _by_library.get(cls.__module__.partition(".")[0])
    if library is None or cls.__name__ not in library:
        return None
    return _by_type.setdefault(cls, library[cls.__name__](cls))


class Aux:
    """An auxiliary value, to be compared with another one."""

    __slots__ = ("structure", "value")

    def __init__(self, structure: Structure, value: Any) -> None:
        self.structure = structure
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Aux):
            return False
        a, b = self.value, other.value
        if a is b:
            return True
        same = self.structure.same
        try:
            return bool(a == b) if same is None else same(a, b)
        except (ValueError, TypeError) as error:
            raise StructureError(
                f"the aux values of two objects of {self.structure.cls.__name__} cannot be "
                f"compared ({error}): let flatten return arrays as parts, and in aux what == "
                "compares"
            ) from error

    __hash__ = None  # type: ignore[assignment]


def aux_of(tree: Any) -> Aux | None:
    """The auxiliary value of an object of a registered class; `None` for any other value."""
    known = of(type(tree))
    if known is None:
        return None
    return Aux(tree.structure if isinstance(tree, Outline) else known, known.apart(tree)[1])


def register(cls: C, flatten: Flatten | None = None, unflatten: Unflatten | None = None) -> C:
    """Make the instances of `cls` structures, which transformations take apart and make again.

    flatten : ``flatten(x)`` returns a pair ``(parts, aux)``: the parts in which to differentiate
        (arrays, numbers and structures), and anything else that makes `x` again. Two objects fit
        together, as a primal and its tangent must, if ``aux`` is equal.
    unflatten : ``unflatten(aux, parts)`` returns the object. A derivative has other parts than its
        argument; those of a Jacobian have other shapes, or are structures: do not check them here.

    Without both, `cls` has the methods ``tree_flatten(self)`` and ``tree_unflatten(cls, aux,
    parts)``, a class method; then `register` is a decorator. These are the conventions of
    ``jax.tree_util.register_pytree_node`` and ``register_pytree_node_class``. Dataclasses need no
    registration, but may have one. A subclass of `cls` needs its own.

    Returns `cls`. Raises `StructureError` for a class that is registered already, and for arrays,
    dicts, lists and tuples, which keratorch knows.

    >>> class Interval:
    ...     def __init__(self, low, high, name):
    ...         self.low, self.high, self.name = low, high, name
    >>> _ = register(
    ...     Interval,
    ...     lambda x: ((x.low, x.high), x.name),
    ...     lambda name, parts: Interval(*parts, name),
    ... )
    >>> from keratorch import grad
    >>> found = grad(lambda x: (x.high - x.low) ** 2)(Interval(1.0, 3.0, "a"))
    >>> found.low, found.high, found.name
    (array(-4.), array(4.), 'a')
    """
    methods: Any = cls
    if not isinstance(methods, type):
        raise TypeError(f"register: {type(cls).__name__} is no class: pass the class itself")
    name = cls.__name__
    if flatten is None and unflatten is None:
        missing = [n for n in ("tree_flatten", "tree_unflatten") if not hasattr(cls, n)]
        if missing:
            raise StructureError(
                f"register: {name} has no method {' and no method '.join(missing)}: pass flatten "
                "and unflatten, or write both methods"
            )
        flatten, unflatten = cls.tree_flatten, cls.tree_unflatten
    if not callable(flatten) or not callable(unflatten):
        raise TypeError(
            f"register: flatten and unflatten of {name} must both be functions, or both be left out"
        )
    if cls in (dict, list, tuple, type(None), object) or (
        issubclass(cls, GradArrayBase) or cls in _registry.by_type
    ):
        raise StructureError(f"register: keratorch knows {name} already, and takes it as it is")
    if of(cls) is not None:
        raise StructureError(f"register: {name} is registered already")
    _by_type[cls] = Structure(cls, flatten, unflatten)
    return cls


def register_of_library(
    library: str, name: str, structure: Callable[[type[Any]], Structure]
) -> None:
    """Register a class of a library that need not be imported: it is known by its name."""
    _by_library.setdefault(library, {})[name] = structure


__all__ = ["Aux", "Outline", "Structure", "aux_of", "of", "register", "register_of_library"]
