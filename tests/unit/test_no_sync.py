"""`no_sync`: what would wait for a device raises, on every backend, and names the line."""

import copy
import operator
import pickle
import threading

import numpy as np
import pytest

import keratorch as kt
from tests.op_checks import on_device


def values(xp, device, requires_grad=False):
    x = xp.asarray([1.0, 0.0, 3.0], dtype=xp.float32, device=device)
    return kt.GradArray(x._array, requires_grad=requires_grad)


def one(xp, device):
    return xp.asarray(1.0, dtype=xp.float32, device=device)


def write_by_a_mask(x):
    y = kt.GradArray(x._array) * 2
    y[x > 0] = 0.0


MANY = {
    "numpy()": lambda x: x.numpy(),
    "tolist": lambda x: x.tolist(),
    "repr": repr,
    "str": str,
    "f-string": lambda x: f"{x}",
    "html": lambda x: x._repr_html_(),
    "np.asarray": np.asarray,
    "nonzero": kt.nonzero,
    "unique_all": kt.unique_all,
    "unique_counts": kt.unique_counts,
    "unique_inverse": kt.unique_inverse,
    "unique_values": kt.unique_values,
    "mask": lambda x: x[x > 0],
    "mask in a tuple": lambda x: x[x > 0, None],
    "list of booleans": lambda x: x[[True, False, True]],
    "nested list of booleans": lambda x: x[None, :][[[True, False, True]]],
    "list of NumPy's booleans": lambda x: x[[np.True_, np.False_, np.True_]],
    "recorded write by a mask": lambda x: write_by_a_mask(x),
    "repeat": lambda x: kt.repeat(x, kt.asarray([1, 2, 3], device=x.device)),
    "pickle": pickle.dumps,
    "in": lambda x: 2.0 in x,
}
ONE = {
    "item": lambda x: x.item(),
    "bool": bool,
    "if": lambda x: 1 if x else 2,
    "float": float,
    "int": int,
    "complex": complex,
    "format": lambda x: f"{x:.2f}",
}


@pytest.mark.parametrize("name", [*MANY, *ONE])
def test_what_waits_raises(xp, device, name):
    x = values(xp, device) if name in MANY else one(xp, device)
    function = {**MANY, **ONE}[name]
    with kt.no_sync(), pytest.raises(kt.SyncError, match=r"no_sync") as caught:
        function(x)
    assert "test_no_sync.py:" in str(caught.value)


def test_solutions(xp, device):
    """Iterations look at what they found; the linear system of a small solution does not."""
    x = values(xp, device, requires_grad=True)
    many = kt.GradArray(kt.ones((65,), dtype=xp.float32, device=device)._array)

    def cosine(y, a):
        return kt.cos(y * a / 4)

    def solve(init, a):
        for _ in range(30):
            init = cosine(init, a)
        return init

    half = kt.full_like(x.detach(), 0.5)
    with kt.no_sync():
        with pytest.raises(kt.SyncError, match=r"fixed_point of an array(.|\n)*test_no_sync"):
            kt.fixed_point(cosine, half, x)
        y = kt.fixed_point(cosine, half, x, solve=solve)
        y.sum().backward()
        y = kt.fixed_point(cosine, many.detach() / 2, many, solve=solve)
        with pytest.raises(kt.SyncError, match=r"GMRES of an array(.|\n)*give linear_solve"):
            y.sum().backward()
    plain = kt.GradArray(x._array)
    kt.fixed_point(cosine, half, plain).sum().backward()
    found, expected = (kt.asarray(v.grad).numpy() for v in (x, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_what_does_not_wait_works(xp, device):
    x = values(xp, device, requires_grad=True)
    with kt.no_sync():
        y = kt.where(x > 0, kt.exp(x) * x[0], x[::2].sum())
        z = kt.sum(kt.sort(y) + kt.max(y)) + copy.deepcopy(x).mean()
        first, *_ = x
        (z + first).backward()
        assert x.grad.shape == (3,) and y.shape == (3,) and len(x) == 3
    assert len(repr(x)) > 10


def test_going_to_the_host_waits():
    strict = pytest.importorskip("array_api_strict")
    x = kt.asarray(strict.ones(2, device=strict.Device("device1")))
    with kt.no_sync():
        with pytest.raises(kt.SyncError, match="to_device"):
            x.to_device("cpu")
        kt.asarray(strict.ones(2)).to_device(x.device)
        kt.asarray([1.0]).to_device("cpu")
    assert x.to_device("cpu").device == "cpu"


def test_the_message_names_the_line():
    x = kt.asarray(1.0)
    with kt.no_sync(), pytest.raises(kt.SyncError) as caught:
        bool(x)  # this very line
    assert "bool(x)  # this very line" in str(caught.value)
    assert "test_the_message_names_the_line" in str(caught.value)


def test_the_message_names_the_line_behind_a_library():
    x = kt.asarray([1.0, 2.0])
    with kt.no_sync(), pytest.raises(kt.SyncError) as caught:
        np.testing.assert_array_equal(x, 2.0)  # of NumPy
    assert "np.testing.assert_array_equal(x, 2.0)" in str(caught.value)


def test_it_nests_decorates_and_ends():
    x = kt.asarray(1.0)

    @kt.no_sync()
    def inside():
        """Doc."""
        return x.item()

    with pytest.raises(kt.SyncError):
        inside()
    assert inside.__doc__ == "Doc." and x.item() == 1.0
    manager = kt.no_sync()
    with manager, manager:
        pass
    assert x.item() == 1.0
    with pytest.raises(ZeroDivisionError), kt.no_sync():
        operator.truediv(1, 0)
    assert x.item() == 1.0


def test_it_belongs_to_a_thread():
    found = []
    with kt.no_sync():
        thread = threading.Thread(target=lambda: found.append(kt.asarray(2.0).item()))
        thread.start()
        thread.join()
    assert found == [2.0]


def test_a_sync_error_is_no_type_error():
    """Code that catches TypeError to try something else must not hide it."""
    assert issubclass(kt.SyncError, RuntimeError) and not issubclass(kt.SyncError, TypeError)


@pytest.mark.parametrize(
    "name", ["unique", "nonzero", "argwhere", "flatnonzero", "allclose", "array_equal"]
)
@pytest.mark.parametrize("tracked", [True, False])
def test_functions_of_numpy(name, tracked):
    """On NumPy's constants too, which NumPy computes outside."""
    x = kt.GradArray([1.0, 0.0], requires_grad=tracked)
    args = (x, x) if name in ("allclose", "array_equal") else (x,)
    with kt.no_sync():
        with pytest.raises(kt.SyncError):
            getattr(np, name)(*args)
        np.testing.assert_array_equal(np.cumsum(x.detach())._array, [1.0, 1.0])
    getattr(np, name)(*args)


def test_pinv_raises(xp, device):
    """CuPy's cuts off small singular values, whose number it has to know."""
    x = kt.asarray(on_device(device, np.eye(2)))
    with kt.no_sync(), pytest.raises(kt.SyncError, match="pinv"):
        kt.linalg.pinv(x)
