"""xarray's `DataArray` and `Dataset` as structures: derivatives keep the labels."""

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads
from tests.processes import run_python

xr = pytest.importorskip("xarray")

T = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def temperature(values=T):
    return xr.DataArray(
        values,
        dims=("time", "place"),
        coords={"time": [10, 20], "name": ("place", ["a", "b", "c"]), "run": 7},
        attrs={"units": "K"},
        name="T",
    )


def weights():
    """In another order than the times of `temperature`: xarray aligns them."""
    return xr.DataArray([1.0, 2.0], dims="time", coords={"time": [20, 10]})


def f(x):
    return (x**2 * weights()).sum()


GRADIENT = 2 * T * np.array([[2.0], [1.0]])


def check(found, values, like):
    xr.testing.assert_allclose(found, like.copy(data=values))
    assert found.attrs == like.attrs
    assert getattr(found, "name", None) == getattr(like, "name", None)
    assert type(found) is type(like)
    for part in [found] if hasattr(found, "data") else found.data_vars.values():
        assert type(part.data) is np.ndarray


def test_gradients_keep_dimensions_coordinates_name_and_attributes():
    x = temperature()
    for transformation in (kt.grad, kt.elementwise_grad, kt.jacrev, kt.jacfwd):
        check(transformation(f)(x), GRADIENT, x)
    value, found = kt.value_and_grad(f)(x)
    assert type(value) is xr.DataArray
    assert type(value.data) is np.ndarray
    xr.testing.assert_allclose(value, f(x))
    check(found, GRADIENT, x)
    check(kt.grad(lambda p: f(p["x"]) * p["b"])({"x": x, "b": 2.0})["x"], 2 * GRADIENT, x)
    check(kt.grad(f, argnames="x")(x=x), GRADIENT, x)
    check(kt.hessian_diag(f)(x), GRADIENT / T, x)
    np.testing.assert_array_equal(x.data, T)


def test_products_keep_them_too():
    x, t = temperature(), temperature(T[::-1])
    value, slope = kt.jvp(lambda x: x.mean("time") ** 2, (x,), (t,))
    xr.testing.assert_allclose(value, x.mean("time") ** 2)
    xr.testing.assert_allclose(slope, 2 * x.mean("time") * t.mean("time"))
    assert slope.dims == ("place",)
    check(kt.hvp(f, (x,), (t,)), GRADIENT / T * t.data, x)
    y, pullback = kt.vjp(lambda x: x.mean("time"), x)
    check(pullback(xr.ones_like(y))[0], np.full((2, 3), 0.5), x)
    _, derivative = kt.linearize(lambda x: x.isel(time=0) * 2.0, x)
    np.testing.assert_allclose(derivative(t).data, 2 * t.data[0])
    aux = kt.grad(lambda x: (f(x), x.sum("place")), has_aux=True)(x)[1]
    xr.testing.assert_allclose(aux, x.sum("place"))
    assert type(aux.data) is np.ndarray


def test_jacobians_have_the_dimensions_of_the_result_first():
    x = temperature()
    found = kt.jacrev(lambda x: x.mean("time") ** 2)(x)
    assert found.dims == ("place", "time", "place_in")
    assert found["name_in"].dims == ("place_in",)
    np.testing.assert_array_equal(found["time"], [10, 20])
    expected = kt.jacrev(lambda a: kt.mean(a, axis=0) ** 2)(T)
    np.testing.assert_allclose(found.data, expected)
    np.testing.assert_allclose(kt.jacfwd(lambda x: x.mean("time") ** 2)(x).data, expected)
    plain = kt.jacrev(lambda x: x.mean("time").data ** 2)(x)
    assert plain.dims == ("out_0", "time", "place")
    by_number = kt.jacfwd(lambda b: b * x)(np.ones(()))
    xr.testing.assert_allclose(by_number, x)
    by_array = kt.jacfwd(lambda b: x * b[0] + b[1])(np.ones(4))
    assert by_array.dims == ("time", "place", "in_0")
    np.testing.assert_allclose(by_array[..., 0].data, T)
    of_x, of_b = kt.jacrev(lambda x, b: x.sum("place") * b, (0, 1))(x, 2.0)
    assert of_x.dims == ("time", "time_in", "place")
    np.testing.assert_allclose(of_b.data, T.sum(1))
    hessian = kt.hessian(f)(x)
    assert hessian.dims == ("time", "place", "time_in", "place_in")
    np.testing.assert_allclose(np.einsum("ijij->ij", hessian.data), GRADIENT / T)


def test_datasets():
    x = xr.Dataset({"t": temperature(), "w": ("place", [1.0, 0.5, 2.0])}, attrs={"from": "a model"})

    def g(x):
        return (x.t * x.w).sum() ** 2

    found = kt.grad(g)(x)
    assert found.attrs == x.attrs
    assert found.t.attrs == {"units": "K"}
    assert list(found) == ["t", "w"]
    twice = 2 * float(np.sum(T * x.w.data))
    np.testing.assert_allclose(found.t, np.broadcast_to(twice * x.w.data, T.shape))
    np.testing.assert_allclose(found.w, twice * T.sum(0))
    along = kt.jvp(g, (x,), (x,))[1]
    np.testing.assert_allclose(along.data, 2 * twice * np.sum(T * x.w.data))
    _, pullback = kt.vjp(lambda a: xr.Dataset({"y": 2.0 * a}), temperature())
    check(pullback(xr.Dataset({"y": temperature()}))[0], 2 * T, temperature())
    jacobian = kt.jacrev(lambda x: (x.t * x.w).sum("place"))(x)
    assert jacobian.t.dims == ("time", "time_in", "place")
    assert jacobian.w.dims == ("time", "place")
    np.testing.assert_allclose(jacobian.w, T)
    of_dataset = kt.jacrev(lambda a: xr.Dataset({"y": a.sum("place"), "z": a.sum()}))(temperature())
    assert of_dataset["y"].dims == ("time", "time_in", "place")
    check(of_dataset["z"], np.ones((2, 3)), temperature())


def test_functions_that_update_their_argument():
    def g(x):
        x += 1.0
        x[0] = x[1] * 2.0
        x.loc[{"time": 20}] *= 3.0
        return (x**2).sum()

    x = temperature()
    check(kt.grad(g)(x), [[0.0] * 3, list(26 * (T[1] + 1.0))], x)
    np.testing.assert_array_equal(x.data, T)


def test_gradarrays_in_and_out():
    x = temperature(kt.GradArray(T))
    found = kt.grad(f)(x)
    assert isinstance(found.data, kt.GradArray)
    np.testing.assert_allclose(found.data.numpy(), GRADIENT)
    f(x).data.backward()
    np.testing.assert_allclose(x.data.grad, GRADIENT)
    second = kt.grad(lambda x: (kt.grad(f)(x) * weights()).sum())(temperature())
    check(second, GRADIENT / T * np.array([[2.0], [1.0]]), temperature())
    check_grads(lambda a: kt.checkpoint(f)(temperature(a)).data, (T,))


def test_arrays_of_every_library(xp, device):
    raw = xp.asarray(T, device=device)._array
    x = temperature(raw)
    if type(x.data) is not type(raw):
        pytest.skip("xarray makes a NumPy array of it")
    found = kt.grad(lambda x: kt.sum((x * x).data) * kt.sum(x.isel(time=0).data))(x)
    expected = 2 * T * T[0].sum() + np.array([[np.sum(T * T)], [0.0]])
    along = kt.jvp(lambda x: x * x, (x,), (xr.DataArray(raw, dims=x.dims),))[1]
    for y, values in ((found, expected), (along, 2 * T * T)):
        assert type(y.data) is type(raw)
        assert y.dims == x.dims
        assert kt.asarray(y.data).device == device
        np.testing.assert_allclose(kt.asarray(y.data).numpy(), values)


def test_labels_that_do_not_fit():
    x = temperature()
    other = x.assign_coords(time=[10, 30])
    with pytest.raises(kt.StructureError, match="indexes: time"):
        kt.jvp(f, (x,), (other,))
    with pytest.raises(kt.StructureError, match=r"dimensions \('t', 'place'\)"):
        kt.jvp(f, (x,), (x.rename(time="t"),))
    with pytest.raises(kt.StructureError, match="leaf"):
        kt.jvp(f, (x,), (T,))
    check(kt.hvp(f, (x,), (x.drop_vars(["time", "name"]),)), GRADIENT, x)


def test_values_without_a_derivative():
    with pytest.raises(kt.DTypeError, match=r"int64.*argument 0\['data'\]"):
        kt.grad(f)(temperature().astype(int))
    x = xr.Dataset({"t": temperature(), "n": ("place", [1, 2, 3])})
    with pytest.raises(kt.DTypeError, match=r"argument 0\['n'\]"):
        kt.grad(lambda x: f(x.t))(x)
    check(kt.grad(lambda x: f(x.t))(x.set_coords("n")).t, GRADIENT, x.set_coords("n").t)
    with pytest.raises(kt.GradientRequiredError, match="shape"):
        kt.grad(lambda x: x * 2.0)(temperature())
    with pytest.raises(kt.StructureError, match="registered already"):
        kt.tree.register(xr.DataArray, lambda x: ([x.data], None), lambda aux, parts: parts[0])


def test_xarray_is_not_imported():
    code = """
        import keratorch as kt, sys
        kt.grad(lambda x: x)(1.0)
        print('xarray' in sys.modules)
    """
    assert run_python(code).strip() == "False"
