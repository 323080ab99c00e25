"""CuPy rules made from partial derivatives: one launch for all gradients of an operation.

For ``partials = (1 + y * y,)`` the kernel is, in essence,

    r0 = grad * (1 + y * y)

A complex partial is conjugated. Below a selection another kernel gives 0 where the gradient is 0.
The kernel computes in the type of the gradient (in float32 for float16 and bfloat16). It writes
each result in the dtype of its input, or, if the engine must still sum the result, in the dtype of
the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupy as cp

from ..backends import _special
from ..backends._backend import SCALARS
from ..backends._rules import Rule
from ..core.mode import mode, policy
from ..ops._elementwise import ElementwiseGrad
from ..ops._partials import Expr, ExprNamespace
from ._cupy_device_code import C_TYPES, NoDeviceCode, Writer, real_of, type_character

#: The letters for the types of a kernel's parameters: of its inputs, and of its results.
_INPUT_TYPES = "UVW"
_RESULT_TYPES = "OPQ"


def has_generated_rule(cls: type) -> bool:
    """Whether the rule of `cls` comes from its partials: `cls` has no `backward` of its own."""
    return issubclass(cls, ElementwiseGrad) and cls.backward is ElementwiseGrad.backward


class Kernel:
    """A compiled rule: the kernel, and its arguments.

    reads : the numbers of the inputs that it reads. reads_y : whether it reads the output.
    results : the numbers of the inputs whose gradients it writes.
    """

    __slots__ = ("function", "reads", "reads_y", "results")

    def __init__(
        self, function: Any, reads: tuple[int, ...], reads_y: bool, results: tuple[int, ...]
    ) -> None:
        self.function = function
        self.reads = reads
        self.reads_y = reads_y
        self.results = results


class ElementwiseRule:
    """The rule of an elementwise operation; makes its kernels when they are first needed."""

    __slots__ = ("cls", "general", "kernels", "ones", "zeros")

    def __init__(self, cls: type[ElementwiseGrad]) -> None:
        self.cls = cls
        self.general: Rule = cls.backward
        self.kernels: dict[Any, Kernel | None] = {}
        constants = [e.value if e.is_constant else None for e in cls.exprs]
        #: The inputs whose partial is 1, which get the gradient itself, and those of 0.
        self.ones = frozenset(i for i, v in enumerate(constants) if v is not None and v == 1)
        self.zeros = frozenset(i for i, v in enumerate(constants) if v is not None and v == 0)

    def __call__(self, node: Any, grad: Any) -> tuple[Any, ...]:
        edges = node._edges
        values = node.saved(grad)
        kinds = tuple([type(v) if type(v) in SCALARS else None for v in values])
        needed = tuple([e is not None for e in edges])
        masked = mode.masking and policy.masked_zeros
        dtype = grad.dtype
        key = (needed, kinds, masked, dtype, node.dtype)
        try:
            kernel = self.kernels[key]
        except KeyError:
            kernel = self.kernels[key] = self._made(needed, kinds, masked, dtype, node.dtype)
        if kernel is None:
            return self.general(node, grad)
        found: list[Any] = [
            grad if edge is not None and i in self.ones else None for i, edge in enumerate(edges)
        ]
        if kernel.results:
            args = [grad, *[values[i] for i in kernel.reads]]
            if kernel.reads_y:
                args.append(values[-1])
            for i in kernel.results:
                edge = edges[i]
                # A result that the engine must still sum keeps the precision of the gradient.
                kind = edge.dtype if edge.shape == grad.shape else dtype
                found[i] = cp.empty(grad.shape, kind)
                args.append(found[i])
            kernel.function(*args)
        return tuple(found)

    def _made(
        self, needed: tuple[bool, ...], kinds: tuple[Any, ...], masked: bool, dtype: Any, out: Any
    ) -> Kernel | None:
        """The kernel for one set of inputs and types; `None` where the general rule must serve."""
        char = type_character(dtype)
        if char is None or (char in "FD") != (out.kind == "c"):
            return None
        try:
            return make_kernel(self.cls, needed, kinds, masked, char)
        except NoDeviceCode:
            return None


def make_kernel(
    cls: type[ElementwiseGrad],
    needed: tuple[bool, ...],
    kinds: tuple[Any, ...],
    masked: bool,
    char: str,
) -> Kernel:
    """The kernel that computes the gradients of the `needed` inputs.

    kinds : the types of the saved values that are Python scalars, `None` for arrays.
    masked : whether a partial that is not finite counts as 0 where the gradient is 0.
    char : the type to compute in.

    Raises `NoDeviceCode` where there is no CUDA source.
    """
    exprs = cls.partial_exprs(char in "FD")
    trivial = [e.is_constant and e.value in (0, 1) for e in exprs]
    results = tuple(i for i, n in enumerate(needed) if n and not trivial[i])
    read: frozenset[str] = frozenset().union(*(exprs[i].variables() for i in results))
    reads = tuple(i for i in range(cls.arity) if f"x{i}" in read)
    writer = Writer(char)
    kind = C_TYPES[char]
    writer.declare("g", f"{kind}(grad)")
    params = ["G grad"]
    for i in reads:
        scalar = kinds[i]
        if scalar is None:
            params.append(f"{_INPUT_TYPES[i]} a{i}")
            writer.declare(f"x{i}", f"{kind}(a{i})")
        else:
            if scalar is complex and char not in "FD":
                raise NoDeviceCode("a complex number among real ones")
            params.append(f"{'complex128' if scalar is complex else 'float64'} a{i}")
            # Rounded to the gradient's type first, as the number was in the forward pass.
            writer.declare(f"x{i}", f"{kind}(static_cast<G>({_narrowed(scalar, char)}(a{i})))")
    if "y" in read:
        params.append("Y b")
        writer.declare("y", f"{kind}(b)")
    writes: list[str] = []
    for i in results:
        p = writer.value(exprs[i])
        product = f"q{i}"
        if char in "FD":
            p = f"conj({p})"
        if masked and not exprs[i].is_finite():
            writer.declare(product, f"g == {kind}(0) ? g : g * {p}")
        else:
            writer.declare(product, f"g * {p}")
        writes.append(f"keratorch::write({product}, r{i});")
    outputs = [f"{_RESULT_TYPES[i]} r{i}" for i in results]
    if not results:
        return Kernel(None, reads, False, results)
    function = cp.ElementwiseKernel(
        ", ".join(params),
        ", ".join(outputs),
        "\n".join([*writer.lines, *writes]),
        f"keratorch_{cls.__name__}",
        preamble=WRITE + writer.preamble,
    )
    return Kernel(function, reads, "y" in read, results)


def _narrowed(scalar: type, char: str) -> str:
    """The type that a number is converted to before the gradient's type, which may be float16."""
    if scalar is complex:
        return C_TYPES[char]
    return C_TYPES[real_of(char)]


# -- forward -----------------------------------------------------------------------------------


class _RealVariable(Expr):
    """A variable with the dtype of a real array, for functions that ask for it."""

    __slots__ = ()
    dtype = cp.dtype("float64")


def forward_kernel(name: str, composed: Callable[..., Any]) -> Callable[..., Any]:
    """The special function `name` as one kernel, in place of the several calls of `composed`.

    The kernel serves real arrays of one dtype. `composed` serves all others, and functions for
    which there is no kernel.
    """
    if name not in _special.GENERAL:
        return composed
    kernels: dict[str, Any] = {}

    def function(*arrays: Any) -> Any:
        dtype = arrays[0].dtype
        char = type_character(dtype)
        if char not in ("f", "d") or any(a.dtype != dtype for a in arrays):
            return composed(*arrays)
        if char not in kernels:
            kernels[char] = _forward_kernel(name, char, len(arrays))
        kernel = kernels[char]
        return composed(*arrays) if kernel is None else kernel(*arrays)

    return function


def _forward_kernel(name: str, char: str, arity: int) -> Any:
    """The kernel of a function of `_special.GENERAL`; `None` where it has no CUDA source."""
    variables = [_RealVariable("variable", value=f"x{i}") for i in range(arity)]
    writer = Writer(char)
    for i in range(arity):
        writer.declare(f"x{i}", f"{C_TYPES[char]}(a{i})")
    try:
        result = writer.value(_special.GENERAL[name](ExprNamespace(), *variables))
        preamble = writer.preamble
    except (NoDeviceCode, TypeError, AttributeError):
        return None
    return cp.ElementwiseKernel(
        ", ".join(f"T a{i}" for i in range(arity)),
        "T r",
        "\n".join([*writer.lines, f"r = static_cast<T>({result});"]),
        f"keratorch_{name}",
        preamble=preamble,
    )


#: Converts a computed value to the type of a result; takes the real part for a real result.
WRITE = """
namespace keratorch {
template <typename T, typename R> __device__ inline void write(T value, R& result) {
  result = static_cast<R>(value);
}
template <typename T, typename R> __device__ inline void write(complex<T> value, R& result) {
  result = static_cast<R>(value.real());
}
template <typename T, typename R>
__device__ inline void write(complex<T> value, complex<R>& result) {
  result = complex<R>(static_cast<R>(value.real()), static_cast<R>(value.imag()));
}
}
"""
