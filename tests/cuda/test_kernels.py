"""The kernels of the CuPy backend against the general rules, on every row of the spec table."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from keratorch.core.order import collect
from keratorch.ops._elementwise import ElementwiseGrad
from tests.op_checks import TOLERANCE, call, dtype_name, on_device, on_host, random_like
from tests.op_specs import COMPLEX, OPS, Op, Sample

#: Operations whose rule is a kernel written by hand.
BY_HAND = {
    *("AbsGrad", "LogSoftmaxGrad", "LogSumExpGrad", "MaxGrad", "MinGrad", "SoftmaxGrad"),
    *("StdGrad", "VarGrad", "WhereGrad"),
}
DTYPES = ("float32", "complex64", "float64", "complex128")


def subclasses(cls: type) -> list[type]:
    return [s for c in cls.__subclasses__() for s in (c, *subclasses(c))]


def with_kernels() -> list[Op]:
    """The rows that leave a `Grad` with a kernel."""
    names = BY_HAND | {c.__name__ for c in subclasses(ElementwiseGrad)}
    return [op for op in OPS if op.grad in names]


def backend():
    return kt.backends.get("cupy")


def spread_out(raw: Any) -> Any:
    """The same values, every second in memory and the other way round."""
    import cupy

    with raw.device:
        wide = cupy.zeros((*raw.shape[:-1], 2 * raw.shape[-1]), raw.dtype)
        view = wide[..., ::-2]
        view[...] = raw
        return view


def nodes_of(op: Op, sample: Sample, raws: list[Any]) -> list[Any]:
    """The nodes of the row's `Grad` that a call on these arrays leaves."""
    inputs = [x if type(x) in (int, float) else kt.GradArray(x) for x in raws]
    results = call(op, sample, inputs)
    nodes = collect([y._edge for y in results if y._edge is not None])
    return [n for n in nodes if type(n).__name__ == op.grad]


def moved(node: Any, place: Any) -> Any:
    """A node as `node`, with its arrays where `place` puts them."""
    new = object.__new__(type(node))
    for name in ("_edges", "shape", "dtype"):
        setattr(new, name, getattr(node, name))
    new._saved = tuple(place(v) if isinstance(v, np.ndarray) else v for v in node._saved)
    for name in type(node).__slots__ + type(node).__mro__[1].__slots__:
        if name[0] != "_" and name not in ("shape", "dtype"):
            value = getattr(node, name)
            setattr(new, name, place(value) if isinstance(value, np.ndarray) else value)
    return new


def check(device, op: Op, sample: Sample, dtype: str, spread: bool = False) -> None:
    """The kernel gives what the general rule gives on NumPy."""
    for node in nodes_of(op, sample, sample.inputs(dtype)):
        name = dtype_name(node.dtype)
        seed = random_like(node.shape, name, sample.name)
        if seed.size > 1:
            seed.flat[0] = 0  # where a partial that is not finite counts as 0
        with np.errstate(all="ignore"):
            wanted = type(node).backward(node, seed)

        def place(a: np.ndarray) -> Any:
            raw = on_device(device, a)
            return spread_out(raw) if spread and raw.ndim else raw

        found = backend().rules[type(node)](moved(node, place), place(seed))
        assert len(found) == len(wanted) == len(node._edges)
        for edge, g, w in zip(node._edges, found, wanted, strict=True):
            if edge is None:
                continue
            if g is None or w is None:
                assert g is w
                continue
            w = np.asarray(w if edge.dtype.kind == "c" else w.real)
            assert g.shape == w.shape
            assert g.dtype in (edge.dtype, node.dtype)
            np.testing.assert_allclose(on_host(g), w, **TOLERANCE[dtype_name(g.dtype)])


#: Samples that need a kernel of another layout or other scalars than the main one; small ones
#: (0-d, empty, one element) need none.
MORE = {"(3,1)_(1,4)", "(3)_1.5", "1.5_(3)", "(4)_(3,4)"}


@pytest.mark.parametrize("op", with_kernels(), ids=lambda op: op.name)
def test_a_kernel_computes_the_general_rule(device, op, full, samples):
    """Every shape of the table: 0-d, empty, broadcast, Python scalars; and one not contiguous."""
    for i, sample in enumerate(op.samples):
        small = all(np.size(x) < 2 for x in sample.inputs("float64"))
        dtypes = [d for d in DTYPES if d in op.dtypes_of(sample)]
        if not full:  # float32 and complex64; the others are test_op's
            more = i == 0 or small or sample.name in MORE or op.grad in BY_HAND
            wanted = {"float32": more, "complex64": i == 0}
            dtypes = [d for d in dtypes if wanted.get(d)]
        for dtype in dtypes:
            samples.check(f"{sample.name}-{dtype}", check, device, op, sample, dtype)
    main = op.samples[0]
    dtype = next(d for d in DTYPES if d in op.dtypes_of(main))
    samples.check(f"{main.name}-{dtype}-spread", check, device, op, main, dtype, True)


def test_every_row_has_its_kernel(device):
    """Each of the rows above is computed by a kernel, whatever its real dtype."""
    from keratorch.kernels._cupy_elementwise import has_generated_rule, make_kernel
    from keratorch.kernels._cupy_fused import RULES

    classes = {c.__name__: c for c in subclasses(ElementwiseGrad) if c.__module__[:4] == "kera"}
    for cls in classes.values():
        assert has_generated_rule(cls)
        for char in "fd":
            nothing = (None,) * (cls.arity + 1)
            for masked in (False, True):
                make_kernel(cls, (True,) * cls.arity, nothing, masked, char)
    assert {cls.__name__ for cls in RULES} == BY_HAND


#: Rules that have no kernel for complex numbers: none of these functions takes them. `i0e` and
#: `i1e` take none either, but their rules compare |x| alone, so a kernel could be made.
REAL_ONLY = {
    *("BetaGrad", "BetaIncGrad", "BetalnGrad", "ClipGrad", "DigammaGrad", "GammaGrad"),
    *("GammaIncCGrad", "GammaIncGrad", "GammalnGrad", "I0Grad", "I1Grad"),
    *("J0Grad", "J1Grad", "LogNdtrGrad", "PolygammaGrad", "ReLUGrad", "RemainderGrad"),
    *("SincGrad", "XLog1PYGrad", "XLogYGrad", "ZetaGrad"),
}


def test_rules_without_a_complex_kernel(device):
    """They are of functions that take real numbers only, and fall back to the general rule."""
    from keratorch.kernels._cupy_device_code import NoDeviceCode
    from keratorch.kernels._cupy_elementwise import make_kernel

    without = set()
    for cls in subclasses(ElementwiseGrad):
        if cls.__module__.startswith("keratorch."):
            try:
                make_kernel(cls, (True,) * cls.arity, (None,) * 4, False, "F")
            except NoDeviceCode:
                without.add(cls.__name__)
    assert without >= REAL_ONLY
    rows = {op.grad for op in OPS if any(d in COMPLEX for s in op.samples for d in op.dtypes_of(s))}
    assert not without & rows


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("selected", [True, False])
def test_masked_zeros(device, masked, selected):
    """Below a selection an infinite partial counts as 0 where the gradient is 0.

    The policy can say otherwise.
    """
    kt.set_policy(masked_zeros=masked)
    try:
        for dtype in ("float32", "complex64"):
            x = kt.GradArray(on_device(device, np.array([0, 0, 4], dtype)))
            seed = kt.asarray(on_device(device, np.array([0, 1, 2], dtype)))
            y = kt.log(x)
            if selected:
                y.backward(seed)
            else:
                kt.real(kt.sum(y * seed)).backward()
            g = on_host(x.grad)
            assert g[2] == 0.5
            assert g[0] == 0 if masked and selected else np.isnan(g[0])
            assert not np.isfinite(g[1])
    finally:
        kt.set_policy(masked_zeros=True)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize(
    "values",
    [
        [-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 1.0], [1.0, np.nan], [-np.inf, 3.0],
        [3.0, -np.inf], [1000.0, 999.0], [-1000.0, -1001.0], [2.0],
    ],
)  # fmt: skip
def test_softmax_of_extremes(device, name, values):
    """As on NumPy, where it is composed: infinities, NaN, large numbers."""
    function = getattr(kt.special, name)
    for dtype in ("float64", "float32"):
        with np.errstate(invalid="ignore"):
            wanted = function(kt.asarray(np.array(values, dtype))).numpy()
        found = function(kt.asarray(on_device(device, np.array(values, dtype)))).numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_softmax_of_long_rows(device, rng):
    """Rows that many threads share."""
    values = 30 * rng.standard_normal((3, 5000))
    for name in ("softmax", "log_softmax", "logsumexp"):
        function = getattr(kt.special, name)
        x, y = kt.GradArray(values), kt.GradArray(on_device(device, values))
        for v in (x, y):
            out = function(v, axis=1)
            (out * out).sum().backward()
        np.testing.assert_allclose(on_host(y.grad), x.grad, rtol=1e-10, atol=1e-13)


# -- float16 -------------------------------------------------------------------------------------


def test_float16_is_computed_in_float32(device):
    """e⁻⁹·(1 − e⁻⁹) and 1/300² leave the range of float16 only at the end."""
    x = kt.GradArray(on_device(device, np.array([300.0], "float16")))
    y = kt.reciprocal(x)  # −1/x²: x·x is 90000, beyond the largest float16
    y.backward(on_device(device, np.array([1.0], "float16")))
    np.testing.assert_allclose(on_host(x.grad), [-1 / 90000], rtol=5e-2)
    assert x.grad.dtype == "float16"


def test_float16_sums_accumulate_in_float32(device):
    """4096 ones: in float16, 2048 + 1 is 2048."""
    x = kt.GradArray(on_device(device, np.ones((4096,), "float16")))
    assert kt.sum(x).item() == 4096
    b = kt.GradArray(on_device(device, np.ones((1,), "float16")))
    (b + x.detach()).backward(on_device(device, np.ones(4096, "float16")))
    assert float(on_host(b.grad)[0]) == 4096
    (kt.special.softmax(x, axis=0) * 4096).sum().backward()
    assert np.all(np.isfinite(on_host(x.grad)))


HALF_SUMS = {
    "sum": kt.sum,
    "prod": kt.prod,
    "mean": kt.mean,
    "var": kt.var,
    "cumulative_sum": kt.cumulative_sum,
    "cumulative_prod": kt.cumulative_prod,
    "broadcast": lambda x: x + kt.zeros(4096, dtype="float16", device=x.device),
}


@pytest.mark.parametrize("name", HALF_SUMS)
def test_no_float16_sum_is_left_to_cub(device, name):
    """CUB's functions, which CuPy calls on GPUs, accumulate in the dtype of the array."""
    cuda_stand_in = pytest.importorskip("tests.cuda_stand_in")
    if not cuda_stand_in.installed():
        pytest.skip("without the stand-in nothing tells the kernels")
    x = leaf_of_halves(device, 1 if name == "broadcast" else 4096)
    with cuda_stand_in.counters.watch() as seen:
        y = HALF_SUMS[name](x)
        y.backward(on_device(device, np.ones(y.shape, "float16")))
    assert y.dtype == x.grad.dtype == "float16"
    # Its rule is a quotient of float32 sums.
    allowed = ("cupy_cub_sum",) if name == "cumulative_prod" else ()
    theirs = [k for k in seen.kernels if k.startswith(("cupy_sum", "cupy_prod", "cupy_cub_sum"))]
    assert all(k.startswith(allowed) for k in theirs)


def leaf_of_halves(device, size: int) -> kt.GradArray:
    return kt.GradArray(on_device(device, np.ones(size, "float16")))


def test_float16_ties_count_beyond_2048(device):
    x = kt.GradArray(on_device(device, np.ones((4096,), "float16")))
    kt.max(x).backward()
    np.testing.assert_allclose(on_host(x.grad), 1 / 4096)


def test_python_scalars_have_the_dtype_of_the_array(device):
    """0.1 beside float16 is float16's 0.1, also in the kernel: maximum ties there."""
    x = kt.GradArray(on_device(device, np.array([0.1, 0.2], "float16")))
    kt.maximum(x, 0.1).backward(on_device(device, np.ones(2, "float16")))
    np.testing.assert_array_equal(on_host(x.grad), [0.5, 1.0])


# -- subnormal numbers ---------------------------------------------------------------------------

#: Functions whose gradients at float32 numbers below 1.2e-38 are those at 0.
FLUSHED = {
    "abs": kt.abs,
    "sqrt": kt.sqrt,
    "log": kt.log,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "tanh": kt.tanh,
    "maximum": lambda x: kt.maximum(x, 0.0),
    "where": lambda x: kt.where(x > 0, kt.log(x), 0.0),
    "hypot": lambda x: kt.hypot(x, x),
    "cbrt": kt.special.cbrt,
    "sinc": kt.special.sinc,
}


@pytest.mark.parametrize("name", FLUSHED)
def test_subnormal_float32_numbers_count_as_0(device, name):
    """CuPy compiles with -ftz=true. The gradient is that at 0, and nothing that is 0/0 by flushing.

    The values of functions such as `log` are NVIDIA's, which the stand-in does not have.
    """
    cuda_stand_in = pytest.importorskip("tests.cuda_stand_in")
    if not cuda_stand_in.installed():
        pytest.skip("the stand-in compares the two")
    found = []
    for size, flushed in ((1e-40, True), (0.0, False)):
        x = kt.GradArray(on_device(device, np.array([size, -size], "float32")))
        block = cuda_stand_in.counters.subnormals_flushed() if flushed else nullcontext()
        with block, np.errstate(all="ignore"):
            y = FLUSHED[name](x)
            y.backward(on_device(device, np.ones(2, "float32")))
        found.append(on_host(x.grad))
    np.testing.assert_array_equal(*found)


# -- rules of others -----------------------------------------------------------------------------


def test_a_rule_of_ones_own_goes_before_the_kernel(device):
    """Kernels are in the backend's table, where `register` replaces them."""
    from keratorch.ops.trigonometric import SinGrad

    rules = backend().rules
    before = rules[SinGrad]
    kt.backends.register("cupy", rules={SinGrad: lambda node, grad: (grad * 7,)})
    try:
        x = kt.GradArray(on_device(device, np.array([0.5])))
        kt.sin(x).backward()
        assert on_host(x.grad)[0] == 7
    finally:
        dict.__setitem__(rules, SinGrad, before)


def test_an_operation_of_ones_own_gets_a_kernel(device):
    """An `ElementwiseGrad` of a user: its partials are all that a kernel needs."""

    class CubeGrad(ElementwiseGrad):
        @staticmethod
        def partials(xp, x, y):
            return (3 * x**2 % 100 + xp.hypot(x, x) * 0,)

    x = kt.GradArray(on_device(device, np.array([1.0, 2.0])))
    node = object.__new__(CubeGrad)
    node._edges, node._saved = (x._edge,), (x._array, None)
    node.shape, node.dtype = x.shape, x.dtype
    grad = on_device(device, np.array([1.0, 10.0]))
    (found,) = backend().rules[CubeGrad](node, grad)
    np.testing.assert_allclose(on_host(found), [3.0, 120.0])
    rule = backend().rules[CubeGrad]
    assert rule is backend().rules[CubeGrad]
