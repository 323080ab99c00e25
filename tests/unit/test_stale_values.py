"""Values that a rule saved and that were written since, behind its back."""

import gc

import numpy as np
import pytest

import keratorch as kt
from keratorch import _writes


@pytest.fixture
def w():
    return kt.GradArray(np.array([1.0, 2.0, 3.0]))


def with_set(x, key, v):
    x = x.copy()
    x[key] = v
    return x


def exp_of(x):
    y = kt.exp(x)
    return y, y


SAVERS = {
    "input": lambda x: (kt.sin(x), x),
    "output": exp_of,
    "both": lambda x: (x * x, x),
    "view of an input": lambda x: (x[1:] * x[:-1], x),
    "transposed": lambda x: (x.T @ x, x),
    "raised": lambda x: (x**3, x),
    "largest": lambda x: (kt.max(x), x),
}
WAYS = {
    "no_grad": lambda x: x,
    "detach": lambda x: x.detach(),
    "view": lambda x: x[1:],
    "view of detached": lambda x: x.detach()[::-1],
    "detached view": lambda x: x[:2].detach(),
    "reshaped": lambda x: x.reshape(-1),
    "layer": lambda x: kt.unstack(kt.expand_dims(x, axis=0))[0],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("saver", SAVERS)
def test_written_since_it_was_saved(saver, way, w):
    y, written = SAVERS[saver](w)
    with kt.no_grad():
        target = WAYS[way](written)
        target += 1.0
    with pytest.raises(kt.StaleValueError, match=r"Grad saved an array of shape \(.*copy\(\)"):
        y.sum().backward()
    assert w.grad is None


def test_error_names_the_operation(w):
    y = kt.sin(w)
    w.detach()[0] = 5.0
    with pytest.raises(kt.StaleValueError, match=r"^SinGrad saved an array of shape \(3,\)"):
        y.sum().backward()


def test_masks_and_indices_are_saved_values_too(w):
    mask, index = kt.asarray([True, False, True]), kt.asarray([0, 2])
    for y, key, name in [
        (w[mask], mask, "GetItemGrad"),
        (w[index], index, "GetItemGrad"),
        (kt.where(mask, w, 0.0), mask, "WhereGrad"),
        (with_set(w, index, w[1:]), index, "SetItemGrad"),
    ]:
        key[0] = key[1]
        with pytest.raises(kt.StaleValueError, match=f"^{name}|^GetItemGrad"):
            y.sum().backward()


def test_constant_that_was_saved(w):
    c = kt.asarray(np.ones(3))
    y = w * c
    c += 1.0
    with pytest.raises(kt.StaleValueError, match="MultiplyGrad"):
        y.sum().backward()


def test_what_does_not_save_does_not_mind(w):
    c = kt.asarray(np.ones(3))
    y = (w + c).reshape(3, 1).sum()
    c += 1.0
    with kt.no_grad():
        w *= 2.0
    y.backward()
    np.testing.assert_array_equal(w.grad, [1.0, 1.0, 1.0])


def test_written_before_it_was_saved(w):
    with kt.no_grad():
        w += 1.0
    w.detach()[0] = 5.0
    y = kt.sin(w) * w
    y.sum().backward()
    x = np.array([5.0, 3.0, 4.0])
    np.testing.assert_allclose(w.grad, np.cos(x) * x + np.sin(x))


def test_retained_graph_with_a_write_in_between(w):
    y = kt.exp(w).sum()
    y.backward(retain_graph=True)
    first = w.grad.copy()
    with kt.no_grad():
        w += 1.0
    y.backward(retain_graph=True)  # exp keeps its output
    np.testing.assert_allclose(w.grad, 2 * first)
    z = kt.sin(w).sum()
    z.backward(retain_graph=True)
    before = w.grad.copy()
    with kt.no_grad():
        w += 1.0
    with pytest.raises(kt.StaleValueError):
        z.backward()
    np.testing.assert_array_equal(w.grad, before)


def test_memory_that_is_used_again_was_not_written():
    w = kt.GradArray(np.ones(100))
    for _ in range(50):
        x = kt.asarray(np.ones(100))
        x += 1.0
        y = (w * x).sum()  # saves memory whose address was written before
        del x
        c = kt.asarray(np.full(100, 2.0))
        c *= 2.0
        y.backward()
        del c
    np.testing.assert_array_equal(w.grad, np.full(100, 100.0))


def test_records_of_writes_do_not_pile_up():
    kept = kt.asarray(np.zeros(1))
    kept += 1.0
    gc.collect()  # what earlier tests left would be collected in between
    before = len(_writes.writes.times)
    arrays = [kt.asarray(np.zeros(1)) for _ in range(500)]
    for x in arrays:
        x += 1.0
        x[0] = 2.0
    assert len(_writes.writes.times) == before + 500
    del arrays, x
    gc.collect()
    assert len(_writes.writes.times) == before
    assert len(_writes.writes.owners) <= before
