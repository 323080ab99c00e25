"""What the error says where a gradient would be lost: the cure for the code that asks.

One case for each row of `keratorch.core.remedies`. Of a library that is not installed, and of
libraries that take long to import, a function of the same module and name stands in.
"""

import array
import cmath
import concurrent.futures
import ctypes
import decimal
import io
import logging
import math
import random
import statistics
import time
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as mirror
from keratorch import math as kmath
from keratorch.core import losing, remedies
from keratorch.core.frames import callers
from keratorch.core.scipy_names import WITH_ARRAY_API
from tests import remedy_table

ROOT = Path(__file__).resolve().parents[2]
X = kt.GradArray([1.0, 2.0, 3.0])
S = kt.GradArray(1.5)
A = np.ones(3)
#: For the cases that look a name up in an attribute.
GENERATOR = np.random.default_rng(0)


def asker(module, name, ask=np.asarray):
    """A function of another library, which asks for plain values."""
    scope = {"__name__": module, "ask": ask}
    exec(f"def {name}(x):\n    return ask(x)", scope)
    return scope[name]


def simulated(module, name, ask=np.asarray, x=X):
    return lambda: asker(module, name, ask)(x)


def write(i, value, to=float):
    a = np.zeros(3, dtype=to)
    a[i] = value


# Place -> what asks, and words of the message.
CASES = {
    "`numpy.save`, `savez`, `savetxt`; `scipy.io`": (
        lambda: np.savetxt(io.StringIO(), [S, S]),
        ["numpy.savetxt of", "x.numpy()"],
    ),
    "Matplotlib, seaborn": (simulated("matplotlib.axes._axes", "plot"), ["plot", "x.numpy()"]),
    "pandas": (simulated("pandas.core.frame", "DataFrame"), ["table", "x.numpy()"]),
    "Pillow, h5py": (simulated("PIL.Image", "fromarray"), ["x.numpy()"]),
    "`pickle`, `ctypes`, `struct`, `array.array`, `bytes`": (
        lambda: array.array("d", X),
        ["x.item()", "x.tolist()"],
    ),
    "`brentq`, `bisect`, `newton`, `root_scalar`, `root`, `fsolve`, `broyden1` of "
    "`scipy.optimize`": (
        simulated("scipy.optimize._zeros_py", "brentq", float, S),
        ["kt.implicit_root(f, solve)(p)"],
    ),
    "`linprog`, `milp`, `nnls`, `lsq_linear`, `linear_sum_assignment` of `scipy.optimize`": (
        simulated("scipy.optimize._linprog", "linprog"),
        ["kt.custom_vjp"],
    ),
    "`minimize`, `minimize_scalar`, `least_squares`, `curve_fit` and the rest of "
    "`scipy.optimize`": (
        simulated("scipy.optimize._optimize", "_minimize_bfgs"),
        ["kt.implicit_root(kt.grad(loss), solve)(p)"],
    ),
    "`quad`, `dblquad`, `nquad` of `scipy.integrate`": (
        simulated("scipy.integrate._quadpack_py", "quad", float, S),
        ["quad_vec(f, a, b)[0]", "(b - a) * quad_vec"],
    ),
    "`solve_ivp`, `odeint`, `ode`, `solve_bvp` of `scipy.integrate`": (
        simulated("scipy.integrate._ivp.rk", "rk_step"),
        ["loop", "Runge", "kt.custom_vjp"],
    ),
    "`trapezoid`, `simpson` and the rest of `scipy.integrate`": (
        simulated("scipy.integrate._quadrature", "simpson"),
        ["np.trapezoid"],
    ),
    "`scipy.interpolate`": (
        simulated("scipy.interpolate._cubic", "prepare_input"),
        ["np.interp", "CubicSpline(t, np.eye(len(t)))(s) @ y"],
    ),
    "`scipy.linalg`": (simulated("scipy.linalg._basic", "solve"), ["np.linalg", "kt.linalg"]),
    "`scipy.sparse`": (
        simulated("scipy.sparse.linalg._dsolve.linsolve", "spsolve"),
        ["A @ x", "kt.implicit_root"],
    ),
    "`scipy.stats`": (
        simulated("scipy.stats._distn_infrastructure", "pdf"),
        ["kt.special.ndtr((x - loc) / scale)"],
    ),
    "`scipy.special`": (simulated("scipy.special._basic", "multigammaln"), ["kt.custom_jvp"]),
    "`scipy.fft`": (simulated("scipy.fft._basic", "dct"), ["np.fft", "kt.fft"]),
    "`scipy.signal`, `scipy.ndimage`": (
        simulated("scipy.ndimage._filters", "gaussian_filter"),
        ["np.convolve", "kt.nn.functional.conv1d"],
    ),
    "`scipy.spatial`, `scipy.cluster`": (
        simulated("scipy.spatial.distance", "cdist"),
        ["kt.linalg.vector_norm(a[:, None] - b[None, :], axis=-1)"],
    ),
    "any other module of SciPy": (simulated("scipy.odr._odrpack", "run"), ["x.numpy()"]),
    "scikit-learn": (
        simulated("sklearn.utils.validation", "check_array"),
        ["x.numpy()", "array_api_dispatch"],
    ),
    "PyTorch's functions": (simulated("torch._tensor", "sin"), ["kt.sin(x)"]),
    "JAX's functions": (simulated("jax._src.numpy.ufuncs", "sin"), ["kt.sin(x)"]),
    "TensorFlow's functions": (simulated("tensorflow.python.ops", "sin"), ["kt.sin(x)"]),
    "CuPy's functions": (simulated("cupy._creation", "asarray"), ["keratorch.cupy"]),
    "`array_api_strict`": (simulated("array_api_strict._creation", "asarray"), ["kt.sin(x)"]),
    "HIPS autograd": (
        simulated("autograd.numpy.numpy_wrapper", "array"),
        ["keratorch.autograd.numpy"],
    ),
    "Numba": (simulated("numba.core.dispatcher", "typeof_pyval"), ["kt.custom_vjp"]),
    "SymPy": (simulated("sympy.core.sympify", "sympify", float, S), ["sympy.lambdify"]),
    "mpmath": (simulated("mpmath.ctx_mp", "convert", float, S), ["x.item()"]),
    "`logging`": (
        lambda: logging.LogRecord("", 0, "", 0, "%.3f", (S,), None).getMessage(),
        ['f"{x:.3f}"'],
    ),
    "`statistics`": (lambda: statistics.fmean(X), ["x.mean()", "x.std(correction=1)"]),
    "`fractions`, `decimal`": (
        simulated("fractions", "from_float", float, S),
        ["x.item()"],
    ),
    "`time`, `datetime`": (lambda: time.sleep(S), ["x.item()"]),
    "`random`": (lambda: random.randint(0, S), ["random.gauss(mu, sigma)", "x.item()"]),
    "`numpy.random`, `cupy.random`": (
        lambda: GENERATOR.normal(X, 1.0),
        ["loc + scale * rng.normal(size=n)"],
    ),
    "`numpy.testing`, `cupy.testing`": (lambda: np.testing.assert_allclose(X, X), ["x.numpy()"]),
    "`numpy.vectorize`": (
        lambda: np.vectorize(lambda t: t * 2.0)(X),
        ["keratorch.numpy.vectorize(f)"],
    ),
    "`numpy.ma`, `numpy.matrix`, `numpy.rec`": (
        lambda: np.ma.array(X),
        ["kt.where(mask, x, 0.0)"],
    ),
    "`numpy.float64(x)` and other types": (lambda: np.float64(S), ["x.astype(dtype)"]),
    "`numpy.arange`, `numpy.fromiter`": (
        lambda: np.arange(0.0, S, 0.5),
        ["start + step * np.arange(n)"],
    ),
    "`numpy.nditer`, `numpy.ndenumerate`, `numpy.broadcast`": (
        lambda: np.broadcast(X, X),
        ["numpy.ndindex"],
    ),
    "`a.fill(x)`, `a.put(i, x)`, `a.flat[i] = x`, `a.itemset(x)`": (
        lambda: A.put([0], S),
        ["plain array", "np.zeros(shape, like=x)", "kt.fillable()"],
    ),
    "`numpy.asarray(x)`, `numpy.array([x, y])`": (
        lambda: np.array([S, S]),
        ["`import keratorch.numpy as np`", "lists", "x.numpy()"],
    ),
    "NumPy's functions of lists, as `numpy.sin([x, y])`": (
        lambda: np.sin([S, S]),
        ["`import keratorch.numpy as np`", "lists"],
    ),
    "functions of keratorch": (
        lambda: asker("keratorch.fake", "f")(X),
        ["kt.stack(list(values))", "x.detach()"],
    ),
    "`float(x)`": (lambda: float(S), ["float() of", "item()", "detach()", "leave float out"]),
    "`int(x)`": (lambda: int(S), ["int() of", "item()", "kt.trunc"]),
    "`complex(x)`, `complex(x, y)`": (lambda: complex(S, 1), ["x + 1j * y"]),
    "`math.sin(x)`": (
        lambda: math.sin(S),
        ["math.sin of", "`from keratorch import math`"],
    ),
    "`cmath.exp(x)`": (lambda: cmath.exp(S), ["cmath.exp of", "kt.exp(x.astype('complex128'))"]),
    "`range(x)`, `[0] * x`, `chr(x)`, `hex(x)`": (
        lambda: range(S),
        ["__index__", "int(x.detach())"],
    ),
    '`"%.3f" % x`': (lambda: "%.3f" % S, ['f"{x:.3f}"']),  # noqa: UP031
    "`a[i] = x`, where `a` is a plain array": (
        lambda: write(slice(None), X),
        ["(a[i] = x)", "np.zeros(shape, like=x)", "kt.fillable()"],
    ),
    "`a @ [x, y]`, `a * [x, y]`, where `a` is a plain array": (
        lambda: A @ [S, S, S],
        ["a @ [x, y]", "kt.stack([x, y])"],
    ),
}


def message_of(call):
    with pytest.raises((kt.LostGradientError, ValueError)) as caught:
        call()
    error = caught.value
    if not isinstance(error, kt.LostGradientError):  # NumPy wraps some
        error = error.__cause__
    assert isinstance(error, kt.LostGradientError)
    return str(error)


def test_every_row_has_a_case():
    places = [row.place for row in remedies.ROWS]
    assert sorted(places) == sorted(set(places))
    assert sorted(places) == sorted(CASES)


@pytest.mark.parametrize("place", CASES)
def test_a_row(place, monkeypatch):
    call, words = CASES[place]
    found = []
    row_of = losing.row_of

    def spied(chain, asked):
        found.append(row_of(chain, asked))
        return found[-1]

    monkeypatch.setattr(losing, "row_of", spied)
    text = message_of(call)
    assert found[-1][1].place == place
    for word in words:
        assert word in text, f"{word!r} is not in {text!r}"
    assert "{" not in text.replace("{x:.3f}", "")


def test_the_table_in_the_documentation():
    text = remedy_table.DOCUMENT.read_text(encoding="utf-8")
    assert text == remedy_table.document(), "run python -m tests.remedy_table"


def test_the_names_of_scipy_are_those_of_the_table_of_consumers():
    taken = remedy_table.taken_with_array_api()
    assert {of: sorted(names.split()) for of, names in WITH_ARRAY_API.items()} == taken


# -- what is between the question and the user's code --------------------------------------------


def test_the_outermost_library_counts():
    inner = asker("pandas.core.series", "__init__")
    plot = asker("matplotlib.pyplot", "plot", inner)
    assert "plot" in message_of(lambda: plot(X))
    # seaborn is no row; the plain values are for its own use
    text = message_of(lambda: asker("pandas.core", "f", asker("matplotlib.axes", "plot"))(X))
    assert "a table has values" in text


def test_the_code_of_a_user_is_not_the_librarys():
    solver = asker("scipy.optimize._zeros_py", "brentq", lambda x: math.exp(x))
    assert "from keratorch import math" in message_of(lambda: solver(S))


def test_an_installed_package_without_a_row(monkeypatch):
    code = compile("def fit(x):\n    return ask(x)", "/lib/site-packages/other/fit.py", "exec")
    scope = {"__name__": "other.fit", "ask": np.asarray, "np": np}
    exec(code, scope)
    text = message_of(lambda: scope["fit"](X))
    assert "other computes on plain values: give it x.numpy()" in text
    assert "in code of your own" in text


def test_pythons_own_library_is_no_package():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        text = message_of(lambda: pool.submit(math.sin, S).result())
    assert text.startswith("math.sin of a tracked")
    assert "computes on plain values" not in text


def test_a_function_of_scipy_that_takes_arrays_where_it_is_told_to(monkeypatch):
    call = simulated("scipy.stats._stats_py", "skew")
    monkeypatch.delenv("SCIPY_ARRAY_API", raising=False)
    assert "scipy.stats.skew takes tracked arrays" in message_of(call)
    assert "SCIPY_ARRAY_API=1" in message_of(call)
    assert "SCIPY_ARRAY_API" not in message_of(simulated("scipy.stats._kde", "gaussian_kde"))
    assert "SCIPY_ARRAY_API" not in message_of(simulated("scipy.linalg._basic", "solve"))
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    assert "SCIPY_ARRAY_API" not in message_of(call)


class Holder:
    """Finds functions in attributes; a property must not run."""

    def __init__(self):
        self.rng = np.random.default_rng(0)
        self.function = math.sin
        self.ran = False

    @property
    def shy(self):
        self.ran = True
        return float


HOLDER = Holder()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: math.sin(S), "math:sin"),
        (lambda: HOLDER.function(S), "math:sin"),
        (lambda: HOLDER.rng.normal(X), "numpy.random._generator:Generator.normal"),
        (lambda: np.asarray(X, dtype="float64"), "numpy:asarray"),
        (lambda: np.asarray(*[X]), "numpy:asarray"),
        (lambda: np.sin([S, S]), "numpy:sin"),
        (lambda: ctypes.c_double(S), "ctypes:c_double"),
        (lambda: list(map(math.exp, X)), "builtins:list"),
        (lambda: math.exp(math.log(S)), "math:log"),
        (lambda: A < [S, S, S], "operator:<"),
        (lambda: write(0, S), "operator:[]="),
        (lambda: write([0, 1, 2], [S, S, S]), "operator:[]="),
        (lambda: (math.sin if S else None)(S), None),
        (lambda: np.ones(3).dot([S, S, S]), None),
    ],
)
def test_the_name_of_what_is_called(call, name, monkeypatch):
    chains = []
    row_of = losing.row_of
    monkeypatch.setattr(losing, "row_of", lambda c, a: (chains.append(c), row_of(c, a))[1])
    message_of(call)
    assert chains[-1][:1] == ([] if name is None else [name])


def test_no_property_runs():
    with pytest.raises(kt.LostGradientError):
        HOLDER.shy(S)
    HOLDER.ran = False
    with pytest.raises(kt.LostGradientError):
        [HOLDER][0].shy(S)
    message_of(lambda: (HOLDER.shy, float(S)))


def test_code_without_positions():
    """Where Python keeps no columns, as under ``-X no_debug_ranges``, the general text remains."""
    code = (lambda: math.sin(S)).__code__
    text = message_of(lambda: eval(code.replace(co_linetable=b"")))
    assert "float() of a tracked array of shape ()" in text
    assert "from keratorch import math" in text


def test_no_frame_of_a_user_is_needed():
    assert callers() == [] or isinstance(callers()[0], str)


# -- the cures work ------------------------------------------------------------------------------


def rk4(f, y, h, n):
    for _ in range(n):
        a = f(y)
        b = f(y + h / 2 * a)
        c = f(y + h / 2 * b)
        y = y + h / 6 * (a + 2 * b + 2 * c + f(y + h * c))
    return y


CURES = {
    "kmath": (lambda x: kmath.sin(x[0]), [math.cos(1.0), 0, 0]),
    "astype": (lambda x: x[0].astype("float64"), [1, 0, 0]),
    "x + 1j * y": (lambda x: kt.real((x[0] + 1j * x[1]) ** 2), [2.0, -4.0, 0]),
    "astype complex": (lambda x: kt.real(x[0].astype("complex128") * 1j * 1j), [-1, 0, 0]),
    "stack": (lambda x: np.ones(2) @ kt.stack([x[0], x[1]]), [1, 1, 0]),
    "mirror.array": (lambda x: np.ones(2) @ mirror.array([x[0], x[1]]), [1, 1, 0]),
    "lists": (lambda x: mirror.sum(mirror.sin([x[0], 0.0])), [math.cos(1.0), 0, 0]),
    "zeros like": (lambda x: written(np.zeros(3, like=x), x), [2, 0, 0]),
    "kt.zeros": (lambda x: written(kt.zeros(3), x), [2, 0, 0]),
    "mean": (lambda x: x.mean() + 0 * x.std(correction=1), [1 / 3] * 3),
    "median": (np.median, [0, 1, 0]),
    "arange": (lambda x: (x[0] + x[1] * np.arange(3)).sum(), [3, 3, 0]),
    "vectorize": (lambda x: mirror.vectorize(lambda t: t * t)(x).sum(), [2, 4, 6]),
    "ndindex": (lambda x: sum(x[i] for i in np.ndindex(x.shape)), [1, 1, 1]),
    "random": (lambda x: (x[0] + x[1] * np.ones(2)).sum(), [2, 2, 0]),
    "gauss": (lambda x: random.gauss(x[0], 0.0), [1, 0, 0]),
    "trapezoid": (lambda x: np.trapezoid(x), [0.5, 1, 0.5]),
    "interp": (lambda x: np.interp(0.5, np.arange(3.0), x), [0.5, 0.5, 0]),
    "ndtr": (lambda x: kt.special.ndtr((x[0] - 1.0) / 2.0), [1 / math.sqrt(8 * math.pi), 0, 0]),
    "distances": (
        lambda x: kt.linalg.vector_norm(x[:1][:, None] - x[1:2][None, :], axis=-1).sum(),
        [-1, 1, 0],
    ),
    "where": (lambda x: kt.where(np.array([True, False, True]), x, 0.0).sum(), [1, 0, 1]),
    "loop": (lambda x: rk4(lambda y: -y * x[0], x[1], 0.1, 10), [-2 / math.e, 1 / math.e, 0]),
    "trunc": (lambda x: x.sum() + kt.trunc(x).sum(), [1, 1, 1]),
}


def written(a, x):
    a[1] = x[0] * 2.0
    return a.sum()


@pytest.mark.parametrize("name", CURES)
def test_a_cure_has_a_gradient(name):
    function, slope = CURES[name]
    np.testing.assert_allclose(kt.grad(function)(np.array([1.0, 2.0, 3.0])), slope, atol=1e-5)


def test_the_cures_of_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    integrate = pytest.importorskip("scipy.integrate")
    root = kt.implicit_root(
        lambda x, p: x**2 - p, lambda p: optimize.brentq(lambda x: x**2 - p, 0.0, 3.0)
    )
    np.testing.assert_allclose(kt.grad(root)(2.0), 0.5 / math.sqrt(2.0), rtol=1e-6)
    for solver in (optimize.brentq, optimize.bisect, optimize.ridder, optimize.toms748):
        text = message_of(lambda solver=solver: solver(lambda x: x**2 - S, 0.0, 3.0))
        assert "kt.implicit_root(f, solve)(p)" in text

    def loss(x, p):
        return kt.sum((x - p) ** 2 + 0.1 * x**4)

    best = kt.implicit_root(
        kt.grad(loss), lambda p: optimize.minimize(lambda x: loss(x, p), [1.0]).x
    )
    p = np.array([1.0])
    x = best(p)
    np.testing.assert_allclose(kt.jacobian(best)(p), [2 / (2 + 1.2 * x**2)], rtol=1e-4)

    def integral(b):
        return (b - 0.0) * integrate.quad_vec(lambda s: kt.exp(-b * (b * s)), 0.0, 1.0)[0]

    expected = (2 * math.exp(-1.0) + math.exp(-1.0)) - 1.0
    np.testing.assert_allclose(kt.grad(integral)(1.0), expected, rtol=1e-9)
    sparse = pytest.importorskip("scipy.sparse")
    linalg = pytest.importorskip("scipy.sparse.linalg")
    a = sparse.csc_array(np.array([[2.0, 1.0], [0.0, 4.0]]))
    solution = kt.implicit_root(lambda x, b: a @ x - b, lambda b: linalg.spsolve(a, b.numpy()))
    inverse = np.linalg.inv(a.toarray())
    np.testing.assert_allclose(kt.jacobian(solution)(np.ones(2)), inverse, atol=1e-12)
    spline = pytest.importorskip("scipy.interpolate").CubicSpline
    t, s = np.arange(5.0), np.array([0.5, 2.25])
    slopes = kt.jacobian(lambda y: spline(t, np.eye(5))(s) @ y)(t**2)
    np.testing.assert_allclose(slopes @ t**2, s**2, rtol=1e-12)
    cubic = spline(t, t**3)

    def at(s):
        i = np.searchsorted(t, s.item()) - 1
        return np.polyval(cubic.c[:, i], s - t[i])

    np.testing.assert_allclose(kt.grad(at)(2.25), 3 * 2.25**2, rtol=1e-9)
    np.testing.assert_allclose(kt.hessian(at)(2.25), 6 * 2.25, rtol=1e-9)


def test_plain_values_are_taken(tmp_path):
    np.save(tmp_path / "x.npy", X.numpy())
    np.savetxt(tmp_path / "x.txt", X.numpy())
    assert array.array("d", X.tolist()).tolist() == [1.0, 2.0, 3.0]
    assert f"{S:.3f}" == "1.500"
    assert int(S.detach()) == 1
    assert decimal.Decimal(S.item()) == decimal.Decimal("1.5")
    a = np.zeros(3)
    a[0] = S.detach()
    assert a[0] == 1.5


def test_the_mirror_is_that_of_the_library(device, make):
    text = message_of(lambda: np.asarray(kt.GradArray(make([1.0, 2.0]))))
    if device.backend == "cupy":
        assert "`import keratorch.cupy as cp`" in text
    elif device.backend == "numpy":
        assert "`import keratorch.numpy as np`" in text
    else:
        assert "kt.stack([x, y])" in text
    made = message_of(lambda: write(slice(None), kt.GradArray(make([1.0, 2.0, 3.0]))))
    zeros = {"numpy": "np.zeros(shape, like=x)", "cupy": "keratorch.cupy.zeros(shape, like=x)"}
    assert zeros.get(device.backend, "kt.zeros(shape, device=x.device)") in made


@pytest.fixture
def make(target, device):
    return lambda values: kt.asarray(values, device=device)._array


def test_arrays_of_several_elements_are_told_so():
    assert "index or reduce it first" in message_of(lambda: float(X))
    assert "index or reduce" not in message_of(lambda: float(S))
    assert "kt.sin and others take arrays of any shape" in message_of(lambda: math.sin(X))
