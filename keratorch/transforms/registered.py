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

    __slots__ = ("cls", "flatten", "unflatten")

    #: Whether an object with one part may be the one array that a function returns.
    is_array: bool = False

    def __init__(self, cls: type[Any], flatten: Flatten, unflatten: Unflatten) -> None:
        self.cls: type[Any] = cls
        self.flatten: Flatten = flatten
        self.unflatten: Unflatten = unflatten

    def of(self, tree: Any) -> Structure:
        """The structure of an object, which may be an outline."""
        return self

    def same(self, a: Any, b: Any) -> bool:
        """Whether two auxiliary values are those of interchangeable objects."""
        return bool(a == b)

    def keys(self, aux: Any, count: int) -> Sequence[Any]:
        """The names of the parts of an object, for messages."""
        return range(count)

    def described(self, aux: Any, count: int) -> str:
        """An object, in a message."""
        return f"{self.cls.__name__} of {count} parts"

    def blocks(self, aux: Any, parts: tuple[Any, ...], rows: bool) -> Any:
        """The structure of the blocks of a Jacobian.

        rows : whether the object is a result of the function. Its parts are then structures like
            the argument. Otherwise it is an argument, and its parts are arrays whose last axes are
            those of the argument.
        """
        return self.unflatten(aux, parts)

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
        """The parts of an object."""
        return self.apart(tree)[0]

    def rebuilt(self, tree: Any, parts: list[Any]) -> Any:
        return self.unflatten(self.apart(tree)[1], tuple(parts))


class Outline:
    """The structure of an object of a registered class, with anything in place of its parts."""

    __slots__ = ("aux", "parts", "structure")

    def __init__(self, structure: Structure, tree: Any, parts: list[Any]) -> None:
        self.structure: Structure = structure.of(tree)
        self.aux: Any = structure.apart(tree)[1]
        self.parts: list[Any] = parts


class _Outlines(Structure):
    """How an `Outline` comes apart: it is made again as an object of the class."""

    __slots__ = ()

    def of(self, tree: Any) -> Structure:
        return tree.structure

    def apart(self, tree: Any) -> tuple[list[Any], Any]:
        return tree.parts, tree.aux

    def rebuilt(self, tree: Any, parts: list[Any]) -> Any:
        return tree.structure.unflatten(tree.aux, tuple(parts))


_outlines = _Outlines(Outline, lambda tree: (tree.parts, tree.aux), lambda aux, parts: parts)
_by_type: dict[type[Any], Structure] = {Outline: _outlines}
#: The classes of libraries that are not imported here: library -> name of a class -> `Structure`
#: without its class.
_by_library: dict[str, dict[str, Callable[[type[Any]], Structure]]] = {}
#: Classes of which `of` has found that no such library makes them.
_of_no_library: set[type[Any]] = set()


def of(cls: type[Any]) -> Structure | None:
    """What is registered for `cls`; `None` for nothing."""
    if cls is tuple or cls is list or cls is dict:
        return None  # here, as torch.compile cannot follow what comes
    found = _by_type.get(cls)
    if found is not None or not _by_library or cls in _of_no_library:
        return found
    library = _by_library.get(cls.__module__.partition(".")[0])
    if library is None or cls.__name__ not in library:
        if issubclass(cls, GradArrayBase) or cls.__module__ in ("builtins", "numpy"):
            _of_no_library.add(cls)  # these live on anyway
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
        try:
            return self.structure.same(a, b)
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
    return Aux(known.of(tree), known.apart(tree)[1])


def step(known: Structure, tree: Any, key: int) -> str:
    """The text of the step from an object to its part number `key`."""
    parts, aux = known.apart(tree)
    return f"[{known.of(tree).keys(aux, len(parts))[key]!r}]"


def described(known: Structure, tree: Any) -> str:
    """An object, in a message."""
    parts, aux = known.apart(tree)
    return known.of(tree).described(aux, len(parts))


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
    _of_no_library.clear()


__all__ = ["Aux", "Outline", "Structure", "aux_of", "of", "register", "register_of_library"]
