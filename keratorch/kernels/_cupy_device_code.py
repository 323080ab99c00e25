"""CUDA source for expressions: the partial derivatives of `keratorch.ops._partials` as C++.

Operators become C++ operators. Functions become calls of small device functions, which take their
bodies from CuPy's own ufuncs: the values are those of the installed version of CuPy.
"""

from __future__ import annotations

import math
import re
from typing import Any

import cupy as cp

from ..backends import _special
from ..ops import _partials
from ..ops._partials import Expr, ExprNamespace

#: dtype character -> the character of the type to compute in.
COMPUTED_IN = {"e": "f", "E": "f", "f": "f", "d": "d", "F": "F", "D": "D"}
C_TYPES = {"f": "float", "d": "double", "F": "complex<float>", "D": "complex<double>", "?": "bool"}
#: Array API name -> CuPy's name, where that differs in some version of CuPy.
_UFUNCS = {
    "pow": "power",
    "divide": "true_divide",
    "abs": "absolute",
    "conj": "conjugate",
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "atan2": "arctan2",
}
_SYMBOLS = _partials.OPERATORS | {"logical_and": "&&", "logical_or": "||"}
#: Operators that become calls of CuPy's ufuncs.
_CALLED = frozenset(["pow", "remainder"])
#: A macro, an array with its elements, or a function with its body.
_DEFINITION = re.compile(
    r"#define\s+(\w+)|(\w+)\s*\[[^\]]*\]\s*=|(\w+)\s*\([^;{}()]*\)\s*\{", re.MULTILINE
)
_KEYWORDS = frozenset(["if", "for", "while", "switch"])
_ORDERED = frozenset(["less", "less_equal", "greater", "greater_equal"])


class NoDeviceCode(Exception):
    """No CUDA source can be generated for an expression; the message says what is missing."""


def type_character(dtype: Any) -> str | None:
    """The character of the type to compute in for arrays of `dtype`; `None` if there is none."""
    return "f" if dtype.name == "bfloat16" else COMPUTED_IN.get(dtype.char)


def real_of(char: str) -> str:
    """The character of the real type of the same precision."""
    return char.lower()


class Writer:
    """Turns expressions into C++ statements; common parts are computed once.

    char : the type to compute in, one of ``f d F D``.
    """

    def __init__(self, char: str) -> None:
        self.char = char
        self.type = C_TYPES[char]
        self.lines: list[str] = []
        self.preambles: dict[str, None] = {}
        self._functions: dict[str, str] = {}
        self._names: dict[int, str] = {}  # number of a value -> its name
        self._numbers: dict[Any, int] = {}  # function and arguments of a value -> its number
        self._seen: dict[int, int] = {}  # id of an expression -> the number of its value
        self._kept: list[Expr] = []  # kept alive, so that no `id` is used again
        self._is_bool: dict[str, bool] = {}

    @property
    def preamble(self) -> str:
        """The code that must precede the kernel; `NoDeviceCode` where names may collide."""
        defined: set[str] = set()
        for names in map(_defined, self.preambles):
            if defined & names:
                raise NoDeviceCode(
                    "two functions of CuPy whose device code cannot stand together: both define "
                    f"{', '.join(sorted(defined & names))}"
                )
            defined |= names
        return "\n".join([*self.preambles, *self._functions.values()])

    def declare(self, name: str, text: str, boolean: bool = False) -> None:
        """Add a statement that gives `name` the value of `text`."""
        self.lines.append(f"const {'bool' if boolean else self.type} {name} = {text};")
        self._is_bool[name] = boolean

    def value(self, expr: Expr) -> str:
        """A name or a constant with the value of `expr`, in the type to compute in."""
        name = self.any(expr)
        return self._as_value(name)

    def any(self, expr: Expr) -> str:
        """As `value`, but a comparison stays a ``bool``."""
        if expr.is_variable:
            return expr.value
        if expr.is_constant:
            return self.constant(expr.value)
        number = self._number(expr)
        found = self._names.get(number)
        if found is None:
            text, boolean = self._text(expr)
            found = f"t{number}"
            self.declare(found, text, boolean)
            self._names[number] = found
        return found

    def constant(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, complex):
            if self.char not in "FD":
                raise NoDeviceCode("a complex number among real ones")
            real = C_TYPES[real_of(self.char)]
            return f"{self.type}(({real}){_literal(value.real)}, ({real}){_literal(value.imag)})"
        return f"{self.type}(({C_TYPES[real_of(self.char)]}){_literal(float(value))})"

    def _as_value(self, name: str) -> str:
        if name in ("true", "false") or self._is_bool.get(name):
            return f"({name} ? {self.type}(1) : {self.type}(0))"
        return name

    def _as_bool(self, name: str) -> str:
        if name in ("true", "false") or self._is_bool.get(name):
            return name
        return f"({name} != {self.type}(0))"

    def _number(self, expr: Expr) -> int:
        """The number of the value of `expr`; expressions of the same value share it."""
        found = self._seen.get(id(expr))
        if found is None:
            if expr.is_constant or expr.is_variable:
                made_of: Any = (expr.name, type(expr.value), repr(expr.value))
            else:
                made_of = (expr.name, *(self._number(a) for a in expr.args))
            found = self._numbers.setdefault(made_of, len(self._numbers))
            self._seen[id(expr)] = found
            self._kept.append(expr)
        return found

    def _text(self, expr: Expr) -> tuple[str, bool]:
        """The C++ text of one step, and whether its type is ``bool``."""
        name = expr.name
        if name.startswith(_partials.SPECIAL):
            return self._special(name.removeprefix(_partials.SPECIAL), expr.args)
        if name == "where":
            c, a, b = (self.any(x) for x in expr.args)
            return f"{self._as_bool(c)} ? {self._as_value(a)} : {self._as_value(b)}", False
        if name in ("ones_like", "zeros_like"):
            return self.constant(1.0 if name == "ones_like" else 0.0), False
        if name == "negative":
            return f"-{self.value(expr.args[0])}", False
        if name in ("real", "imag") and self.char in "FD":
            return f"{self.type}({self.value(expr.args[0])}.{name}())", False
        if name == "logical_not":
            return f"!{self._as_bool(self.any(expr.args[0]))}", True
        if name in ("logical_and", "logical_or"):
            a, b = (self._as_bool(self.any(x)) for x in expr.args)
            return f"{a} {_SYMBOLS[name]} {b}", True
        if name in ("equal", "not_equal"):
            a, b = (self.any(x) for x in expr.args)
            if self._truth(a) and self._truth(b):
                return f"{a} {_SYMBOLS[name]} {b}", True
            return f"{self._as_value(a)} {_SYMBOLS[name]} {self._as_value(b)}", True
        if name in _SYMBOLS and name not in _CALLED:
            a, b = (self.value(x) for x in expr.args)
            if name in _ORDERED and self.char in "FD":
                if not all(map(_is_real, expr.args)):
                    raise NoDeviceCode(f"{name} of complex numbers")
                return f"{a}.real() {_SYMBOLS[name]} {b}.real()", True
            return f"{a} {_SYMBOLS[name]} {b}", name in _partials.COMPARISONS
        ufunc = getattr(cp, _UFUNCS.get(name, name), None)
        return self._call(name, ufunc, [self.value(x) for x in expr.args])

    def _truth(self, name: str) -> bool:
        return name in ("true", "false") or self._is_bool.get(name, False)

    def _special(self, name: str, args: tuple[Expr, ...]) -> tuple[str, bool]:
        if self.char in "FD":
            raise NoDeviceCode(f"special.{name} of complex numbers")
        import cupyx.scipy.special

        composed = _composed(name, args)
        if composed is not None:
            return self.value(composed), False
        ufunc = getattr(cupyx.scipy.special, name, None)
        return self._call(f"special.{name}", ufunc, [self.value(x) for x in args])

    def _call(self, name: str, ufunc: Any, args: list[str]) -> tuple[str, bool]:
        """A call of a device function made from CuPy's ufunc, and whether its type is ``bool``."""
        if not isinstance(ufunc, cp.ufunc):
            raise NoDeviceCode(f"CuPy has no ufunc {name}")
        found = _loop(ufunc, self.char, len(args))
        if found is None and self.char == "f":
            found = _loop(ufunc, "d", len(args))
        if found is None:
            raise NoDeviceCode(f"CuPy has no {name} of {self.type}")
        op, char = found
        function = f"kt_{name.replace('.', '_')}_{char}"
        out_char = op.out_types[0].char
        if out_char not in C_TYPES:
            raise NoDeviceCode(f"{name} is neither a number of the same kind nor a truth value")
        if function not in self._functions:
            self._functions[function] = _device_function(function, op, char, len(args))
            if ufunc._preamble:
                self.preambles[ufunc._preamble] = None
        call = f"{function}({', '.join(args)})"
        if out_char == "?":
            return call, True
        return f"{self.type}({call})", False


def _is_real(expr: Expr) -> bool:
    """Whether a complex number that C++ computes for `expr` has no imaginary part."""
    if expr.is_constant:
        return not isinstance(expr.value, complex)
    if expr.name in ("negative", "multiply"):
        return all(map(_is_real, expr.args))
    return expr.name in ("abs", "imag", "real")


def _loop(ufunc: Any, char: str, nin: int) -> tuple[Any, str] | None:
    """The loop of a ufunc for `nin` arguments of type `char`, and `char`; `None` without one."""
    for op in ufunc._ops.ops:
        if len(op.in_types) == nin and all(t.char == char for t in op.in_types):
            return (op, char) if isinstance(op.routine, str) else None
    return None


def _device_function(name: str, op: Any, char: str, nin: int) -> str:
    """The source of a device function that computes the loop `op` of a ufunc."""
    kind, out = C_TYPES[char], C_TYPES[op.out_types[0].char]
    params = ", ".join(f"{kind} in{i}" for i in range(nin))
    types = "".join(f"  typedef {kind} in{i}_type;\n" for i in range(nin))
    return (
        f"static __device__ {out} {name}({params}) {{\n{types}  typedef {out} out0_type;\n"
        f"  out0_type out0;\n  {op.routine};\n  return out0;\n}}\n"
    )


def _composed(name: str, args: tuple[Expr, ...]) -> Expr | None:
    """A special function that keratorch composes of others, as an expression; else `None`."""
    if name in _special.GENERAL:
        try:
            return _special.GENERAL[name](ExprNamespace(), *args)
        except TypeError as error:
            raise NoDeviceCode(f"special.{name} does what expressions cannot: {error}") from error
    if name == "polygamma":  # a Python function in CuPy, not a ufunc
        needed, function = _special.COMPOSED[name]
        parts = [_special_of(n) for n in needed]
        return function(ExprNamespace(), *parts, *args)
    return None


def _special_of(name: str) -> Any:
    return lambda *args: Expr(_partials.SPECIAL + name, args)


def _literal(value: float) -> str:
    if math.isnan(value):
        return "CUDART_NAN"
    if math.isinf(value):
        return "CUDART_INF" if value > 0 else "-CUDART_INF"
    return f"({value!r})"


def _defined(preamble: str) -> set[str]:
    """The names that CUDA source defines: macros, arrays and functions."""
    return {name for match in _DEFINITION.findall(preamble) for name in match if name} - _KEYWORDS
