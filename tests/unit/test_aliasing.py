"""Views and what they show: as in NumPy, or refused; one row per kind of view.

`test_write_fuzz` combines them at random; here each is seen by itself, both ways.
"""

import numpy as np
import pytest

import keratorch as kt

VIEWS = {
    "slice": (lambda x: x[1:], lambda x: x[1:]),
    "row": (lambda x: x[1], lambda x: x[1]),
    "column": (lambda x: x[:, 0], lambda x: x[:, 0]),
    "stride": (lambda x: x[::-2, ::2], lambda x: x[::-2, ::2]),
    "new axis": (lambda x: x[None, ..., 1:], lambda x: x[None, ..., 1:]),
    "ellipsis": (lambda x: x[...], lambda x: x[...]),
    "reshape": (lambda x: x.reshape(-1), lambda x: x.reshape(-1)),
    "reshape to more axes": (lambda x: x.reshape(3, 2, 2), lambda x: x.reshape(3, 2, 2)),
    "T": (lambda x: x.T, lambda x: x.T),
    "mT": (lambda x: x.mT, lambda x: x.T),
    "moveaxis": (lambda x: kt.moveaxis(x, 0, 1), lambda x: x.T),
    "expand_dims": (lambda x: kt.expand_dims(x, axis=1), lambda x: x[:, None]),
    "squeeze": (lambda x: kt.squeeze(x[:1], axis=0), lambda x: x[0]),
    "flip": (lambda x: kt.flip(x, axis=0), lambda x: x[::-1]),
    "unstack": (lambda x: kt.unstack(x)[1], lambda x: x[1]),
    "last of iteration": (lambda x: list(x)[-1], lambda x: x[-1]),
    "view of a view": (lambda x: x.T[1:].reshape(3, 3)[0], lambda x: x.T[1:].reshape(3, 3)[0]),
    "view of a view of a view": (lambda x: x[1:][:, 1:].T[0], lambda x: x[1:][:, 1:].T[0]),
    "real of real": (lambda x: kt.real(x), lambda x: x),
    "asarray": (lambda x: kt.asarray(x), lambda x: x),
    "copying reshape": (lambda x: x.T.reshape(-1), lambda x: x.T.reshape(-1)),
    "mask": (lambda x: x[kt.asarray(MASK)], lambda x: x[MASK]),
    "rows": (lambda x: x[kt.asarray([0, 1])], lambda x: x[[0, 1]]),
    "copy": (lambda x: x.copy(), lambda x: x.copy()),
    "astype": (lambda x: x.astype("float64"), lambda x: x.astype("float64")),
    "positive": (lambda x: +x, lambda x: +x),
    "conj": (lambda x: kt.conj(x), np.conj),
    "element": (lambda x: x[1, 2], lambda x: np.array(x[1, 2])),
    "joined": (lambda x: kt.concat([x]), lambda x: np.concatenate([x])),
}
#: Those that NumPy makes too, but that cannot be written through here.
READ_ONLY = {
    "broadcast_to": (
        lambda x: kt.broadcast_to(x, (2, 3, 4)),
        lambda x: np.broadcast_to(x, (2, 3, 4)),
    ),
    "detach": (lambda x: x.detach(), lambda x: x[...]),
}
MASK = np.arange(12).reshape(3, 4) % 3 == 0
WORLDS = ["constant", "tracked", "value"]


def start(world: str, layout: str = "C"):
    """The array here and in NumPy, and the value to write in both."""
    values = np.asarray(np.arange(12.0).reshape(3, 4), order=layout)
    x = kt.GradArray(values) * 1.0 if world == "tracked" else kt.asarray(np.array(values))
    v = kt.GradArray(np.array(50.0)) if world == "value" else 50.0
    return x, np.array(values), v


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", VIEWS)
def test_write_to_the_view(kind, world, layout):
    here, there = VIEWS[kind]
    x, plain, v = start(world, layout)
    view, plain_view = here(x), there(plain)
    view[...] = v
    plain_view[...] = 50.0
    np.testing.assert_array_equal(x._array, plain)
    np.testing.assert_array_equal(view._array, plain_view)
    view += v
    plain_view += 50.0
    x[0, 0] = v
    plain[0, 0] = 50.0
    np.testing.assert_array_equal(x._array, plain)
    np.testing.assert_array_equal(view._array, plain_view)


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", [*VIEWS, *READ_ONLY])
def test_write_to_the_base(kind, world, layout):
    here, there = {**VIEWS, **READ_ONLY}[kind]
    x, plain, v = start(world, layout)
    view, plain_view = here(x), there(plain)
    for key in (0, (slice(None), 1), ..., (1, 2)):
        x[key] = v
        plain[key] = 50.0
        x *= v
        plain *= 50.0
        np.testing.assert_array_equal(x._array, plain)
        np.testing.assert_array_equal(view._array, plain_view)


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", VIEWS)
def test_views_made_after_a_write(kind, world, layout):
    """The new memory of a recorded write is laid out as the old was: `reshape` depends on it."""
    here, there = VIEWS[kind]
    x, plain, v = start(world, layout)
    x[0] = v
    plain[0] = 50.0
    view, plain_view = here(x), there(plain)
    x += v
    plain += 50.0
    view[...] = v * 2.0
    plain_view[...] = 100.0
    np.testing.assert_array_equal(x._array, plain)
    np.testing.assert_array_equal(view._array, plain_view)


@pytest.mark.parametrize("keep", [slice(None, None, 2), slice(1, 3)])
def test_layout_of_a_part_whose_array_is_gone(keep):
    plain = np.arange(12.0).reshape(3, 4)[:, keep]
    x = (kt.GradArray(np.arange(12.0).reshape(3, 4)) * 1.0)[:, keep]
    x[0] = plain[0] = 7.0
    y, plain_y = x.reshape(-1), plain.reshape(-1)  # a copy: the part has gaps
    x[1] = plain[1] = 8.0
    np.testing.assert_array_equal(x._array, plain)
    np.testing.assert_array_equal(y._array, plain_y)


@pytest.mark.parametrize("world", ["tracked", "value"])
def test_all_views_show_it(world):
    x, plain, v = start(world)
    views = [(here(x), there(plain)) for here, there in [*VIEWS.values(), *READ_ONLY.values()]]
    views[0][0][0] += v
    views[0][1][0] += 50.0
    x[2] = v
    plain[2] = 50.0
    for view, plain_view in views:
        np.testing.assert_array_equal(view._array, plain_view)


@pytest.mark.parametrize("world", WORLDS)
def test_parts_of_complex_arrays(world):
    values = np.array([1 + 2j, 3 - 1j])
    x = kt.GradArray(values) * 1.0 if world == "tracked" else kt.asarray(values.copy())
    v = kt.GradArray(np.array(5.0)) if world == "value" else 5.0
    plain = values.copy()
    real, imag = kt.real(x), kt.imag(x)
    x[0] = v
    plain[0] = 5.0
    np.testing.assert_array_equal(real._array, plain.real)
    np.testing.assert_array_equal(imag._array, plain.imag)
    if world == "constant":
        real[1] = 7.0
        np.testing.assert_array_equal(x._array, [5.0, 7.0 - 1j])
    else:
        with pytest.raises(kt.AliasedWriteError, match=r"copy\(\)"):
            real[1] = v if world == "value" else 7.0
        np.testing.assert_array_equal(x._array, plain)
        np.testing.assert_array_equal(real._array, plain.real)


def test_recorded_write_to_a_detached_array_is_refused():
    x, _, _ = start("tracked")
    d, v = x.detach(), kt.GradArray(np.array(5.0))
    with pytest.raises(kt.AliasedWriteError, match=r"writing into.*\(3, 4\).*copy\(\)"):
        d[0] = v
    d[0] = 5.0  # in place
    np.testing.assert_array_equal(x._array[0], [5.0] * 4)
    assert not d.requires_grad
    del x
    d[0] = v
    assert d.requires_grad


def test_detached_array_shows_recorded_writes_as_a_constant():
    x, _, v = start("value")
    d = x.detach()
    x[0] = v
    np.testing.assert_array_equal(d._array, x._array)
    assert x.requires_grad and not d.requires_grad
    assert np.shares_memory(d._array, x._array)


def test_refusal_changes_nothing():
    x, plain, v = start("value")
    node_free, view = x.astype("float64", copy=False), x[1:]
    raws = [a._array for a in (x, node_free, view)]
    for write in (
        lambda: x.__iadd__(v),
        lambda: x.__setitem__(0, v),
        lambda: view.__imul__(v),
    ):
        with pytest.raises(kt.AliasedWriteError, match=r"shares its memory.*copy\(\)"):
            write()
        for a, raw in zip((x, node_free, view), raws, strict=True):
            assert a._array is raw and not a.requires_grad
    np.testing.assert_array_equal(x._array, plain)


@pytest.mark.parametrize(
    ("library", "why"),
    [("numpy", "a read-only array is copied"), ("jax", "jax arrays are not written in place")],
)
def test_refusal_says_why_the_array_is_not_written(library, why):
    """And how to write nevertheless."""
    if library == "numpy":
        x = kt.asarray(np.broadcast_to(np.ones(1), (3,)))
    else:
        x = kt.asarray(pytest.importorskip("jax.numpy").ones(3))
    other = x.astype(x.dtype, copy=False)
    with pytest.raises(kt.AliasedWriteError, match=rf"{why}.*write to x\.copy\(\)"):
        x[0] = 3.0
    x = x.copy()
    x[0] = 3.0
    assert x.tolist() == [3.0, 1.0, 1.0] and other.tolist() == [1.0] * 3


@pytest.mark.parametrize("make", [kt.GradArray, lambda x: kt.asarray(x, requires_grad=True)])
def test_leaf_made_of_a_constant_shares_its_memory(make):
    x, v = kt.asarray(np.ones(3)), kt.GradArray(np.ones(3))
    leaf = make(x)
    assert leaf._array is x._array
    with pytest.raises(kt.AliasedWriteError):
        x += v
    x += 1.0
    np.testing.assert_array_equal(leaf._array, [2.0, 2.0, 2.0])


def test_dead_views_do_not_block():
    x, plain, v = start("value")
    view = x.astype("float64", copy=False)
    parts = [x.T, x[0], kt.broadcast_to(x, (2, 3, 4)), x.detach()]
    del view, parts
    x += v
    np.testing.assert_array_equal(x._array, plain + 50.0)


def test_views_of_an_array_that_is_gone():
    def rows():
        return kt.unstack(kt.GradArray(np.arange(12.0).reshape(3, 4)) * 1.0)

    a, b, _ = rows()
    a += 1.0  # shares nothing with b
    b[0] = 7.0
    np.testing.assert_array_equal(a._array, [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(b._array, [7.0, 5.0, 6.0, 7.0])
    x = kt.GradArray(np.arange(4.0)) * 1.0
    left, right = x[:3], x[1:]
    del x
    with pytest.raises(kt.AliasedWriteError):
        left += 1.0
    np.testing.assert_array_equal(right._array, [1.0, 2.0, 3.0])


def test_views_of_views_without_end():
    x, plain, v = start("value")
    view, plain_view = x, plain
    for _ in range(200):
        view, plain_view = view.T, plain_view.T
        x_or_error(view, plain_view)
    with pytest.raises(kt.AliasedWriteError):
        x += v
    x += 1.0  # in place
    np.testing.assert_array_equal(view._array, plain + 1.0)


def x_or_error(view, plain_view):
    np.testing.assert_array_equal(view._array, plain_view)


def test_gradients_flow_through_views_that_were_read_again():
    w = kt.GradArray(np.array([1.0, 2.0, 3.0]))
    x = w * 2.0
    first, rest = x[0:1], x[1:]
    x *= w  # 2w²
    rest += first  # [2w0², 2w1² + 2w0², 2w2² + 2w0²]
    (first.sum() + 10.0 * rest.sum() + 100.0 * x.sum()).backward()
    a = np.array([1.0, 2.0, 3.0])
    weights = np.array([101.0 + 220.0, 110.0, 110.0])
    np.testing.assert_allclose(w.grad, 4 * a * weights)
    np.testing.assert_allclose(x.grad, [101.0, 110.0, 110.0])


def test_what_was_computed_before_keeps_its_gradient():
    w = kt.GradArray(np.array([1.0, 2.0, 3.0]))
    x = w * 1.0
    view = x[:2]
    y = (view * view).sum()
    x += 10.0
    y.backward()
    np.testing.assert_allclose(w.grad, [2.0, 4.0, 0.0])
    assert view.grad is None and x.grad is None  # they are new values


def test_new_memory_is_shared_as_the_old_was():
    x, _, v = start("value")
    row, back = x[1], kt.flip(x, axis=0)
    x[0] = v
    assert np.shares_memory(x._array, row._array)
    assert np.shares_memory(x._array, back._array)
    with kt.no_grad():
        row += 1.0
    np.testing.assert_array_equal(back._array[1], x._array[1])
    np.testing.assert_array_equal(row._array, [5.0, 6.0, 7.0, 8.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: kt.repeat(x, 1, axis=1),
        lambda x: kt.repeat(x, 3, axis=0),
        lambda x: kt.tile(x, (3, 1)),
        lambda x: kt.tile(x, (1, 1)),
        lambda x: kt.tile(x, (2, 1, 1)),
        lambda x: kt.repeat(kt.tile(x, (2, 1)), 1),
    ],
)
def test_what_is_repeated_is_a_copy_along_axes_of_one_too(xp, call):
    x = kt.GradArray(xp.asarray([[1.0, 2.0, 3.0]])) * 1.0
    y = call(x)
    before = y.numpy()
    x[...] = 9.0
    np.testing.assert_array_equal(y.numpy(), before)
    y[..., :1] = 5.0
    np.testing.assert_array_equal(x.numpy(), [[9.0, 9.0, 9.0]])
