"""Partial derivatives, stated once and compiled for several uses.

An elementwise `Grad` states its partials as a function of its inputs and its output:

    def partials(xp, x, y):          # y = tan(x)
        return (1 + y * y,)

Special functions are written ``xp.special.digamma(x)``, under the names of `keratorch.special`.

`trace` calls that function once, with `Expr`s in place of arrays and an `ExprNamespace` in place
of ``xp``. The result is a small expression graph. From it come the rule for any namespace
(`namespace_function`) and the kernels of backends, which compute in place or on the GPU.
"""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..backends import _registry
from ..backends._backend import SCALARS
from ..core.array import GradArray
from ..errors import RuleError

#: Array API name -> the symbol of the operator.
OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "pow": "**",
    "remainder": "%",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
    "logical_and": "&",
    "logical_or": "|",
}
COMPARISONS = frozenset(
    [
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("logical_and", "logical_or", "logical_not", "isfinite"),
    ]
)

#: The functions whose value is finite if their arguments are; a few constants do not overflow.
_CLOSED = frozenset(["where", "add", "subtract", "multiply", "negative"])


class Expr:
    """A node of an expression: a variable, a constant, or a function of expressions."""

    __slots__ = ("args", "name", "reads", "value")

    def __init__(self, name: str, args: tuple[Expr, ...] = (), value: Any = None) -> None:
        self.name = name
        self.args = args
        self.value = value
        self.reads: frozenset[str] | None = None  # found by `variables`

    @property
    def is_constant(self) -> bool:
        return self.name == "constant"

    @property
    def is_variable(self) -> bool:
        return self.name == "variable"

    def variables(self) -> frozenset[str]:
        """The names of the variables that the expression reads."""
        reads = self.reads
        if reads is None:  # each part is visited once: forward mode asks at every step
            if self.is_variable:
                reads = frozenset([self.value])
            else:
                reads = frozenset().union(*(a.variables() for a in self.args))
            self.reads = reads
        return reads

    def is_finite(self) -> bool:
        """Whether the value is surely finite, whatever the variables are."""
        if self.is_constant:
            return math.isfinite(abs(self.value))
        if self.name in COMPARISONS or self.name in ("ones_like", "zeros_like"):
            return True
        parts = self.args[1:] if self.name == "where" else self.args
        return self.name in _CLOSED and all(part.is_finite() for part in parts)

    def walk(self) -> Iterable[Expr]:
        """Every occurrence of every node of the expression; the expression itself comes last."""
        for a in self.args:
            yield from a.walk()
        yield self

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise RuleError(
            "an if, and, or, not, min or max in partials: they are called once, with symbols in "
            "place of arrays, so that no condition has a value; write xp.where(condition, a, b)"
        )

    def __float__(self) -> float:
        raise RuleError(
            "a number was asked of a symbol in partials, as math.log(x) does: they are called "
            "once, with symbols in place of arrays; write xp.log(x)"
        )


def constant(value: float) -> Expr:
    return Expr("constant", value=value)


def variable(name: str) -> Expr:
    return Expr("variable", value=name)


def _expr(value: Any) -> Expr:
    return value if isinstance(value, Expr) else constant(value)


def _install(name: str, *dunders: str) -> None:
    def forward(self: Expr, other: Any) -> Expr:
        return Expr(name, (self, _expr(other)))

    def reflected(self: Expr, other: Any) -> Expr:
        return Expr(name, (_expr(other), self))

    setattr(Expr, dunders[0], forward)
    if len(dunders) > 1:
        setattr(Expr, dunders[1], reflected)


for _name, _dunders in {
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "pow": ("__pow__", "__rpow__"),
    "remainder": ("__mod__", "__rmod__"),
    "less": ("__lt__",),
    "less_equal": ("__le__",),
    "greater": ("__gt__",),
    "greater_equal": ("__ge__",),
    "equal": ("__eq__",),
    "not_equal": ("__ne__",),
    "logical_and": ("__and__",),
    "logical_or": ("__or__",),
}.items():
    _install(_name, *_dunders)
Expr.__invert__ = lambda self: Expr("logical_not", (self,))  # type: ignore[attr-defined]
Expr.__neg__ = lambda self: Expr("negative", (self,))  # type: ignore[attr-defined]


#: The prefix of the names of special functions: ``Expr("special.erf", (x,))``.
SPECIAL = "special."


class ExprNamespace:
    """Stands for the array namespace: ``xp.exp(x)`` becomes ``Expr("exp", (x,))``."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        name = self._prefix + name
        if name == "special":
            return ExprNamespace(SPECIAL)
        return lambda *args: Expr(name, tuple(_expr(a) for a in args))


class SpecialFunctions:
    """Stands for ``xp.special`` in rules that run: the functions of the arrays' own library.

    `GradArray`s get the functions of `keratorch.special`, which are differentiable.
    """

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def function(*args: Any) -> Any:
            like = next(a for a in args if type(a) not in SCALARS)
            if isinstance(like, GradArray):
                return getattr(like.__array_namespace__().special, name)(*args)
            if isinstance(like, np.generic):  # NumPy turns 0-d arrays into scalars
                like = np.asarray(like)
            backend = _registry.of(like)
            raws = [backend.scalar(a, like) if type(a) in SCALARS else a for a in args]
            return backend.special(name)(*raws)

        self.__dict__[name] = function
        return function


special = SpecialFunctions()


def trace(partials: Callable[..., tuple[Any, ...]], inputs: int) -> tuple[Expr, ...]:
    """The partials as expressions in the variables ``x0 … x{inputs-1}`` and ``y``."""
    args = [variable(f"x{i}") for i in range(inputs)]
    found: Any = partials(ExprNamespace(), *args, variable("y"))
    if not isinstance(found, tuple) or len(found) != inputs:
        what = f"{len(found)} partials" if isinstance(found, tuple) else "one value"
        raise RuleError(
            f"{partials.__qualname__} returned {what}: return a tuple of {inputs}, one for each "
            f"input{', as in (p,)' if inputs == 1 else ''}"
        )
    return tuple(_expr(p) for p in found)


def shared(expr: Expr) -> set[int]:
    """The `id`s of the parts of an expression that stand in it more than once."""
    seen: set[int] = set()
    again: set[int] = set()

    def visit(part: Expr) -> None:
        if id(part) in seen:
            again.add(id(part))
            return
        seen.add(id(part))
        for a in part.args:
            if a.args:
                visit(a)

    visit(expr)
    return again


def source(expr: Expr) -> str:
    """The expression as Python source over a namespace called ``xp``: statements, then a value."""
    lines: list[str] = []
    value = _source(expr, shared(expr), {}, lines)
    return "".join(f"{line}\n" for line in lines) + f"return {value}\n"


def _source(expr: Expr, again: set[int], names: dict[int, str], lines: list[str]) -> str:
    """The source of the value of `expr`; what stands in it again is computed in `lines`, once."""
    if expr.is_constant:
        return repr(expr.value)
    if expr.is_variable:
        return expr.value
    if id(expr) in names:
        return names[id(expr)]
    text = _call_source(expr, [_source(a, again, names, lines) for a in expr.args])
    if id(expr) not in again:
        return text
    name = names[id(expr)] = f"t{len(names)}"
    lines.append(f"{name} = {text}")
    return name


def _call_source(expr: Expr, args: list[str]) -> str:
    if expr.name in OPERATORS:
        return f"({args[0]} {OPERATORS[expr.name]} {args[1]})"
    if expr.name == "negative":
        return f"(-{args[0]})"
    if expr.name == "logical_not":
        return f"(~{args[0]})"
    if expr.name.startswith(SPECIAL):
        return f"{expr.name}({', '.join(args)})"
    return f"xp.{expr.name}({', '.join(args)})"


def compile_function(name: str, text: str, scope: dict[str, Any]) -> Callable[..., Any]:
    """The function `name` that the source `text` defines; tracebacks show its lines."""
    filename = f"<keratorch {name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    namespace = dict(scope)
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]


def namespace_function(name: str, exprs: tuple[Expr, ...]) -> Callable[..., Any]:
    """``f(xp, i, x0, …, y)``: the i-th partial, over any namespace."""
    inputs = "".join(f"x{i}, " for i in range(len(exprs)))
    lines = [f"def {name}(xp, i, {inputs}y):"]
    for i, expr in enumerate(exprs):
        lines += [f"    if i == {i}:", *(f"        {line}" for line in source(expr).splitlines())]
    return compile_function(name, "\n".join(lines) + "\n", {"special": special})
