"""NumPy rules made from partial derivatives: one temporary, written in place.

For ``partials = (1 + y * y,)`` the rule is, in essence,

    t = multiply(y, y); add(1, t, t); multiply(grad, t, t); return (t,)

A temporary that depends on the output, or on the only input, has the shape and dtype of the
gradient, so the rule writes into it; it writes into no other. A second rule, without writes, serves
0-d gradients, which NumPy turns into scalars. Complex gradients take the general rule, and so do
those of float16 and bfloat16, in float32. Below a selection a variant of the rule masks: if a
result is not finite, it becomes 0 where the gradient is 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..backends import _registry
from ..backends._dtypes import is_narrow
from ..backends._rules import Rule, RuleTable
from ..core.mode import policy
from ..ops import _partials
from ..ops._elementwise import ElementwiseGrad
from ..ops._partials import Expr
from ..ops.arithmetic import PowerGrad, ReLUGrad
from ..ops.exponential import SigmoidGrad
from ..ops.trigonometric import TanhGrad

_UFUNC_NAMES = {"divide": "true_divide", "pow": "power"}


class KernelTable(RuleTable):
    """Makes the kernel of an elementwise operation when it is first needed."""

    __slots__ = ()

    def __missing__(self, cls: type) -> Rule:
        # A `backward` of the subclass's own takes precedence.
        generic = issubclass(cls, ElementwiseGrad) and cls.backward is ElementwiseGrad.backward
        rule = elementwise_rule(cls) if generic else super().__missing__(cls)
        self[cls] = rule
        return rule


class _Constants(dict[Any, tuple[Any, ...]]):
    """dtype -> the Python numbers of a kernel as 0-d arrays, with which NumPy is faster."""

    __slots__ = ("values",)

    def __init__(self, values: list[Any]) -> None:
        super().__init__()
        self.values = values  # type: ignore[assignment]

    def __missing__(self, dtype: Any) -> tuple[Any, ...]:
        made = tuple(np.asarray(v, dtype=dtype) for v in self.values)  # type: ignore[attr-defined]
        self[dtype] = made
        return made


class _Writer:
    """Writes the lines of a kernel.

    in_place : whether temporaries are arrays; for 0-d arrays they are NumPy's scalars.
    arity : how many inputs there are. A single input has the shape and dtype of the output.
    """

    def __init__(self, in_place: bool, arity: int) -> None:
        self.in_place = in_place
        self.like_output = {"y", "x0"} if arity == 1 else {"y"}
        self.lines: list[str] = []
        self.constants: list[Any] = []
        self.scope: dict[str, Any] = {"vdot": np.vdot, "asarray": np.asarray}
        self.count = 0
        self.again: set[int] = set()  # ids of the parts that stand in an expression more than once
        self.names: dict[int, str] = {}  # of those, once they are computed

    def ufunc(self, name: str) -> str:
        name = _UFUNC_NAMES.get(name, name)
        self.scope[name] = getattr(np, name)
        return name

    def special(self, name: str) -> str:
        name = name.removeprefix(_partials.SPECIAL)
        self.scope[f"special_{name}"] = _registry.get("numpy").special(name)
        return f"special_{name}"

    def constant(self, value: Any) -> str:
        if value not in self.constants:
            self.constants.append(value)
        return f"c{self.constants.index(value)}"

    def temporary(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"t{self.count} = {text}")
        return f"t{self.count}"

    def value(self, expr: Expr) -> tuple[str, bool]:
        """A name for the value of `expr`, and whether the rule may write into it."""
        if expr.is_constant:
            return self.constant(expr.value), False
        if expr.is_variable:
            return expr.value, False
        if id(expr) in self.names:
            return self.names[id(expr)], False
        name, owned = self.computed(expr)
        if id(expr) not in self.again:
            return name, owned
        self.names[id(expr)] = name
        return name, False

    def computed(self, expr: Expr) -> tuple[str, bool]:
        """As `value`, of an expression that is no number and no variable: computes it."""
        parts = [self.value(a) for a in expr.args]
        names = ", ".join(name for name, _ in parts)
        if expr.name == "where":
            return self.temporary(f"{self._where()}({names})"), False
        if expr.name in ("ones_like", "zeros_like"):
            self.scope[expr.name] = getattr(np, expr.name)
            return self.temporary(f"{expr.name}({names})"), False
        if expr.name.startswith(_partials.SPECIAL):
            return self.temporary(f"{self.special(expr.name)}({names})"), False
        function = self.ufunc(expr.name)
        if expr.name in _partials.COMPARISONS:
            return self.temporary(f"{function}({names})"), False
        for name, owned in parts:
            if owned:
                self.lines.append(f"{function}({names}, {name})")
                return name, True
        owned = self.in_place and not self.like_output.isdisjoint(expr.variables())
        return self.temporary(f"{function}({names})"), owned

    def _where(self) -> str:
        self.scope["where"] = np.where
        return "where"

    def times(self, expr: Expr, result: str, checked: bool = False) -> None:
        """Add lines that set `result` to the gradient times the partial.

        checked : whether the lines mask the result if it is not finite.
        """
        if expr.is_constant and expr.value == 1:
            self.lines.append(f"{result} = g")
            return
        if expr.is_constant and expr.value == 0:
            self.lines.append(f"{result} = None")
            return
        if expr.is_constant and expr.value == -1:
            negative = f"{self.ufunc('negative')}(g)"
            self.lines.append(f"{result} = {negative if self.in_place else f'asarray({negative})'}")
            return
        self.again, self.names = _partials.shared(expr), {}
        name, owned = self.value(expr)
        multiply = self.ufunc("multiply")
        out = f", {name}" if owned else ""
        self.lines.append(f"{result} = {multiply}(g, {name}{out})")
        if checked:
            # One number tells whether anything is infinite or NaN.
            check = f"vdot({result}, {result})" if self.in_place else result
            self.lines += [
                f"check = {check}",
                "if check - check != 0:",
                f"    {result} = masked(g, {result})",
            ]
        if not self.in_place:
            self.lines.append(f"{result} = asarray({result})")


def elementwise_rule(cls: type[ElementwiseGrad], masks: bool = False) -> Rule:
    """The rule of an elementwise operation, compiled.

    masks : whether it is the variant for nodes below a selection. The plain rule can make that
        variant: see `MaskingTable`.
    """
    scalar = _compiled(cls, False, general_rule, masks)
    rule: Any = _compiled(cls, True, scalar, masks)
    if not masks and not all(cls.finite):
        rule.masking = partial(elementwise_rule, cls, True)
    return rule


def general_rule(node: Any, g: Any) -> tuple[Any, ...]:
    """The rule for complex gradients, and for float16 and bfloat16, which compute in float32."""
    if not is_narrow(g.dtype):
        return node.backward(g)
    xp, values = node._operands(g)
    values = tuple([_in_float32(v) for v in values])
    g = g.astype(np.float32)
    return tuple(
        [
            None if edge is None else node._times(xp, g, i, values, conjugate=True)
            for i, edge in enumerate(node._edges)
        ]
    )


def _in_float32(value: Any) -> Any:
    return value.astype(np.float32) if value is not None and is_narrow(value.dtype) else value


def _compiled(cls: type[ElementwiseGrad], in_place: bool, otherwise: Rule, masks: bool) -> Rule:
    """A rule for real gradients: with one axis or more if `in_place`, else with none.

    otherwise : the rule for all other gradients. float16 is computed in float32 there.
    """
    # Two results need one check: their dot product.
    as_pair = masks and in_place and cls.finite == (False, False)
    unfit = "g.dtype.char not in 'fdg'" if cls.computes else "g.dtype.kind != 'f'"
    inputs = [f"x{i}" for i in range(cls.arity)]
    results = [f"r{i}" for i in range(cls.arity)]
    writer = _Writer(in_place, cls.arity)
    body: list[str] = []
    for i, expr in enumerate(cls.exprs):
        writer.times(expr, results[i], masks and not cls.finite[i] and not as_pair)
        if cls.arity == 1:
            body += [f"    {line}" for line in writer.lines]
        else:
            body.append(f"    if e{i} is not None:")
            body += [f"        {line}" for line in writer.lines]
        writer.lines.clear()
    if as_pair:
        body += _CHECK_OF_A_PAIR
    name = f"{cls.__name__}_{'masking_' if masks else ''}{'kernel' if in_place else 'kernel_0d'}"
    lines = [
        f"def {name}(node, g):",
        f"    if {'g.ndim == 0 or ' if in_place else ''}{unfit}:",
        "        return otherwise(node, g)",
        f"    {', '.join(inputs)}, y = node._saved",
    ]
    if cls.arity > 1:
        lines.append(f"    {', '.join(f'e{i}' for i in range(cls.arity))} = node._edges")
        lines.append(f"    {' = '.join(results)} = None")
    if writer.constants:
        names = "".join(f"c{i}, " for i in range(len(writer.constants)))
        lines.append(f"    {names}= constants[g.dtype]")
        writer.scope["constants"] = _Constants(writer.constants)
    lines += [*body, f"    return ({', '.join(results)},)"]
    writer.scope |= {"otherwise": otherwise, "masked": masked}
    text = "\n".join(lines) + "\n"
    return _partials.compile_function(name, text, writer.scope)


_CHECK_OF_A_PAIR = [
    "    check = vdot(r1 if r0 is None else r0, r0 if r1 is None else r1)",
    "    if check - check != 0:",
    "        r0 = None if r0 is None else masked(g, r0)",
    "        r1 = None if r1 is None else masked(g, r1)",
]


def masked(g: Any, product: Any) -> Any:
    """The product of `g` and a partial, 0 where `g` is 0, unless the policy says otherwise."""
    return np.where(g == 0, g, product) if policy.masked_zeros else product


def relu_rule(node: Any, g: Any) -> tuple[Any, ...]:
    """The gradient where the output is positive, as one product with a mask."""
    return (np.asarray(np.multiply(g, node._saved[1] > 0)),)


def sech_rule(general: Any, scale: float, masks: bool = False) -> Rule:
    """The rule of the partial (s/cosh(s·x))², with s = 1 for tanh and ½ for the sigmoid.

    NumPy's cosh takes half the time of the exponential, absolute value and quotient.

    masks : as for `elementwise_rule`.
    """

    constants = _Constants([scale])

    def rule(node: Any, g: Any) -> tuple[Any, ...]:
        if g.ndim == 0 or g.dtype.kind != "f":
            return general(node, g)
        x = node._saved[0]
        (s,) = constants[g.dtype]
        p = np.cosh(x if scale == 1 else np.multiply(x, s))
        np.divide(s, p, p)
        np.multiply(p, p, p)
        r = np.multiply(g, p, p)
        if masks:
            check = np.vdot(r, r)
            if check - check != 0:
                r = masked(g, r)
        return (r,)

    if not masks:
        made: Any = rule
        made.masking = lambda: sech_rule(general.masking(), scale, True)
    return rule


def power_rule(general: Any, masks: bool = False) -> Rule:
    """The rule of ``x ** n`` with a number n, n·x^(n−1); `general` where n is an array.

    masks : as for `elementwise_rule`.
    """

    def rule(node: Any, g: Any) -> tuple[Any, ...]:
        x, n, _ = node._saved
        if type(n) not in (int, float) or n == 0 or g.dtype.kind != "f":
            return general(node, g)
        if g.ndim == 0:
            r = np.multiply(np.multiply(np.power(x, n - 1), n), g)
            return np.asarray(r if not masks or r - r == 0 else masked(g, r)), None
        if n == 2:
            r = np.multiply(x, g)
            np.add(r, r, r)
        else:
            p = np.power(x, n - 1)
            np.multiply(p, n, p)
            r = np.multiply(p, g, p)
        if masks:
            check = np.vdot(r, r)
            if check - check != 0:
                r = masked(g, r)
        return r, None

    if not masks:
        made: Any = rule
        made.masking = lambda: power_rule(general.masking(), True)
    return rule


def make_rules() -> KernelTable:
    """NumPy's table of rules."""
    rules = KernelTable()
    rules[PowerGrad] = power_rule(elementwise_rule(PowerGrad))
    rules[ReLUGrad] = relu_rule
    rules[TanhGrad] = sech_rule(elementwise_rule(TanhGrad), 1.0)
    rules[SigmoidGrad] = sech_rule(elementwise_rule(SigmoidGrad), 0.5)
    return rules
