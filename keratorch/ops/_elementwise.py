"""Elementwise operations: the `Grad` base of their rules, and the makers of their functions.

A subclass states its partial derivatives and nothing else. The general reverse rule, the
forward rule, and the kernels of backends all come from that statement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from ..backends import _registry
from ..backends._dtypes import is_complex_dtype, is_narrow
from ..core.array import GradArray
from ..core.convert import SCALARS, as_operand, check_devices, is_table
from ..core.grad import Grad, next_seq
from ..core.mode import mode, policy
from ..core.recording import attach, constant, recorders, ref_to, unrecorded
from ..errors import DTypeError, KeratorchError, ShapeError
from ..typing import ArrayLike
from ._operands import is_complex, namespace, widened
from ._pandas import takes_table
from ._partials import Expr, namespace_function, trace
from ._propagating import record_elementwise
from ._undetermined import marked, undetermined

#: The types of the elementwise functions of one array and of two.
Unary: TypeAlias = Callable[[ArrayLike], GradArray]
Binary: TypeAlias = Callable[[ArrayLike, ArrayLike], GradArray]

_new = object.__new__
recorders.append(globals())


class ElementwiseGrad(Grad):
    """An elementwise function of some arrays, given by its partial derivatives.

    A subclass defines ``partials(xp, x, y)`` or ``partials(xp, x1, x2, y)``, where ``y`` is the
    output. It returns a tuple of ∂y/∂xᵢ, written with operators and functions of the Array API.
    For a holomorphic function the gradient of a complex input is conj(∂y/∂x)·grad.

    Below a selection (`Node.selects`) a partial that is not finite counts as 0 where grad is 0.
    """

    __slots__ = ()

    #: Whether a partial can be infinite or NaN where the function is finite, or where an input is
    #: on the border of the domain. In forward mode such a partial counts as 0 where the tangent is
    #: 0. In reverse mode this goes for every elementwise rule, but only below a selection.
    unbounded: ClassVar[bool] = False
    #: ``kinks(xp, i, x, y)`` or ``kinks(xp, i, x1, x2, y)``: for each input, where partial `i` has
    #: no derivative in it. See `_undetermined`. An input whose value is `None` is a constant.
    kinks: Any = None
    #: The names of the inputs without a derivative. They come first, and their partial is 0.
    constants: ClassVar[tuple[str, ...]] = ()
    saves: ClassVar[tuple[int | None, ...]]
    fresh: ClassVar[bool]
    arity: ClassVar[int]
    exprs: ClassVar[tuple[Expr, ...]]
    #: Of each partial, whether it is finite whatever the inputs are.
    finite: ClassVar[tuple[bool, ...]]
    #: Whether the partials are more than an input or a number. In float16 and bfloat16 such
    #: partials are computed in float32: their parts may over- or underflow, or cancel.
    computes: ClassVar[bool]
    _functions: ClassVar[dict[tuple[bool, bool], Callable[..., Any]]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "partials" not in cls.__dict__:
            return
        cls.arity = cls.partials.__code__.co_argcount - 2
        cls.exprs = trace(cls.partials, cls.arity)
        cls.finite = tuple(e.is_finite() for e in cls.exprs)
        cls.computes = any(e.args for e in cls.exprs)
        cls.saves = (*range(cls.arity), -1)
        cls.fresh = not any(e.is_constant for e in cls.exprs)
        cls._functions = {}

    @staticmethod
    def partials(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """∂y/∂xᵢ for each input, computed from the namespace, the inputs and the output."""
        raise NotImplementedError

    @staticmethod
    def complex_partials(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The partials for a complex output; without this method `partials` serves there too."""
        raise NotImplementedError

    @staticmethod
    def recorded_partials(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The partials in a form whose own derivatives are right too; it may take longer.

        Without this method `partials` serves where a rule is recorded. It reads no other values.
        """
        raise NotImplementedError

    @classmethod
    def reads(cls, i: int) -> frozenset[str]:
        """The names of the saved values that partial `i` reads."""
        return cls.exprs[i].variables()

    @classmethod
    def partial_exprs(cls, in_complex: bool = False, recorded: bool = False) -> tuple[Expr, ...]:
        """The partials as expressions.

        For a complex output they are those of `complex_partials`, and for a rule that is recorded
        those of `recorded_partials`, where the class has such a method.
        """
        if in_complex and "complex_partials" in cls.__dict__:
            return trace(cls.complex_partials, cls.arity)
        if recorded and "recorded_partials" in cls.__dict__:
            return trace(cls.recorded_partials, cls.arity)
        return cls.exprs

    @classmethod
    def partial_function(
        cls, in_complex: bool = False, recorded: bool = False
    ) -> Callable[..., Any]:
        """``f(xp, i, x0, …, y)``: partial `i` over any namespace; compiled once."""
        found = cls._functions.get((in_complex, recorded))
        if found is None:
            exprs = cls.partial_exprs(in_complex, recorded)
            found = namespace_function(f"{cls.__name__}_partial", exprs)
            cls._functions[in_complex, recorded] = found
        return found

    def backward(self, grad: Any) -> tuple[Any, ...]:
        edges = self._edges or ()
        xp, values = self._operands(grad)
        return tuple(
            [
                None if edge is None else self._times(xp, grad, i, values, conjugate=True)
                for i, edge in enumerate(edges)
            ]
        )

    def jvp(self, *tangents: Any) -> Any:
        total = None
        for i, t in enumerate(tangents):
            if t is None:
                continue
            xp, values = self._operands(t)
            term = self._times(xp, t, i, values, conjugate=False)
            if term is not None:
                total = term if total is None else total + term
        if total is not None and total.dtype != self.dtype:  # computed in float32
            total = namespace(total).astype(total, self.dtype)
        return total

    def _operands(self, like: Any) -> tuple[Any, tuple[Any, ...]]:
        """The namespace of `like`, and the saved values as arrays of it."""
        values = self.saved(like)
        if self.computes and is_narrow(self.dtype):
            values = tuple([v if type(v) in SCALARS or v is None else widened(v) for v in values])
        wrapped = type(like) is GradArray
        raw = like._array if wrapped else like
        backend = _registry.of(raw)
        if any(type(v) in SCALARS for v in values):
            arrays = [backend.scalar(v, raw) if type(v) in SCALARS else v for v in values]
            if wrapped:
                arrays = [constant(v) if type(v) is type(raw) else v for v in arrays]
            values = tuple(arrays)
        return (like.__array_namespace__() if wrapped else backend.xp), values

    def _times(self, xp: Any, grad: Any, i: int, values: tuple[Any, ...], conjugate: bool) -> Any:
        """`grad` times partial `i`."""
        expr = self.exprs[i]
        if expr.is_constant:
            if expr.value == 0:
                return None
            if expr.value == 1:
                return grad
            return -grad if expr.value == -1 else grad * expr.value
        in_complex = is_complex_dtype(self.dtype)
        partial = self.partial_function(in_complex, type(grad) is GradArray)
        p = partial(xp, i, *values)
        if conjugate and in_complex and is_complex(p):
            p = xp.conj(p)
        if not self.finite[i]:
            product = self._product(xp, grad, p, conjugate)
            return self._at_kinks(xp, grad, i, values, product)
        if self.selects and not conjugate:  # `p` is constant between the kinks
            return xp.where(p != 0, grad * p, 0.0)
        return self._at_kinks(xp, grad, i, values, grad * p)

    def _at_kinks(self, xp: Any, grad: Any, i: int, values: tuple[Any, ...], product: Any) -> Any:
        """`product`, of `grad` and partial `i`, without a derivative at the kinks."""
        kinks = type(self).kinks
        if kinks is None or type(product) is not GradArray:
            return product
        marks = kinks(xp, i, *values)
        pairs = [
            (x, marked(m, grad))
            for x, m in zip(values, marks, strict=False)
            if x is not None and m is not None
        ]
        return undetermined(product, tuple(x for x, _ in pairs), tuple(m for _, m in pairs))

    def _product(self, xp: Any, grad: Any, p: Any, reverse: bool) -> Any:
        """`grad` times the partial `p`, which may count as 0 where it is not finite."""
        masks = mode.masking if reverse else self.unbounded
        if not masks or not policy.masked_zeros:
            return grad * p
        if type(grad) is not GradArray:
            return xp.where(grad == 0, grad, grad * p)
        p = masked(xp, grad, p)
        product: Any = grad  # `selection.selected_product`, which needs this module
        return product._selected_product(p) if reverse else grad * p


def masked(xp: Any, factor: Any, p: Any) -> Any:
    """The array `p`, 0 where it is not finite and `factor` is 0; for `GradArray`s."""
    raw = p._array
    backend = _registry.of(raw)
    if backend.is_finite(raw):
        return p
    with backend.on_device(raw):
        kept = backend.as_array((factor._array != 0) | backend.xp.isfinite(raw))
    return xp.where(constant(kept), p, 0.0)


# -- the raw functions -------------------------------------------------------------------------


class RawFunctions(dict[type, Callable[..., Any]]):
    """Array type -> the backend's function of one name; found when first needed."""

    __slots__ = ("name", "source")

    def __init__(self, name: str, source: str = "xp") -> None:
        super().__init__()
        self.name = name
        self.source = source
        _registry.on_change(self.clear)

    def __missing__(self, cls: type) -> Callable[..., Any]:
        backend = _registry.by_type[cls]
        if self.source == "special":
            function = backend.special(self.name)
        else:
            function = backend.elementwise(self.name)
        self[cls] = function
        return function


def explained(op: str, error: Exception, *operands: Any) -> Exception:
    """The error to raise for a library's `error`: a `ShapeError` if shapes do not broadcast."""
    shapes = [tuple(x.shape) for x in operands if hasattr(x, "shape")]
    if len(shapes) > 1 and not _broadcast(shapes):
        return ShapeError(
            f"{op}: shapes {' and '.join(map(str, shapes))} do not broadcast: align them with "
            "reshape, or insert axes with None, as in x[:, None]"
        )
    if isinstance(error, TypeError) and not isinstance(error, KeratorchError):
        dtypes = " and ".join(str(x.dtype) for x in operands if hasattr(x, "dtype"))
        if op.startswith("bitwise"):
            takes = "it takes integers or booleans: write a comparison, as x > 0, for a mask"
        elif "complex" in dtypes:
            takes = "it takes real numbers: pass kt.real(x), kt.imag(x) or kt.abs(x)"
        else:
            takes = f"{error}: convert with astype"
        return DTypeError(
            f"{op} of dtype {dtypes}, shape {' and '.join(map(str, shapes))}: {takes}"
        )
    return error


def _broadcast(shapes: list[tuple[int, ...]]) -> bool:
    for sizes in zip(*(s[::-1] + (1,) * (max(map(len, shapes)) - len(s)) for s in shapes)):  # noqa: B905
        if len({n for n in sizes if n != 1}) > 1:
            return False
    return True


# -- the public functions ----------------------------------------------------------------------


def unary(cls: type[ElementwiseGrad], name: str, doc: str, source: str = "xp") -> Unary:
    """The public function of one array that `cls` differentiates."""
    raw_functions = RawFunctions(name, source)
    keep_x = "x0" in cls.reads(0)
    keep_y = "y" in cls.reads(0)

    def function(x: Any, /) -> GradArray:
        if type(x) is not GradArray:
            x = as_operand(x)
        a = x._array
        try:
            y = raw_functions[type(a)](a)
        except (ValueError, TypeError, RuntimeError) as error:
            raise explained(name, error, a) from error
        if type(y) is not type(a):
            y = _registry.of(a).as_array(y)
        edge = x._edge
        if x._tangents is not None:
            return record_elementwise(cls, (x,), y)
        if edge is None or not mode.recording:
            return unrecorded(y)
        node = _new(cls)
        node._edges = (edge,)
        node._saved = (a if keep_x else None, y if keep_y else None)
        return attach(node, y)

    return _named(function, name, doc)


def binary(cls: type[ElementwiseGrad], name: str, doc: str) -> Binary:
    """The public function of two arrays that `cls` differentiates."""
    raw_functions = RawFunctions(name)
    # Which of (x1, x2, y) is read if only x1, only x2, or both are tracked.
    reads = [cls.reads(0), cls.reads(1), cls.reads(0) | cls.reads(1)]
    keep = tuple(("x0" in r, "x1" in r, "y" in r) for r in reads)
    keep_first, keep_second, keep_both = keep

    def function(x1: Any, x2: Any, /) -> GradArray:
        t1, t2 = type(x1), type(x2)
        if t1 is GradArray:
            a = x1._array
            e1 = x1._edge
            tangents = x1._tangents
            if t2 is GradArray:
                b = x2._array
                e2 = x2._edge
                if x2._tangents is not None:
                    tangents = x2._tangents
                if type(a) is not type(b):
                    check_devices(name, a, b)
            elif t2 in SCALARS:
                b, e2 = x2, None
            else:
                return function(x1, as_operand(x2, x1))
            of_type = type(a)
        elif t2 is GradArray and t1 in SCALARS:
            a, e1 = x1, None
            b = x2._array
            e2 = x2._edge
            tangents = x2._tangents
            of_type = type(b)
        else:
            return function(*both_operands(x1, x2))
        try:
            y = raw_functions[of_type](a, b)
        except (ValueError, TypeError, RuntimeError) as error:
            raise explained(name, error, a, b) from error
        if type(y) is not of_type:
            y = _registry.by_type[of_type].as_array(y)
        if tangents is not None:
            return record_elementwise(cls, (x1, x2), y)
        if e1 is None:
            if e2 is None or not mode.recording:
                return unrecorded(y)
            keep_a, keep_b, keep_y = keep_second
        elif not mode.recording:
            return unrecorded(y)
        elif e2 is None:
            keep_a, keep_b, keep_y = keep_first
        else:
            keep_a, keep_b, keep_y = keep_both
        node = _new(cls)
        node._edges = (e1, e2)
        node._saved = (a if keep_a else None, b if keep_b else None, y if keep_y else None)
        # attach(node, y), inline
        node.shape = y.shape
        node.dtype = y.dtype
        node._seq = next_seq()
        out = _new(GradArray)
        out._array = y
        out._grad = out._tangents = None
        out._grad_op = out._edge = node
        node._out = ref_to(out)
        return out

    return _named(function, name, doc)


def constant_unary(name: str, doc: str) -> Unary:
    """The public function of one array whose result is a constant: derivative 0, or none."""
    raw_functions = RawFunctions(name)

    def function(x: Any, /) -> GradArray:
        x = as_operand(x)
        backend = _registry.of(x._array)
        try:
            y = raw_functions[type(x._array)](x._array)
        except TypeError as error:
            raise explained(name, error, x._array) from error
        return unrecorded(backend.as_array(y))

    return _named(function, name, doc)


def constant_binary(name: str, doc: str) -> Binary:
    """The public function of two arrays whose result is a constant, such as a comparison."""
    raw_functions = RawFunctions(name)

    def function(x1: Any, x2: Any, /) -> GradArray:
        if type(x1) not in SCALARS or type(x2) in SCALARS:
            # torch.compile does not follow `is_array` of a GradArray.
            beside = type(x1) is not GradArray and _registry.is_array(x1)
            x1 = as_operand(x1, x2 if beside else None)
        if type(x2) not in SCALARS:
            x2 = as_operand(x2, x1 if type(x1) is GradArray else None)
        a = x1._array if type(x1) is GradArray else x1
        b = x2._array if type(x2) is GradArray else x2
        like = a if type(x1) is GradArray else b
        if type(x1) is type(x2) and type(a) is not type(b):
            check_devices(name, a, b)
        try:
            y = raw_functions[type(like)](a, b)
        except (ValueError, TypeError, RuntimeError) as error:
            raise explained(name, error, a, b) from error
        return unrecorded(_registry.of(like).as_array(y))

    return _named(function, name, doc)


def both_operands(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Both operands ready for an operation: two arrays, or one array and a Python scalar.

    A list becomes an array on the backend and device of the other operand.
    """
    if isinstance(x1, GradArray) or _registry.is_array(x1):
        if type(x2) in (list, tuple):
            x2 = as_operand(x2, as_operand(x1))
        x1 = as_operand(x1, x2)
        return x1, (x2 if type(x2) in SCALARS else as_operand(x2, x1))
    if isinstance(x2, GradArray) or _registry.is_array(x2):
        x2 = as_operand(x2)
        return (x1 if type(x1) in SCALARS else as_operand(x1, x2)), x2
    return as_operand(x1), as_operand(x2)


def is_operand(value: Any, beside: GradArray) -> bool:
    """Whether an operator of `beside` takes `value` on its other side."""
    return (
        type(value) in SCALARS
        or isinstance(value, (GradArray, list, tuple, int, float, complex))
        or _registry.is_array(value)
        or (hasattr(value, "dtype") and type(value).__module__ == "numpy")
        or (is_table(value) and takes_table(beside, value))
    )


def _named(function: Any, name: str, doc: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__module__ = "keratorch"
    parameters = function.__annotations__
    parameters.update(dict.fromkeys(parameters.keys() - {"return"}, "ArrayLike"))
    return function


__all__ = [
    "Binary",
    "ElementwiseGrad",
    "RawFunctions",
    "Unary",
    "binary",
    "both_operands",
    "constant_binary",
    "constant_unary",
    "explained",
    "is_operand",
    "masked",
    "unary",
]
