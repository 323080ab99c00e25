"""Values that a rule saved and that were written since, behind its back."""

import contextlib
import gc

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _registry
from keratorch.core.versions import writes


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
    before = len(writes.times)
    arrays = [kt.asarray(np.zeros(1)) for _ in range(500)]
    for x in arrays:
        x += 1.0
        x[0] = 2.0
    assert len(writes.times) == before + 500
    del arrays, x
    gc.collect()
    assert len(writes.times) == before
    assert len(writes.owners) <= before


# -- raw arrays, whose writes nobody sees --------------------------------------------------------


def written_into(x, function):
    y = kt.zeros(4)
    function(y, x)
    return y


def series(values):
    """A Series that shares the memory of `values`."""
    return pytest.importorskip("pandas").Series(values, copy=False)


@kt.custom_vjp
def chosen(x, mask):
    return kt.where(mask, x * x, 0.0)


chosen.defvjp(
    lambda x, mask: (chosen(x, mask), {"x": x, "mask": mask}),
    lambda r, g: (kt.where(r["mask"], 2 * r["x"] * g, 0.0), None),
)


@kt.custom_jvp
def chosen_forward(x, mask):
    return kt.where(mask, x * x, 0.0)


@chosen_forward.defjvp
def _chosen_rule(primals, tangents):
    (x, mask), (t, _) = primals, tangents
    return chosen_forward(x, mask), kt.where(mask, 2 * x * t, 0.0)


def fixed_at(x, mask):
    return kt.fixed_point(lambda y, x, m: kt.where(m, (y + x) / 2, 0.0), np.ones(4), x, mask)


BOOLEANS = {
    "getitem": lambda x, m: x[m],
    "getitem of a tuple": lambda x, m: x[:, None][m, 0],
    "setitem": lambda x, m: with_set(x, m, 0.0),
    "setitem of a constant": lambda x, m: written_into(x, lambda y, x: y.__setitem__(m, x[0])),
    "flat": lambda x, m: x.reshape(2, 2).flat[m],
    "where": lambda x, m: kt.where(m, x, 0.0),
    "where of a constant first": lambda x, m: kt.where(m, kt.zeros(4), x),
    "numpy.where": lambda x, m: np.where(m, x, 0.0),
    "numpy.select": lambda x, m: np.select([m], [x]),
    "numpy.compress": lambda x, m: np.compress(m, x),
    "numpy.extract": lambda x, m: np.extract(m, x),
    "numpy.putmask": lambda x, m: written_into(x, lambda y, x: np.putmask(y, m, x)),
    "numpy.copyto": lambda x, m: written_into(x, lambda y, x: np.copyto(y, x, where=m)),
    "numpy.sum": lambda x, m: np.sum(x, where=m),
    "numpy.piecewise": lambda x, m: np.piecewise(x, [m], [lambda v: v * v, 1.0]),
    "numpy.sin": lambda x, m: np.sin(x, out=kt.zeros(4), where=m),
    "checkpoint": lambda x, m: kt.checkpoint(lambda x, m: kt.where(m, x * x, 0.0))(x, m),
    "checkpoint by name": lambda x, m: kt.checkpoint(lambda x, m: kt.where(m, x * x, 0.0))(x, m=m),
    "custom_vjp": lambda x, m: chosen(x, m),
    "custom_jvp": lambda x, m: chosen_forward(x, m),
    "fixed_point": fixed_at,
    "factor of a Series": lambda x, m: x * series(m),
    "factor": lambda x, m: x * m,
    "first factor": lambda x, m: m * x,
}
INTEGERS = {
    "getitem": lambda x, i: x[i],
    "getitem of a tuple": lambda x, i: x[None, :][:, i],
    "getitem of a Series": lambda x, i: x[series(i)],
    "getitem of a memoryview": lambda x, i: x[memoryview(i)],
    "setitem of a Series": lambda x, i: with_set(x, series(i), x[::-1] * 2),
    "clip": lambda x, i: kt.clip(i, None, x),
    "clip of a constant": lambda x, i: kt.clip(np.full(4, 1.5), i, x),
    "numpy.clip": lambda x, i: np.clip(i, 0, x),
    "factor of a list": lambda x, i: kt.multiply(i, [x[0], x[1], x[2], x[3]]),
    "getitem of a list": lambda x, i: x[i],
    "setitem": lambda x, i: with_set(x, i, x[::-1] * 2),
    "flat": lambda x, i: x.reshape(2, 2).flat[i],
    "setitem of flat": lambda x, i: written_into(
        x, lambda y, x: y.reshape(2, 2).flat.__setitem__(i, x * 2)
    ),
    "where": lambda x, i: kt.where(i, x, 0.0),
    "take": lambda x, i: kt.take(x, i),
    "method take": lambda x, i: x.take(i),
    "numpy.take": lambda x, i: np.take(x, i),
    "take_along_axis": lambda x, i: kt.take_along_axis(x, i),
    "numpy.take_along_axis": lambda x, i: np.take_along_axis(x, i, axis=0),
    "numpy.put_along_axis": lambda x, i: written_into(
        x, lambda y, x: np.put_along_axis(y, i, x, axis=0)
    ),
    "numpy.put": lambda x, i: written_into(x, lambda y, x: np.put(y, i, x)),
    "numpy.add.at": lambda x, i: written_into(x, lambda y, x: np.add.at(y, i, x)),
    "numpy.choose": lambda x, i: np.choose(i, [np.zeros(4), x, x * x, x]),
    "numpy.repeat": lambda x, i: np.repeat(x, i),
    "repeat": lambda x, i: kt.repeat(x, i),
    "power": lambda x, i: x**i,
}
VALUES = {
    **{f"{name}, booleans": (f, [True, False, True, True]) for name, f in BOOLEANS.items()},
    **{f"{name}, integers": (f, [2, 0, 2, 1]) for name, f in INTEGERS.items()},
}


@pytest.mark.parametrize("case", VALUES)
def test_masks_and_indices_that_are_raw_may_be_filled_anew(case):
    function, values = VALUES[case]

    def loss(x, change):
        given = list(values) if "of a list" in case else np.array(values)
        y = function(x, given)
        y = y * y
        if change:
            given[:] = values[::-1] if type(given) is list else given[::-1].copy()
        return kt.sum(y)

    x, t = np.array([1.0, 2.0, 3.0, 5.0]), np.array([1.0, -1.0, 0.5, 2.0])
    expected = kt.grad(lambda x: loss(x, False))(x)
    np.testing.assert_array_equal(kt.grad(lambda x: loss(x, True))(x), expected)
    _, forward = kt.jvp(lambda x: loss(x, True), (x,), (t,))
    np.testing.assert_allclose(forward, expected @ t)
    # The second derivative is taken after the change.
    hessians = [kt.hessian(lambda x, change=change: loss(x, change))(x) for change in (False, True)]
    np.testing.assert_array_equal(*hessians)


@kt.custom_vjp
def product(x, tree):
    return x * tree["c"][0]


product.defvjp(
    lambda x, tree: (product(x, tree), (x, tree)),
    lambda r, g: (g * r[1]["c"][0], {"c": [g * r[0]]}),
)


@kt.custom_jvp
def product_forward(x, tree):
    return x * tree["c"][0]


@product_forward.defjvp
def _product_rule(primals, tangents):
    (x, tree), (t, _) = primals, tangents
    return product_forward(x, tree), t * tree["c"][0]


def kept_apart(x, tree):
    """`tree` is in the residuals alone."""
    f = kt.custom_vjp(lambda x: x * tree["c"][0])
    f.defvjp(lambda x: (f(x), tree["c"][0]), lambda c, g: (g * c,))
    return f(x)


CALLS = {
    "custom_vjp": product,
    "custom_jvp": product_forward,
    "residuals": kept_apart,
    "checkpoint": lambda x, tree: kt.checkpoint(lambda x, tree: x * tree["c"][0])(x, tree=tree),
    "fixed_point": lambda x, tree: kt.fixed_point(
        lambda y, x, tree: (y + x * tree["c"][0]) / 2, np.ones(3), x, tree
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_constants_of_a_call_that_were_written_since(call, w):
    c = kt.asarray(np.array([3.0, 2.0, 1.0]))
    y = CALLS[call](w, {"c": [c]})
    c += 1.0
    with pytest.raises(kt.StaleValueError, match="saved an array"):
        y.sum().backward()
    assert w.grad is None


@pytest.mark.parametrize("call", [c for c in CALLS if c != "fixed_point"])
def test_raw_constants_of_a_call_that_were_written_since(call, w):
    """Which `detect_anomaly` notices."""
    c = np.array([3.0, 2.0, 1.0])
    with kt.detect_anomaly():
        y = CALLS[call](w, {"c": [c]})
        c += 1.0
        with pytest.raises(kt.StaleValueError, match="past keratorch"):
            y.sum().backward()


def test_raw_masks_and_indices_of_every_library(xp, device):
    x = xp.asarray([1.0, 2.0, 3.0], dtype=xp.float32, device=device, requires_grad=True)
    mask = xp.asarray([True, False, True], device=device)._array
    index = xp.asarray([2, 0, 2], device=device)._array
    y = xp.sum(xp.where(mask, x, 0.0) * 3)
    y = y + xp.sum(xp.take(x, index, axis=0) * 5)
    y = y + xp.sum(xp.take_along_axis(x, index, axis=0) * 7)
    here = _registry.of(mask).on_device(mask)
    with here, contextlib.suppress(TypeError, ValueError):  # JAX, and what is read-only
        mask[0] = False
        index[0] = 1
    y.backward()
    assert kt.asarray(x.grad).tolist() == [3.0 + 12.0, 0.0, 3.0 + 24.0]


def test_nothing_is_copied_without_need(w, monkeypatch):
    from keratorch.core import convert as _convert
    from keratorch.ops import selection

    def refuse(raw):
        raise AssertionError("copied")

    mask, index = np.array([True, False, True]), np.array([0, 2])
    known = kt.asarray(mask), kt.asarray(index)
    monkeypatch.setattr(_convert, "kept", refuse)
    monkeypatch.setattr(selection, "kept", refuse)
    constant = w.detach()
    for m, i in [known, (mask, index)]:
        x = w if m is not mask else constant
        x[m], x[i], kt.where(m, x, 0.0), kt.take(x, i), x * m, np.take(x, i)
    with kt.no_grad():
        w[mask], w[index], kt.where(mask, w, 0.0), w * mask
    with pytest.raises(AssertionError, match="copied"):
        w[mask]
