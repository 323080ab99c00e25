"""`primitive`: functions of raw values that get their rules by `defvjp` and `defjvp`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..backends import _registry
from ..core.array import GradArray
from ..core.order import collect
from ..errors import LostGradientError, NotDifferentiableError
from ..transforms.custom import custom_jvp, custom_vjp, two_rules
from ..transforms.tree import leaves
from ._subvals import subvals
from ._values import conjugates, each, getval, holds_box, isbox, scalar, values
from .wrap_util import get_name, wraps

#: Primitive -> ``maker(argnums, ans, args, kwargs)``, which returns the function from the gradient
#: of the result to the gradients of those arguments.
primitive_vjps: dict[Any, Callable[..., Any]] = {}
#: Primitive -> ``maker(argnums, tangents, ans, args, kwargs)``, which returns the tangent.
primitive_jvps: dict[Any, Callable[..., Any]] = {}


class _Pushing(threading.local):
    """The rules of forward mode that run in this thread."""

    def __init__(self) -> None:
        #: The primitive of each rule, and the edges that lead to its tangents alone.
        self.rules: list[tuple[Any, set[Any]]] = []


_pushing = _Pushing()


class MissingRuleError(NotDifferentiableError, NotImplementedError):
    """A primitive was called with a tracked array, and has no rule for that argument."""


def primitive(f_raw: Callable[..., Any]) -> Any:
    """A function whose derivative you state; a decorator.

    `f_raw` gets plain values: NumPy arrays and scalars in place of tracked arrays. `defvjp` and
    `defjvp` state the rules. With one of the two rules, keratorch makes the other mode from it.
    """

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        at = tuple(i for i, value in enumerate(args) if holds_box(value))
        if f_wrapped in _untraced and _is_untraced(f_wrapped, (args, kwargs)):
            return f_raw(*[values(value) for value in args], **values(kwargs))
        if holds_box(kwargs):
            raise LostGradientError(
                f"{get_name(f_raw)}: a tracked array was given by keyword, and rules of primitives "
                "are for arguments by position: pass the array by position"
            )
        if not at:
            return f_raw(*[values(value) for value in args], **values(kwargs))
        return _Call(f_wrapped, f_raw, args, kwargs, at).result()

    f_wrapped.fun = f_raw  # type: ignore[attr-defined]
    f_wrapped._is_autograd_primitive = True  # type: ignore[attr-defined]
    return f_wrapped


def notrace_primitive(f_raw: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gets plain values and has no derivative; a decorator."""

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        return f_raw(*[values(value) for value in args], **values(kwargs))

    f_wrapped._is_primitive = True  # type: ignore[attr-defined]
    return f_wrapped


class VJPNode:
    """Reverse mode, for `register_notrace`."""


class JVPNode:
    """Forward mode, for `register_notrace`."""


#: Primitive -> the modes in which its derivative is 0.
_untraced: dict[Any, set[type]] = {}


def register_notrace(trace_type: type, primitive_fun: Any) -> None:
    """Say that a primitive has the derivative 0 in one mode: `VJPNode` or `JVPNode`."""
    if trace_type not in (VJPNode, JVPNode):
        raise TypeError(
            f"register_notrace: the mode is VJPNode or JVPNode, not {trace_type!r}; both are in "
            "keratorch.autograd.extend"
        )
    _untraced.setdefault(primitive_fun, set()).add(trace_type)


def _is_untraced(wrapped: Any, arguments: Any) -> bool:
    """Whether the derivatives of this call are 0 in each mode that is on."""
    modes = _untraced[wrapped]
    boxes = [v for v in leaves(arguments) if isbox(v)]
    forward = any(v._tangents is not None for v in boxes)
    reverse = any(v._edge is not None for v in boxes)
    return not (forward and JVPNode not in modes) and not (reverse and VJPNode not in modes)


class SparseObject:
    """A gradient that a rule gives by a function: ``mut_add(zeros)`` returns the gradient.

    vs : the vector space of the gradient.
    mut_add : a function that adds the gradient to an array, in place, and returns the array.
    """

    def __init__(self, vs: Any, mut_add: Callable[[Any], Any]) -> None:
        self.vs = vs
        self.mut_add = mut_add

    def dense(self) -> Any:
        """The gradient as an array."""
        return self.mut_add(self.vs.zeros())


class _Call:
    """One call of a primitive with tracked arrays in the arguments at the positions `at`."""

    def __init__(self, wrapped: Any, raw: Any, args: Any, kwargs: Any, at: tuple[int, ...]) -> None:
        self.wrapped, self.raw, self.args, self.at = wrapped, raw, args, at
        self.kwargs = values(kwargs)
        self.found: Any = None  # the plain value

    def result(self) -> Any:
        moving = [self.args[i] for i in self.at]
        has_vjp, has_jvp = self.wrapped in primitive_vjps, self.wrapped in primitive_jvps
        if not has_vjp and not has_jvp:
            raise self.missing("neither a VJP nor a JVP", self.at)
        if not has_vjp and self.transposes_itself(leaves(moving)):
            raise self.missing("no VJP", self.at)
        function: Any
        if has_vjp:
            function = two_rules(self.value) if has_jvp else custom_vjp(self.value)
            function.defvjp(self.forward, self.pull)
        else:
            function = custom_jvp(self.value)
        if has_jvp:
            function.rule = self.push
        function.__name__ = get_name(self.raw)
        return function(*moving)

    def transposes_itself(self, moving: list[Any]) -> bool:
        """Whether the primitive's own rule calls the primitive on a tangent, as "same" does.

        The walk transposes the rule, and would find the same call in it again, without an end.
        """
        own: set[Any] = set()
        for wrapped, edges in _pushing.rules:
            if wrapped is self.wrapped:
                own |= edges
        return bool(own) and not own.isdisjoint(_below(moving))

    def missing(self, what: str, argnums: tuple[int, ...]) -> MissingRuleError:
        name = get_name(self.raw)
        at = ", ".join(map(str, argnums))
        return MissingRuleError(
            f"the primitive {name} has {what} for the arguments at {at}: define the rule with "
            f"defvjp({name}, ...) or defjvp({name}, ...)"
        )

    def value(self, *moving: Any) -> Any:
        with self.on_device():
            found = self.wrapped(*self.arguments(moving), **self.kwargs)
        if not holds_box(moving):
            self.found = found
        return found

    def arguments(self, moving: Any) -> tuple[Any, ...]:
        return subvals(self.args, zip(self.at, moving, strict=True))

    def forward(self, *moving: Any) -> tuple[Any, Any]:
        found = self.value(*moving)
        return found, (found, moving)

    def pull(self, residuals: Any, grad: Any) -> tuple[Any, ...]:
        found, moving = _plain(residuals)
        args = tuple(map(_plain, self.arguments(moving)))
        with self.rules("VJP"):
            pullback = primitive_vjps[self.wrapped](self.at, found, args, self.kwargs)
            return tuple(conjugates(_dense(g)) for g in pullback(conjugates(_plain(grad))))

    def push(self, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        # The function may be slow. Its value is known, and is needed only where it is tracked.
        found = _plain(self.value(*primals)) if holds_box(primals) else self.found
        args = tuple(map(_plain, self.arguments(primals)))
        maker = primitive_jvps[self.wrapped]
        edges = _below(leaves(tangents)) - _below(leaves(primals))
        _pushing.rules.append((self.wrapped, edges))
        try:
            with self.rules("JVP"):
                return found, maker(self.at, list(map(_plain, tangents)), found, args, self.kwargs)
        finally:
            _pushing.rules.pop()

    @contextmanager
    def rules(self, kind: str) -> Generator[None, None, None]:
        """Runs a rule on the device of the arrays; a missing argument is an error that names it."""
        try:
            with self.on_device():
                yield
        except NoRule as error:
            raise self.missing(f"no {kind}", (error.argnum,)) from None

    def on_device(self) -> AbstractContextManager[Any]:
        """The context in which functions of raw arrays run on the device of the arguments."""
        raw = next(v._array for v in leaves([self.args[i] for i in self.at]) if isbox(v))
        return _registry.of(raw).on_device(raw)


class NoRule(Exception):
    """A rule was asked for an argument that it does not cover."""

    def __init__(self, argnum: int) -> None:
        super().__init__(argnum)
        self.argnum = argnum


def _below(values: list[Any]) -> set[Any]:
    """The edges below the arrays in `values`, and those of these arrays."""
    edges = [v._edge for v in values if type(v) is GradArray and v._edge is not None]
    return set(collect(edges)) if edges else set()


def _dense(gradient: Any) -> Any:
    return gradient.dense() if isinstance(gradient, SparseObject) else gradient


def _plain(structure: Any) -> Any:
    """Plain values in place of the arrays of a structure that are not tracked."""
    return each(_plain_leaf, structure)


def _plain_leaf(value: Any) -> Any:
    return value if isbox(value) else getval(scalar(value))


__all__ = [
    "JVPNode",
    "MissingRuleError",
    "NoRule",
    "SparseObject",
    "VJPNode",
    "notrace_primitive",
    "primitive",
    "primitive_jvps",
    "primitive_vjps",
    "register_notrace",
]
