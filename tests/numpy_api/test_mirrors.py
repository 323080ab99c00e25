"""`keratorch.numpy` and `keratorch.cupy`: every name of the library is there, and loses nothing."""

import importlib
import importlib.util
import re
import warnings

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp
from keratorch.errors import KeratorchError
from keratorch.testing import check_grads
from tests import mirror_table
from tests.mirror_table import (
    DIFFERENTIABLE,
    DOCS,
    LIBRARIES,
    PASSED,
    REFUSED,
    document,
    entries,
    rows,
    version,
)

X = np.array([[0.5, 1.5], [2.0, 0.25]])
#: What is tried on every function that has no rule, for a tracked array `x`.
PATTERNS = [
    lambda x: (x,),
    lambda x: (x, x),
    lambda x: (x, x, x),
    lambda x: ([x, x],),
    lambda x: (x, 1),
    lambda x: (1, x),
    lambda x: (x, "a"),
    lambda x: (np.sin, x),
    lambda x: (np.ones((2, 2)), x),
    lambda x: (np.array([0, 1]), x),
    lambda x: (np.zeros((2, 2)), np.array([0, 1]), x),
]


def mirror(library, submodule):
    return importlib.import_module(f"keratorch.{library}" + (f".{submodule}" if submodule else ""))


@pytest.fixture(params=LIBRARIES)
def library(request):
    pytest.importorskip(request.param)
    return request.param


def test_every_public_name_is_there(library):
    for submodule, name, _ in entries(library):
        module = mirror(library, submodule)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert hasattr(module, name), name
        assert name in dir(module)


def test_a_name_that_the_library_lacks_is_an_attribute_error(library):
    with pytest.raises(AttributeError, match="no_such_name"):
        mirror(library, "").no_such_name  # noqa: B018


def test_the_documents_are_up_to_date(library):
    text = (DOCS / f"{library}.md").read_text(encoding="utf-8")
    if f" {version(library)}," in text:
        assert text == document(library, LIBRARIES[library]), "run python -m tests.mirror_table"
    documented = _documented(text)
    found = rows(library)
    shared = set(found) & set(documented)
    assert len(shared) > 300
    assert {n: documented[n] for n in shared} == {n: found[n] for n in shared}


def _documented(text):
    found = {}
    for part in text.split("\n## ")[1:]:
        prefix = part.split("`")[1].partition(".")[2]
        for line in part.splitlines():
            match = re.match(r"\*\*(.*)\*\* \(\d+\): (.*)", line)
            for name in re.findall("`([^`]*)`", match[2]) if match else ():
                found[f"{prefix}.{name}" if prefix else name] = match[1]
    return found


def _numbers_in(value):
    """The arrays and numbers in a result that has lost its gradient."""
    if isinstance(value, (list, tuple)):
        return [n for v in value for n in _numbers_in(v)]
    if isinstance(value, kt.GradArray) and value.requires_grad:
        return []
    if isinstance(value, (kt.GradArray, np.ndarray)):  # integers and booleans never had one
        lost = value.dtype.kind in "fc" or _holds_arrays(value)
        return [value] if lost else []
    return [value] if isinstance(value, (np.inexact, float)) else []


def _holds_arrays(value):
    objects = value.flat if value.dtype.kind == "O" else ()
    return any(isinstance(v, kt.GradArray) for v in objects)


UNRULED = [
    pytest.param(library, submodule, name, kind, id=f"{library}.{submodule}.{name}")
    for library in LIBRARIES
    if importlib.util.find_spec(library)
    for submodule, name, value in entries(library)
    for kind in [mirror_table.verdict(submodule, name, value)]
    if kind in (REFUSED, PASSED) and callable(value) and not isinstance(value, type)
    # The first runs NumPy's own tests; the second has a test of its own.
    if name not in ("test", "asnumpy")
]


@pytest.mark.parametrize(("library", "submodule", "name", "kind"), UNRULED)
@pytest.mark.filterwarnings("ignore")
def test_nothing_without_a_rule_computes_with_a_tracked_array(
    library, submodule, name, kind, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    function = getattr(mirror(library, submodule), name)
    refusals = 0
    state = np.geterr(), np.get_printoptions()
    for pattern in PATTERNS:
        x = kt.GradArray(X)
        try:
            found = function(*pattern(x))
        except KeratorchError:
            refusals += 1
        except Exception:  # it is not called like that
            continue
        else:
            assert _numbers_in(found) == [], f"{name}{pattern(x)} gave {found!r}"
    np.seterr(**state[0])
    np.set_printoptions(**{k: v for k, v in state[1].items() if k != "override_repr"})
    if kind == REFUSED:
        assert refusals, f"{name} was never given a tracked array as it wants it"


def test_functions_that_numpy_dispatches_call_numpys_own():
    """They differ for lists that hold tracked arrays alone."""
    assert knp.sum.__wrapped__ is np.sum
    assert knp.sin.__wrapped__ is np.sin
    assert knp.linalg.norm.__wrapped__ is np.linalg.norm


def test_raw_arrays_give_what_the_library_gives():
    assert type(knp.array([1.0, 2.0])) is np.ndarray
    assert type(knp.asarray(X)) is np.ndarray
    assert knp.asarray(X) is X
    assert knp.float64 is np.float64
    assert knp.pi == np.pi
    np.testing.assert_array_equal(knp.r_[1:3, 5.0], np.r_[1:3, 5.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda np, x: np.r_[x, 0.0, 1:3],
        lambda np, x: np.r_[x, [1.0, 2.0], x],
        lambda np, x: np.c_[x, x * x],
        lambda np, x: np.c_[[1.0, 2.0], x],
        lambda np, x: np.c_[np.ones((2, 3)), x],
    ],
)
def test_r_and_c_join_as_numpys_do(call):
    v = np.array([0.5, 2.0])
    np.testing.assert_array_equal(call(knp, kt.GradArray(v)).numpy(), call(np, v))
    check_grads(lambda x: call(knp, x), [v])


def test_ndenumerate_gives_elements_with_gradients():
    v = np.array([[0.5, 2.0], [1.0, 3.0]])

    def total(x):
        return sum((1 + i + 2 * j) * element**2 for (i, j), element in knp.ndenumerate(x))

    assert list(knp.ndenumerate(v)) == list(np.ndenumerate(v))
    np.testing.assert_allclose(total(kt.GradArray(v)).item(), total(v))
    check_grads(total, [v])
    check_grads(lambda x: sum(e * e for _, e in knp.ndenumerate([x[0, 0], 1.0])), [v])


@pytest.mark.parametrize(
    "view",
    [
        lambda np, a: np.flip(a),
        lambda np, a: np.flip(a, 1),
        lambda np, a: np.fliplr(a),
        lambda np, a: np.flipud(a),
        lambda np, a: np.rot90(a),
        lambda np, a: np.fliplr(a.T)[1:],
        lambda np, a: np.transpose(a),
        lambda np, a: np.hsplit(a, 2)[1],
    ],
)
def test_writes_through_views_show_as_in_numpy(view):
    """In a constant, and with their gradients in a result."""
    expected = X.copy()
    view(np, expected)[0] = 7.0
    for module in (np, knp):
        c = kt.asarray(X.copy())
        view(module, c)[0] = 7.0
        np.testing.assert_array_equal(c.numpy(), expected)

    def written(x, v):
        y = x * 1.0
        view(knp, y)[0] = v
        return y

    np.testing.assert_array_equal(written(kt.GradArray(X), 7.0).numpy(), expected)
    check_grads(written, [X, np.array(7.0)])


def test_r_with_a_directive_is_refused():
    with pytest.raises(kt.NotDifferentiableError, match="r_ and c_"):
        knp.r_["0,2", kt.GradArray([1.0])]


def test_random_numbers_of_a_tracked_parameter_are_refused():
    with pytest.raises(kt.NotDifferentiableError, match=r"random\.normal"):
        knp.random.normal(kt.GradArray(1.0))
    with pytest.raises(kt.LostGradientError, match="tracked"):
        np.random.normal(kt.GradArray(1.0))
    with pytest.raises(kt.LostGradientError, match="tracked"):
        knp.random.default_rng(0).normal(kt.GradArray([1.0, 2.0]))


def test_a_program_differs_by_its_import_alone():
    def program(np, x):
        table = np.zeros((2, 2))
        table = np.array([[np.sum(x), np.prod(x)], [np.max(x), np.mean(x)]]) + table
        return np.linalg.norm(table)

    value = program(np, X)
    np.testing.assert_allclose(program(knp, kt.GradArray(X)).numpy(), value)
    check_grads(lambda x: program(knp, x), [X])


def test_verdicts_are_counted():
    for library in LIBRARIES:
        if library == "cupy":
            pytest.importorskip("cupy")
        found = rows(library)
        assert sum(v == DIFFERENTIABLE for v in found.values()) > 100


def test_asnumpy_and_get_array_module_of_cupy():
    pytest.importorskip("cupy")
    import keratorch.cupy as kcp

    values = kcp.asnumpy(kt.asarray(X))
    assert type(values) is np.ndarray
    np.testing.assert_array_equal(values, X)
    with pytest.raises(kt.LostGradientError, match="to_device"):
        kcp.asnumpy(kt.GradArray(X))
    assert kcp.get_array_module(kt.GradArray(X), 1.0) is knp
    assert kcp.get_array_module(X) is knp
