"""What errors say: what was asked, why it cannot be, and what to write instead.

One row per bad call. Which class of error a call raises is looked at in `test_errors.py` too; here
it is the words. Missing names are at the end.
"""

import difflib
import io
import sys

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as mirror
from keratorch.core.shown import shown
from keratorch.interop._missing import ATTRIBUTES, MODULE, SUBMODULES, Missing


def leaf(*shape, dtype=float):
    return kt.GradArray(np.ones(shape, dtype=dtype))


X = leaf(2, 3)
V = leaf(3)
S = leaf()
COMPLEX = leaf(2, dtype=complex)
INTEGERS = kt.asarray([1, 2])
EMPTY = leaf(0)
PLAIN = np.ones(3)


def set_item(x, key, value):
    x[key] = value


# The ten that were the worst: the call, the error, and what its message must hold.
WORST = [
    (
        lambda: kt.GradArray([1, 2]).backward(),
        kt.NotTrackedError,
        ["backward()", "int64", "(2,)", "only floating and complex", "kt.GradArray([1.0, 2.0])"],
    ),
    (
        lambda: kt.asarray([1.0]).backward(),
        kt.NotTrackedError,
        [
            "backward()",
            "(1,)",
            "which asarray(), detach() and GradArray of integers make",
            "no_grad()",
            "x = kt.GradArray(data, dtype=float)",
        ],
    ),
    (
        lambda: V.astype("int64", casting="safe"),
        kt.DTypeError,
        ["astype", "float64", "int64", "(3,)", "'safe'", "every value", "x.astype('int64')"],
    ),
    (
        lambda: V.astype("float32", casting="equiv"),
        kt.DTypeError,
        ["astype", "float64", "float32", "'equiv'", "no other dtype", "x.astype('float32')"],
    ),
    (
        lambda: V.astype("int32", casting="same_kind"),
        kt.DTypeError,
        ["astype", "float64", "int32", "same kind", "above it", "x.astype('int32')"],
    ),
    (
        lambda: V.astype("int64", casting="bold"),
        kt.DTypeError,
        ["astype", "'bold'", "no, equiv, safe, same_kind, unsafe"],
    ),
    (lambda: kt.imag(V), kt.DTypeError, ["imag", "float64", "(3,)", "real numbers", "x.imag"]),
    (lambda: len(S), TypeError, ["len()", "shape ()", "no axis", "x.size", "x.reshape(1)"]),
    (lambda: iter(S), TypeError, ["iteration", "shape ()", "no axis", "x.reshape(1)"]),
    (
        lambda: PLAIN[V],
        kt.LostGradientError,
        ["a[x]", "(3,)", "float64", "integers", "x.detach().astype(int)", "a[x > 0]"],
    ),
    (
        lambda: np.ones((3, 3))[0, V],
        kt.LostGradientError,
        ["a[x]", "(3,)", "float64", "integers", "a[x > 0]"],
    ),
    (lambda: [1, 2][S], kt.LostGradientError, ["a[x]", "float64", "()", "integers"]),
    (
        lambda: range(S),
        kt.LostGradientError,
        ["__index__", "float64", "()", "one integer", "int(x.detach())"],
    ),
    (
        lambda: kt.roll(X, (1, 2, 3), axis=(0, 1)),
        kt.ShapeError,
        ["roll", "(1, 2, 3) has 3 numbers", "2 axes", "(2, 3)", "one number for each axis"],
    ),
    (
        lambda: kt.roll(X, (1, 2)),
        kt.ShapeError,
        ["roll", "(1, 2) has 2 numbers", "no axis=", "name an axis for each"],
    ),
    (
        lambda: kt.special.polygamma(-1, V),
        kt.DTypeError,
        ["polygamma(n, x)", "-1", "integer of 0 or more", "order comes first"],
    ),
    (
        lambda: kt.asarray(["a", "b"]),
        kt.DTypeError,
        ["<U1", "'a' is a str", "booleans and numbers", "float(s)"],
    ),
    (
        lambda: kt.asarray([1.0, None]),
        kt.DTypeError,
        ["object", "None is a NoneType", "booleans and numbers", "float('nan')"],
    ),
    (
        lambda: kt.asarray(np.array(["2020-01-01"], dtype="M8[D]")),
        kt.DTypeError,
        ["datetime64", "booleans and numbers", "timedelta64(1, 's')"],
    ),
    (
        lambda: kt.zeros(2, dtype="floaty"),
        kt.DTypeError,
        ["numpy", "'floaty'", "use one of", "int8", "float32", "complex128"],
    ),
    (lambda: V.astype("str"), kt.DTypeError, ["'str'", "use one of", "float64"]),
    (
        lambda: V.to_device("gpu"),
        kt.UnknownDeviceError,
        ["'gpu'", "use one of 'cpu', 'cuda'", "keratorch.devices()", "'cpu'"],
    ),
]
# Others like them.
OTHERS = [
    (lambda: kt.sum(X, axis=1.5), kt.DTypeError, ["sum", "axis", "1.5", "float", "integer"]),
    (lambda: X.reshape("C"), kt.DTypeError, ["reshape", "'C'", "str", "integer"]),
    (lambda: kt.roll(X, 1.5), kt.DTypeError, ["roll", "shift", "1.5", "integer"]),
    (lambda: kt.tile(X, "a"), kt.DTypeError, ["tile", "repetitions", "'a'", "integer"]),
    (lambda: kt.tile(X, -1), kt.ShapeError, ["tile", "(-1,)", "0 or more"]),
    (lambda: kt.repeat(X, -1), kt.ShapeError, ["repeat", "-1", "0 or more"]),
    (lambda: kt.repeat(X, 1.5), kt.DTypeError, ["repeat", "1.5", "float", "integer"]),
    (lambda: kt.diff(X, n=1.5), kt.DTypeError, ["diff", "n is 1.5", "integer"]),
    (lambda: kt.diff(X, n=-1), ValueError, ["diff", "n=-1", "(2, 3)", "cumulative_sum"]),
    (lambda: kt.linalg.matrix_power(leaf(2, 2), 0.5), kt.DTypeError, ["n is 0.5", "integer"]),
    (lambda: kt.tensordot(X, X, axes="a"), kt.DTypeError, ["tensordot", "'a'", "integer"]),
    (lambda: kt.fft.fft(X, n=2.5), kt.DTypeError, ["fft", "2.5", "integer"]),
    (lambda: kt.fft.fftfreq("a"), kt.DTypeError, ["fftfreq", "'a'", "integer"]),
    (lambda: np.fft.fft2(X, s=3), kt.ShapeError, ["numpy.fft.fft", "s is 3", "(4, 4)"]),
    (lambda: np.round(X, "a"), kt.DTypeError, ["round", "decimals", "'a'", "integer"]),
    (lambda: kt.permute_dims(X, 1), kt.ShapeError, ["permute_dims", "1", "(2, 3)", "(1, 0)"]),
    (lambda: kt.moveaxis(X, 0, (0, 1)), kt.ShapeError, ["moveaxis", "(0, 1)", "as many"]),
    (lambda: kt.concat(3), kt.UnknownArrayError, ["concat", "int", "concat([x, y])"]),
    (lambda: kt.stack([]), kt.ShapeError, ["stack", "empty", "one array"]),
    (lambda: kt.concat([S, S]), kt.AxisError, ["concat", "()", "stack"]),
    (lambda: kt.concat([X, V]), kt.ShapeError, ["(2, 3)", "(3,)", "axis 0", "x[None]"]),
    (lambda: kt.stack([X, V]), kt.ShapeError, ["(2, 3)", "(3,)", "equal", "concat"]),
    (lambda: kt.sort(S), kt.AxisError, ["sort", "()", "reshape(x, (1,))"]),
    (lambda: kt.sum(S, axis=0), kt.AxisError, ["sum", "()", "leave axis out"]),
    (lambda: kt.argmax(EMPTY), kt.ShapeError, ["argmax", "(0,)", "no element", "x.shape"]),
    (lambda: kt.max(leaf(2, 0), axis=1), kt.ShapeError, ["max", "(2, 0)", "along axis 1"]),
    (lambda: kt.broadcast_to(X, (2, 4)), kt.ShapeError, ["(2, 3)", "(2, 4)", "must be 1 or"]),
    (lambda: kt.searchsorted(V, V, side="mid"), ValueError, ["'mid'", "'left' or 'right'"]),
    (lambda: kt.take(X, [0.5], axis=0), kt.DTypeError, ["take", "float64", "integers", "mask"]),
    (lambda: kt.add(X, [X, 1]), kt.ShapeError, ["list", "(2, 3) and ()", "one shape"]),
    (lambda: kt.asarray([[1], [2, 3]]), kt.UnknownArrayError, ["list", "equally long"]),
    (lambda: kt.bitwise_and(X, X), kt.DTypeError, ["bitwise_and", "float64", "x > 0"]),
    (lambda: ~X, kt.DTypeError, ["bitwise_invert", "float64", "(2, 3)", "x > 0"]),
    (lambda: kt.floor(COMPLEX), kt.DTypeError, ["floor", "complex128", "(2,)", "kt.real(x)"]),
    (lambda: kt.atan2(COMPLEX, COMPLEX), kt.DTypeError, ["atan2", "complex128", "kt.real(x)"]),
    (lambda: kt.special.erf(COMPLEX), kt.DTypeError, ["erf", "complex128", "kt.real(x)"]),
    (lambda: kt.clip(COMPLEX, 0, 1), kt.DTypeError, ["clip", "complex128", "kt.abs(x)"]),
    (lambda: kt.var(COMPLEX), kt.DTypeError, ["var", "complex128", "kt.real(x)"]),
    (lambda: kt.fft.rfft(COMPLEX), kt.DTypeError, ["rfft", "complex128", "use fft"]),
    (lambda: kt.fft.fft(INTEGERS), kt.DTypeError, ["fft", "int64", "floating", "astype"]),
    (lambda: kt.special.softmax(INTEGERS), kt.DTypeError, ["softmax", "int64", "astype"]),
    (lambda: kt.full((2,), "a"), kt.DTypeError, ["full", "fill_value", "'a'", "number"]),
    (lambda: kt.full_like(X, None), kt.DTypeError, ["full_like", "None", "number"]),
    (lambda: kt.arange("a"), kt.DTypeError, ["arange", "stop", "'a'", "number"]),
    (lambda: kt.arange(1, 9, 0), ValueError, ["arange", "step is 0", "0.5"]),
    (lambda: kt.finfo("int64"), kt.DTypeError, ["finfo", "int64", "iinfo"]),
    (lambda: kt.iinfo("float64"), kt.DTypeError, ["iinfo", "float64", "finfo"]),
    (lambda: kt.isdtype("float64", "real"), kt.DTypeError, ["'real'", "'real floating'"]),
    (lambda: kt.from_dlpack(3), kt.UnknownArrayError, ["int", "__dlpack__", "asarray"]),
    (lambda: kt.asarray([1.0], copy=False), ValueError, ["asarray", "list", "leave copy out"]),
    (lambda: kt.full((2,), [V, 1.0]), kt.LostGradientError, ["full", "fill_value", "kt.asarray"]),
    (lambda: kt.arange([V]), kt.LostGradientError, ["arange", "kt.asarray"]),
    (lambda: kt.eye(1.5), kt.DTypeError, ["eye", "n_rows is 1.5", "integer"]),
    (lambda: kt.linspace(0, 1, 2.5), kt.DTypeError, ["linspace", "num is 2.5", "integer"]),
    (lambda: kt.isdtype("float32", "foo"), kt.DTypeError, ["isdtype", "'foo'", "real floating"]),
    (lambda: kt.asarray([V, V], copy=False), ValueError, ["of a list", "leave copy out"]),
    (
        lambda: kt.asarray(V, dtype="float32", copy=False),
        ValueError,
        ["GradArray of dtype float64", "dtype=float32", "needs a copy"],
    ),
    (
        lambda: kt.asarray(X, requires_grad=True),
        kt.LostGradientError,
        ["asarray(requires_grad=True)", "(2, 3)", "leave requires_grad out", "x.detach()"],
    ),
    (lambda: kt.linalg.vector_norm(X, ord="fro"), ValueError, ["'fro'", "matrix_norm"]),
    (lambda: bool(X), kt.ShapeError, ["bool()", "(2, 3)", "x.any()", "kt.where", "&"]),
    (lambda: X.sum(out=PLAIN), TypeError, ["x.sum(out=...)", "y = x.sum(...)", "ndarray"]),
    (lambda: X.cumsum(out=PLAIN), TypeError, ["x.cumsum(out=...)", "y = x.cumsum(...)"]),
    (lambda: X[V], kt.InvalidIndexError, ["float64 array", "(2, 3)", "astype(int)", "x > 0"]),
    (
        lambda: set_item(kt.zeros(2), 0, 1j),
        kt.DTypeError,
        ["x[0] = value", "complex", "float64", "(2,)", "value.real"],
    ),
    (
        lambda: kt.gradients(X, X),
        kt.GradientRequiredError,
        ["gradients", "(2, 3)", "6 elements", "y.sum()", "grad_outputs"],
    ),
    (lambda: kt.gradients(S, S, [1, 2]), kt.ShapeError, ["2 grad_outputs for 1", "for each"]),
    (lambda: kt.jvp(kt.sin, (X,), ()), kt.ShapeError, ["0 tangents for 1", "for each"]),
    (lambda: kt.grad(V.sum()), TypeError, ["grad", "GradArray", "grad(f), and not f(x)"]),
    (lambda: kt.custom_vjp(3), TypeError, ["custom_vjp", "int", "custom_vjp(f)"]),
    (lambda: kt.fixed_point(3, V), TypeError, ["fixed_point", "int", "fixed_point(f, init)"]),
    (lambda: kt.graph(3), kt.NotTrackedError, ["graph", "int", "GradArray"]),
    (
        lambda: kt.asarray([1.0]).register_hook(print),
        kt.NotTrackedError,
        ["register_hook", "(1,)", "nothing tracks", "kt.GradArray(data, dtype=float)"],
    ),
    (lambda: np.einsum(X), ValueError, ["numpy.einsum", "subscripts", "'ij,jk->ik'"]),
    (lambda: np.einsum("i", X), kt.ShapeError, ["1 subscripts", "(2, 3)", "one letter for each"]),
    (lambda: np.einsum("ij,jk", X), ValueError, ["2 operands, and 1", "comma"]),
    (lambda: np.fmod(COMPLEX, 1.0), kt.DTypeError, ["fmod", "complex128", "(2,)", "x.real"]),
    (lambda: np.nanmax(COMPLEX), kt.DTypeError, ["nanmax", "complex128", "(2,)", "x.real"]),
    (lambda: np.pad(X, -1), kt.ShapeError, ["pad_width -1", "negative", "x[1:-1]"]),
    (lambda: np.gradient(X, 1, 2, 3), TypeError, ["3 spacings for 2 axes", "one for each"]),
    (lambda: np.block([X, [V]]), kt.ShapeError, ["numpy.block", "equally deep", "[[a, b]"]),
    (lambda: np.linalg.norm(leaf(2, 2, 2), 2), kt.ShapeError, ["3 axes", "axis=(-2, -1)"]),
    (
        lambda: np.copyto(kt.asarray([1, 2]), INTEGERS * 0.5),
        kt.DTypeError,
        ["copyto", "float64", "int64", "'same_kind'", "casting='unsafe'", "astype"],
    ),
    (
        lambda: np.putmask(kt.zeros((2, 3)), np.ones(2, dtype=bool), 1.0),
        kt.ShapeError,
        ["putmask", "(2,)", "(2, 3)", "x[mask] = value"],
    ),
    (
        lambda: np.save(io.BytesIO(), X),
        kt.NotDifferentiableError,
        ["numpy.save of a tracked array", "(2, 3)", "no gradient", "pass x.numpy()"],
    ),
    (
        lambda: mirror.savez(io.BytesIO(), weights=X),
        kt.NotDifferentiableError,
        ["numpy.savez of a tracked array", "(2, 3)", "pass x.numpy()"],
    ),
    (
        lambda: np.save(io.BytesIO(), [X, X]),
        kt.LostGradientError,
        ["numpy.save", "(2, 3)", "no gradient", "x.numpy()"],
    ),
    (
        lambda: np.savetxt(io.BytesIO(), [V]),
        kt.LostGradientError,
        ["numpy.savetxt", "(3,)", "x.numpy()"],
    ),
    (
        lambda: pytest.importorskip("scipy.io").savemat(io.BytesIO(), {"x": X}),
        kt.LostGradientError,
        ["scipy.io.savemat of a tracked array", "(2, 3)", "no gradient", "x.numpy()"],
    ),
    (
        lambda: pytest.importorskip("scipy.io").mmwrite(io.BytesIO(), X),
        kt.LostGradientError,
        ["scipy.io.mmwrite of a tracked array", "(2, 3)", "no gradient", "x.numpy()"],
    ),
    (
        lambda: np.packbits(X),
        kt.NotDifferentiableError,
        ["numpy.packbits has no rule", "(2, 3)", "docs/numpy.md", "x.detach()"],
    ),
]


@pytest.mark.parametrize(("call", "cls", "parts"), [*WORST, *OTHERS])
def test_message(call, cls, parts):
    with pytest.raises(cls) as caught:
        call()
    message = str(caught.value)
    for part in parts:
        assert part in message, f"{part!r} is not in {message!r}"
    assert len(message) < 400 and not message.endswith((".", ":"))
    # What keratorch refuses is one of its errors; a wrong option is a ValueError, as in NumPy.
    assert isinstance(caught.value, (kt.KeratorchError, TypeError, ValueError))


# -- names that are missing ---------------------------------------------------------------------

NAMES = [
    (lambda: kt, "dot", "use kt.matmul, kt.tensordot or kt.vecdot, or keratorch.numpy.dot"),
    (lambda: kt, "array", "use kt.GradArray(data)"),
    (lambda: kt, "tensor", "use kt.GradArray(data)"),
    (lambda: kt, "concatenate", "use kt.concat"),
    (lambda: kt, "vstack", "keratorch.numpy.vstack"),
    (lambda: kt, "power", "use kt.pow"),
    (lambda: kt, "arcsin", "use kt.asin"),
    (lambda: kt, "cumsum", "use kt.cumulative_sum"),
    (lambda: kt, "norm", "kt.linalg.vector_norm"),
    (lambda: kt, "random", "default_rng"),
    (lambda: kt, "vmap", "stacks"),
    (lambda: kt, "det", "use kt.linalg.det"),
    (lambda: kt, "softmax", "use kt.special.softmax"),
    (lambda: kt, "relu", "use kt.nn.functional.relu"),
    (lambda: kt, "rfft", "use kt.fft.rfft"),
    (lambda: kt, "einsum", "use keratorch.numpy.einsum"),
    (lambda: kt, "lstsq", "use keratorch.numpy.linalg.lstsq"),
    (lambda: kt, "savez", "keratorch.numpy.savez for arrays without a gradient"),
    (lambda: kt, "matmull", "did you mean 'matmul'?"),
    (lambda: kt, "concatenat", "use kt.concat"),
    (lambda: kt.linalg, "norm", "keratorch.numpy.linalg.norm"),
    (lambda: kt.linalg, "tensorinv", "use keratorch.numpy.linalg.tensorinv"),
    (lambda: kt.linalg, "exp", "use kt.exp"),
    (lambda: kt.fft, "fft2", "kt.fft.fftn(x, axes=(-2, -1))"),
    (lambda: kt.special, "psi", "use kt.special.digamma"),
    (lambda: kt.special, "boxcox", "use scipy.special.boxcox"),
    (lambda: kt.nn, "relu", "use kt.nn.functional.relu"),
    (lambda: kt.nn, "Linear", "no layers"),
    (lambda: kt.nn.functional, "linear", "use x @ weight.mT + bias"),
    (lambda: kt.namespace("numpy"), "matmull", "no function of the standard or of NumPy"),
    (lambda: kt.namespace("numpy"), "errors", "use kt.errors"),
    (lambda: kt.namespace("numpy"), "jacobian", "use kt.jacobian"),
    (lambda: kt.namespace("numpy"), "jit", "does not compile"),
    (lambda: kt.namespace("numpy").fft, "fft2", "kt.fft.fftn"),
    (lambda: kt.namespace("numpy").special, "sigmoid", "use kt.special.expit"),
    (lambda: mirror, "value_and_grad", "use kt.value_and_grad"),
    (lambda: V, "view", "use x.reshape(shape) for another shape"),
    (lambda: V, "flags", "x.detach()._array.flags"),
    (lambda: V, "strides", "x.detach()._array.strides"),
    (lambda: V, "data", "use x.detach()"),
    (lambda: V, "cuda", "use x.to_device('cuda')"),
    (lambda: V, "requires_grad_", "x.requires_grad = True"),
    (lambda: V, "unsqueeze", "kt.expand_dims(x, axis=axis)"),
    (lambda: V, "sin", "use kt.sin(x)"),
    (lambda: V, "at", "y[i] += value"),
]


@pytest.mark.parametrize(("owner", "name", "use"), NAMES, ids=lambda v: v if type(v) is str else "")
def test_a_missing_name_says_what_to_use(owner, name, use):
    value = owner()
    assert not hasattr(value, name) and getattr(value, name, 5) == 5
    with pytest.raises(AttributeError) as caught:
        getattr(value, name)
    message = str(caught.value)
    assert repr(name) in message and use in message
    assert caught.value.name == name and len(message) < 300


def test_names_of_no_meaning_are_refused_without_advice():
    for owner in kt, kt.linalg, kt.fft, kt.special, kt.nn, kt.namespace("numpy"):
        for name in "qqqqqq", "_qqqqqq", "__array_interface__":
            with pytest.raises(AttributeError) as caught:
                getattr(owner, name)
            assert "use " not in str(caught.value) and "did you" not in str(caught.value)


def test_underscored_names_of_the_module_are_not_looked_up(monkeypatch):
    """What libraries ask for in passing costs nothing."""
    monkeypatch.setattr(difflib, "get_close_matches", None)
    for owner in kt, kt.linalg, kt.namespace("numpy"), V:
        for name in "__array_interface__", "__wrapped__", "_ipython_display_":
            assert not hasattr(owner, name)


#: Modules of their own, which other tests import.
IMPORTED_HERE = {"autograd", "cupy", "math", "numpy", "testing"}


def test_the_names_in_the_tables_are_missing():
    for name, use in ATTRIBUTES.items():
        assert use and type(vars(kt.GradArray)[name]) is Missing
        assert not any(name in vars(base) for base in kt.GradArray.__mro__[1:])
    for table, module in [(MODULE, kt), *((SUBMODULES[n], _module(n)) for n in SUBMODULES)]:
        assert all(table.values())
        assert not set(table) & set(vars(module)) - IMPORTED_HERE


def _module(path):
    module = kt
    for part in path.split("."):
        module = getattr(module, part)
    return module


def test_the_names_that_the_tables_recommend_are_there():
    """Each ``kt.f``, ``x.f`` and ``keratorch.f`` in the tables is something."""
    texts = [*MODULE.values(), *ATTRIBUTES.values()]
    texts += [text for table in SUBMODULES.values() for text in table.values()]
    words = " ".join(texts).replace("(", " ").replace(")", " ").replace(",", " ").split()
    found = 0
    for word in words:
        root, _, path = word.partition(".")
        owner = {"kt": kt, "x": V}.get(root)
        if owner is None or not path or "{" in path or "_array" in path:
            continue
        for part in path.rstrip(".;:").split("."):
            owner = getattr(owner, part)
            found += 1
    assert found > 100


def test_the_missing_are_not_shown():
    assert {"sum", "shape", "grad"} <= set(dir(V))
    assert not set(ATTRIBUTES) & set(dir(V))


def test_a_missing_attribute_cannot_be_set():
    with pytest.raises(AttributeError, match=r"write x\[\.\.\.\] = value inside kt.no_grad"):
        V.data = np.zeros(3)


def test_a_subclass_may_have_attributes_of_those_names():
    class Named(kt.GradArray):
        norm = "of the class"

    x = Named([1.0])
    x.data = 3
    assert (x.data, x.norm) == (3, "of the class")
    assert "data" in dir(x) and "view" not in dir(x) and not hasattr(x, "view")
    del x.data
    assert not hasattr(x, "data")
    with pytest.raises(AttributeError, match=r"use x\.detach"):
        del x.data


def test_looking_for_a_name_neither_warns_nor_imports():
    for name in ("chararray", "matlib"):
        assert not hasattr(kt, name) and not hasattr(kt.namespace("numpy"), name)
    assert "numpy.matlib" not in sys.modules


@pytest.mark.parametrize(
    "call",
    [
        lambda: kt.full((2,), [V]),
        lambda: kt.linalg.vector_norm(V, ord=V),
        lambda: kt.roll(V, [V]),
        lambda: kt.searchsorted(V, V, side=V),
    ],
)
def test_a_message_reads_no_values_of_arrays(call):
    with pytest.raises(Exception) as caught, kt.no_sync():
        call()
    assert not isinstance(caught.value, kt.SyncError)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (V, "GradArray of dtype float64 and shape (3,)"),
        ([V, 1], "[GradArray of dtype float64 and shape (3,), 1]"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, … (1000 in all)]"),
        ((1,), "(1,)"),
        ("a" * 100, "'" + "a" * 59 + "…"),
        ({"a": V}, "a dict of 1 entries"),
    ],
)
def test_arguments_are_shown_short(value, text):
    assert shown(value) == text
