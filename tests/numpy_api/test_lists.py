"""Lists and tuples that hold tracked arrays, given to the functions of `keratorch.numpy`."""

import operator
import pickle
from collections import deque
from operator import attrgetter

import numpy as onp
import pytest

import keratorch as kt
import keratorch.numpy as np
from keratorch.interop import _lists
from keratorch.interop._lists import holds_array

#: Values are the same on all devices of a library.
ONE_DEVICE_EACH = True
X = onp.array([0.3, 0.7, 1.2])
M = onp.array([[2.0, 1.0], [1.0, 3.0]])
v = onp.array([1.0, 2.0])
m = onp.array([True, False])
#: Expressions in x, the three elements of `X`. Each of them works on plain numbers too.
EXPRESSIONS = [
    "",
    "np.sum([x[0]*x[1], x[2]])",
    "np.sum(np.exp([x[0],x[1]]))",
    "np.dot([x[0],x[1]], v)",
    "np.dot(v,[x[0],x[1]])",
    "np.sum(np.linalg.solve(M,[x[0],x[1]]))",
    "np.sum(np.vstack([[x[0],x[1]],[x[2],0.]])**2)",
    "np.sum(np.concatenate([[x[0],x[1]],[x[2],0.]])**2)",
    "np.sum(np.concatenate(([x[0],x[1]],v))**2)",
    "np.sum(np.meshgrid([x[0],x[1]],[1.,x[2]])[1]**2)",
    "np.sum(np.where(m,[x[0],x[1]],0.)**2)",
    "np.einsum('i,i',[x[0],x[1]],v)",
    "np.einsum('i,i->',[x[0],x[1]],[x[1],x[2]])",
    "np.sum(np.add([x[0],1.],[x[1],x[2]]))",
    "np.add.reduce([x[0],x[1]])",
    "np.multiply.outer([x[0],x[1]],v).sum()",
    "np.sum(np.multiply.accumulate([x[0],x[1],x[2]]))",
    "np.linalg.norm([x[0],x[1]])",
    "np.linalg.det([[x[0],x[1]],[x[2],1.]])",
    "np.sum(np.linalg.inv([[x[0],x[1]],[x[2],1.]]))",
    "np.sum(np.abs(np.fft.fft([x[0],x[1],x[2]]))**3)",
    "np.mean([x[0],x[1]])",
    "np.std([x[0],x[1],x[2]])",
    "np.var((x[0],x[1],x[2]))",
    "np.max([x[0],x[1]])",
    "np.prod([x,x])",
    "np.sum([x,x*2])",
    "np.sum([[x[0],x[1]],[x[2],2.]],axis=0)[0]",
    "np.sum(np.array([x[0],[x[1]][0]]))",
    "np.sum(np.stack([[x[0],x[1]],[x[2],0.]])**2)",
    "np.sum(np.hstack([[x[0]],[x[1],x[2]]])**2)",
    "np.sum(np.column_stack([[x[0],x[1]],v])**2)",
    "np.sum(np.dstack([[x[0],x[1]],v])**2)",
    "np.sum(np.matmul([[x[0],x[1]],[x[2],1.]],v))",
    "np.sum(np.tensordot([[x[0],x[1]],[x[2],1.]],M))",
    "np.sum(np.outer([x[0],x[1]],v))",
    "np.sum(np.cross([x[0],x[1],x[2]],[1.,2.,3.]))",
    "np.sum(np.kron([x[0],x[1]],v))",
    "np.inner([x[0],x[1]],v)",
    "np.vdot([x[0],x[1]],v)",
    "np.sum(np.cumsum([x[0],x[1]]))",
    "np.sum(np.diff([x[0],x[1],x[2]])**2)",
    "np.trapezoid([x[0],x[1],x[2]],[0.,1.,3.])",
    "np.interp(.5,[0.,1.],[x[0],x[1]])",
    "np.polyval([x[0],x[1],x[2]],2.)",
    "np.sum(np.polyval([1.,2.],[x[0],x[1]]))",
    "np.sum(np.roots([x[0],x[1],-x[2]]))",
    "np.sum(np.clip([x[0],x[1],x[2]],.5,1.)**2)",
    "np.sum(np.maximum([x[0],x[1]],.5))",
    "np.sum(np.sort([x[2],x[1]])*v)",
    "np.average([x[0],x[1]],weights=[x[1],x[2]])",
    "np.median([x[0],x[1],x[2]])",
    "np.percentile([x[0],x[1],x[2]],30)",
    "np.sum(np.select([[True,False]],[[x[0],x[1]]],0.))",
    "np.sum(np.select([m],[[x[0],x[1]]],[x[2],x[2]]))",
    "np.sum(np.choose([0,1],[[x[0],x[1]],[x[2],x[2]]]))",
    "np.sum(np.piecewise([x[0],x[1]],[[True,False]],[lambda t:t**2,0.]))",
    "np.sum(np.append([x[0],x[1]],[x[2]]))",
    "np.sum(np.append([[x[0],x[1]]],[[x[2],1.]],axis=0))",
    "np.sum(np.insert(v,1,[x[0]]))",
    "np.sum(np.repeat([x[0],x[1]],2))",
    "np.sum(np.tile([x[0],x[1]],2))",
    "np.sum(np.roll([x[0],x[1]],1)*v)",
    "np.sum(np.reshape([x[0],x[1],x[2],1.],(2,2))[0])",
    "np.sum(np.transpose([[x[0],x[1]]])[0])",
    "np.sum(np.ravel([[x[0],x[1]]])[0])",
    "np.shape([x[0],x[1]])[0]*x[0]",
    "np.ndim([x[0],x[1]])*x[0]",
    "np.size([x[0],x[1]])*x[0]",
    "np.sum(np.diag([x[0],x[1]]))",
    "np.trace([[x[0],x[1]],[x[2],1.]])",
    "np.sum(np.convolve([x[0],x[1]],[1.,x[2]]))",
    "np.sum(np.gradient([x[0],x[1],x[2]])**2)",
    "np.sum(np.cov([x[0],x[1],x[2]],[1.,2.,5.])**2)",
    "np.sum(np.linalg.eigvalsh([[x[0],x[1]],[x[1],x[2]]])**2)",
    "np.sum(np.linalg.lstsq([[x[0],1.],[x[1],1.],[x[2],2.]],[1.,2.,3.])[0])",
    "np.sum(np.atleast_2d([x[0],x[1]])**2)",
    "np.sum(np.broadcast_to([x[0],x[1]],(2,2)))",
    "np.sum(np.broadcast_arrays([x[0],x[1]],1.)[0])",
    "np.sum(np.block([[x[:2],x[1:]],[np.array([x[0],x[1]]),v]]))",
    "np.sum(np.flip([x[0],x[1]])*v)",
    "np.sum(np.squeeze([[x[0],x[1]]]))",
    "np.sum(np.take([x[0],x[1]],[0,0]))",
    "np.sum(np.nan_to_num([x[0],x[1]]))",
    "np.sum(np.real([x[0],x[1]]))",
    "np.sum(np.ptp([x[0],x[1]]))",
    "np.sum(np.linalg.multi_dot([[[x[0],x[1]],[x[2],1.]],M,[x[0],x[1]]]))",
    "np.sum(np.apply_along_axis(lambda t: t**2,0,[x[0],x[1]]))",
    "np.sum(np.ones_like([x[0],x[1]])*x[0])",
    "np.sum(np.full(2,[x[0],x[1]])**2)",
    "np.sum(np.linspace([x[0],x[1]],2.,3))",
    "np.sum(np.pad([x[0],x[1]],1,constant_values=[(x[0],x[1])])**2)",
    "np.sum(np.asarray([x[0],x[1]])**2)",
    "np.sum(np.fft.rfft([x[0],x[1],x[2]]).real)",
    "np.sum(np.linalg.cholesky([[x[0]+2,x[1]],[x[1],x[2]+3]]))",
    "np.sum(np.arctan2([x[0],x[1]],[1.,x[2]]))",
    "np.sum(np.power([x[0],x[1]],2))",
    "np.isclose([x[0]],[x[0]]).sum()*x[0]",
    "np.sum(np.triu([[x[0],x[1]],[x[2],1.]]))",
    "np.sum(np.moveaxis([[x[0],x[1]]],0,1)[0])",
    "np.sum(np.expand_dims([x[0],x[1]],0)[0])",
    "np.sum(np.swapaxes([[x[0],x[1]]],0,1)[0])",
    "np.sum(np.unwrap([x[0],x[1]]))",
    "np.sum(np.heaviside([x[0],x[1]],.5)*x[0])",
    "np.hypot([x[0]],[x[1]]).sum()",
    "np.sum(np.logaddexp([x[0],x[1]],0.))",
    "np.sum(np.logaddexp.reduce([x[0],x[1]]))",
    "np.linalg.norm([x,2*x])",
    "np.sum(np.copy([x[0],x[1]]))",
    "np.count_nonzero([x[0],x[1]])*x[0]",
    "np.argmax([x[0],x[1]])*x[0]",
    "np.sum(np.vectorize(lambda t: t*t)([x[0],x[1]]))",
    "np.sum(np.array([x[0],x[1]]) * [x[1],2.])",
    "np.sum(x[:2] * [x[1],2.])",
    "x[:2].dot([x[1],2.])",
    "np.sum(np.float64(2.)*np.array([x[1],2.]))",
    "np.cumprod([x[0],x[1]])[-1]",
    "np.searchsorted([x[0],x[2]],.5)*x[0]",
    "np.histogram([x[0],x[1]])[0][0]*x[0]",
    "np.histogramdd([[x[0],1.],[x[1],2.]],[2,3])[1][1][1]",
    "np.histogram2d([x[0],1.],[x[1],2.],[[x[2],3.],2])[1][0]",
    "np.sum(np.corrcoef([x[0],x[1],x[2]],[1.,0.,2.]))",
    "np.sum(np.nanmean([x[0],x[1]]))",
    "np.ldexp([x[0],x[1]],2).sum()",
    "np.sum(np.modf([x[0],x[1]])[0])",
    "np.sum(np.rot90([[x[0],x[1]]])[0])",
    "np.sum(np.delete([x[0],x[1]],0))",
    "np.sum(np.vander([x[0],x[1]],3))",
    "np.sum(np.i0([x[0],x[1]]))",
    "np.sum(np.sinc([x[0],x[1]]))",
    "np.sum(np.digitize([x[0],x[1]],[.5]))*x[0]",
    "np.trim_zeros([x[0],0.])[0]",
    "np.sum(np.unique([x[0],x[1]]))",
    "np.sum(np.polyfit([0.,1.,2.],[x[0],x[1],x[2]],1))",
    "np.sum(np.polyadd([x[0],1.],[x[1]]))",
    "np.sum(np.polymul([x[0],1.],[x[1],2.]))",
    "np.sum(np.ediff1d([x[0],x[1]]))",
    "np.allclose([x[0]],[1.])*x[0]+x[1]",
    "",
][1:-1]


def value(expression, x):
    return eval(expression, {"np": np, "M": M, "v": v, "m": m, "x": x})


def difference(expression, i, step=1e-6):
    """A central difference of NumPy's own values along element `i`."""
    shift = onp.zeros(3)
    shift[i] = step
    plus, minus = (float(onp.real(value(expression, X + s))) for s in (shift, -shift))
    return (plus - minus) / (2 * step)


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_gradient(expression):
    found = value(expression, X)
    assert not isinstance(found, kt.GradArray)  # plain in, plain out
    y, gradient = kt.value_and_grad(lambda x: kt.real(value(expression, x)))(X)
    onp.testing.assert_allclose(y, onp.real(found), rtol=1e-12)
    expected = [difference(expression, i) for i in range(3)]
    onp.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


def test_second_derivatives_and_forward_mode():
    def f(x):
        return np.sum(np.linalg.solve([[x[0], x[1]], [1.0, x[2]]], [x[1], 2.0]) ** 2)

    def same(x):
        return np.sum(
            np.linalg.solve(np.array([[x[0], x[1]], [1.0, x[2]]]), np.array([x[1], 2.0])) ** 2
        )

    onp.testing.assert_allclose(kt.hessian(f)(X), kt.hessian(same)(X))
    onp.testing.assert_allclose(kt.jvp(f, (X,), (X,))[1], kt.jvp(same, (X,), (X,))[1])


def test_shapes_and_dtypes_are_numpys():
    x = kt.GradArray(X.astype(onp.float32))
    found = np.exp([[x[0], x[1]], [1.0, x[2]]])  # a Python float takes the arrays' dtype
    one = onp.float32(1.0)
    expected = np.exp([[one, one], [one, one]])
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert np.shape([[x[0], x[1]]]) == (1, 2) and np.ndim((x[0], x[1])) == 1
    with pytest.raises(ValueError):
        np.sum([[x[0]], [x[0], x[1]]])


@pytest.mark.parametrize("name", ["concatenate", "stack", "vstack", "hstack", "dstack"])
def test_what_joins_arrays_takes_any_iterable_of_tracked_arrays(name):
    function = getattr(np, name)
    expected = function([X[:2], X[1:]])
    for made in (lambda a: (v for v in a), lambda a: dict(enumerate(a)).values(), iter):
        y = function(made([kt.GradArray(X)[:2], kt.GradArray(X)[1:]]))
        assert y.requires_grad
        onp.testing.assert_array_equal(y.numpy(), expected)
        with pytest.raises(TypeError):  # as from NumPy
            function(made([X[:2], X[1:]]))


def test_other_functions_refuse_generators_as_numpy_does():
    x = kt.GradArray(X)
    for function in (np.exp, np.linalg.inv):
        with pytest.raises((TypeError, ValueError)):
            function(v for v in x)


def test_fromiter_takes_tracked_numbers():
    x = kt.GradArray(X)
    y = np.fromiter((v * v for v in x), float, 2)
    kt.sum(y).backward()
    onp.testing.assert_array_equal(x.grad, [0.6, 1.4, 0.0])
    onp.testing.assert_array_equal(np.fromiter((i * i for i in range(3)), int), [0, 1, 4])
    assert type(np.fromiter([1.0], float)) is onp.ndarray
    with pytest.raises(ValueError, match="fewer than 4"):
        np.fromiter(iter(x), float, 4)


def test_lists_that_are_written_into_are_refused():
    x = kt.GradArray(X)
    for write in (
        lambda: np.add.at([x[0], x[1]], [0], [x[2]]),
        lambda: np.put([x[0], x[1]], [0], [x[2]]),
        lambda: np.copyto([x[0], x[1]], [x[2], x[2]]),
        lambda: np.add([x[0]], [x[1]], out=[x[2]]),
    ):
        with pytest.raises((TypeError, AttributeError)):
            write()


def test_equality_of_lists_is_that_of_their_values():
    x = kt.GradArray(X)  # NumPy's functions answer False where a list makes no array
    assert np.array_equal([x[0], x[1]], X[:2]) and not np.array_equal([x[0], x[1]], X[1:])
    assert np.array_equiv([x[0], x[0]], [[X[0]]])


def test_histogramdd_takes_a_list_of_variables():
    x = kt.GradArray(X)
    for sample, plain in (
        ([[x[0], x[1], x[2]], [x[2], x[1], x[0]]], [X, X[::-1]]),
        ([x[0], x[1], x[2]], list(X)),
    ):
        counts, edges = np.histogramdd(sample, 2)
        expected, places = onp.histogramdd(plain, 2)
        onp.testing.assert_array_equal(counts.numpy(), expected)
        for edge, place in zip(edges, places, strict=True):
            onp.testing.assert_allclose(edge.numpy(), place, rtol=1e-15)


def elements(x):
    """Elements of many kinds in one list, each a number."""
    return [
        [x[0], 2.0, 3, True, onp.float64(1.5), onp.array(2.5), kt.asarray(0.5)],
        [x[0], 1j],
        [onp.float32(1.0), x[1]],
        [[x[0], 1.0], onp.array([2.0, 3.0]), x[:2], (x[1], 4)],
        [onp.ones((1, 2)), [x[:2]], [[x[2], 1.0]]],
        [x[:1], x[1:2], [x[2]], onp.ones(1)],
        [[[x[0]]], [[2.0]]],
        [onp.int64(3), x[0]],
        [[x[0], -0.0], [0.0, onp.float64(-0.0)], [x[1], 0.0]],
    ]


@pytest.mark.parametrize("i", range(9))
def test_elements_of_many_kinds(i):
    plain, tracked = elements(X)[i], elements(kt.GradArray(X))[i]
    plain = [v if not isinstance(v, kt.GradArray) else float(v) for v in plain]
    expected = onp.array(plain)
    y = np.array(tracked)
    assert y.requires_grad and y.shape == expected.shape and y.dtype == expected.dtype
    onp.testing.assert_array_equal(y.numpy(), expected)
    onp.testing.assert_array_equal(onp.signbit(y.numpy().real), onp.signbit(expected.real))
    onp.testing.assert_array_equal(np.exp(tracked).numpy(), onp.exp(expected))
    f = kt.grad(lambda x: kt.real(np.sum(np.square(elements(x)[i]))))
    places = kt.grad(lambda x: kt.real(np.sum(np.square(np.array(elements(x)[i])))))
    onp.testing.assert_array_equal(f(X), places(X))
    assert onp.any(f(X))


def test_functions_of_users_return_tracked_arrays_for_plain_ones():
    table = onp.arange(6.0).reshape(2, 3)
    for call in (
        lambda x: np.apply_along_axis(lambda row: row @ x, 1, table),
        lambda x: np.apply_along_axis(lambda row: [row[0] * x[0], x[1]], 1, table),
        lambda x: np.piecewise(table, [table > 2], [lambda t: x[0] * t, x[1]]),
    ):
        values, gradient = call(X), kt.grad(lambda x, f=call: np.sum(f(x) ** 2))(X)
        onp.testing.assert_array_equal(call(kt.GradArray(X)).numpy(), values)
        same = kt.grad(lambda x, f=call: np.sum(f(x) ** 2) * (1 + 0 * x[2]))(X)
        onp.testing.assert_array_equal(gradient, same)
        assert onp.count_nonzero(gradient) > 1


def test_lists_of_leaves_where_nothing_is_recorded():
    a, b = kt.GradArray(1.0), kt.GradArray(2.0)
    with kt.no_grad():
        y = np.sum([a, b])
    assert y.item() == 3.0 and not y.requires_grad


def test_lists_in_forward_mode_and_of_higher_order():
    def f(x):
        return np.linalg.norm([x[0] * x[1], np.exp(x[2])])

    def same(x):
        return kt.sqrt((x[0] * x[1]) ** 2 + kt.exp(x[2]) ** 2)

    onp.testing.assert_allclose(kt.jacfwd(f)(X), kt.grad(same)(X))
    onp.testing.assert_allclose(kt.jacfwd(kt.hessian(f))(X), kt.jacfwd(kt.hessian(same))(X))


OPERATORS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "pow",
    "mod",
    "floordiv",
    "matmul",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
]


def beside(name, makes, device, call):
    """The value of an operator beside a list, or what `makes` makes of it, and the gradient."""
    x = kt.asarray(X.tolist(), device=device, requires_grad=True)
    y = call(getattr(operator, name), x * 2, makes([x[1], 2 * x[0], x[2]]))
    if y.requires_grad:
        kt.sum(y).backward()
    return y.numpy(), None if x.grad is None else kt.asarray(x.grad).numpy()


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_beside_lists(name):
    for call in (
        lambda f, v, other: f(v, other),
        lambda f, v, other: f(other, v),
        lambda f, v, other: f(v[None, :], [other]) if name != "matmul" else f([other], v),
    ):
        for a, b in zip(
            beside(name, list, None, call), beside(name, kt.stack, None, call), strict=True
        ):
            onp.testing.assert_array_equal(a, b)


def test_an_operator_beside_a_list_of_another_library(xp, device):
    for a, b in zip(
        *(beside("mul", m, device, lambda f, v, w: f(w, v)) for m in (list, kt.stack)), strict=True
    ):
        onp.testing.assert_allclose(a, b)


def test_writes_of_lists_and_methods_that_take_them():
    def written(x):
        y = 2 * x
        y += [x[1], x[2], 1.0]
        y[:2] = [x[0] * x[1], y[2]]
        y[[0, 2]] *= (x[2], x[0])
        y.flat[1:] = [y[0], x[1]]
        return y.dot([x[0], 2.0, y[1]]) + y.clip([x[0], 0.0, 0.0], 2.0).sum()

    def same(x):
        y = 2 * x + np.stack([x[1], x[2], 1.0 + 0 * x[0]])
        y = np.stack([x[0] * x[1] * x[2], y[2], y[2] * x[0]])
        y = np.stack([y[0], y[0], x[1]])
        low = np.stack([x[0], 0 * x[0], 0 * x[0]])
        return y[0] * x[0] + 2.0 * y[1] + y[2] * y[1] + np.clip(y, low, 2.0).sum()

    onp.testing.assert_allclose(kt.grad(written)(X), kt.grad(same)(X), rtol=1e-14)
    onp.testing.assert_allclose(kt.hessian(written)(X), kt.hessian(same)(X), rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in OPERATORS if n != "matmul"])
def test_a_plain_array_beside_a_list_is_refused_with_a_hint(name):
    x = kt.GradArray(X)
    function = getattr(operator, name)
    for call in (
        lambda: function(onp.ones(3), [x[0], x[1], x[2]]),
        lambda: function([x[0], x[1], x[2]], onp.ones(3)),
        lambda: function(onp.ones((3, 1)), [[x[0]], [x[1]], [x[2]]]),
    ):
        with pytest.raises(kt.LostGradientError, match=r"keratorch.numpy.*array"):
            call()
    y = function(onp.ones(3), np.array([x[0], x[1], x[2]]))
    assert y.shape == (3,)


@pytest.mark.parametrize("name", ["exp", "array", "linalg.norm", "fft.fft", "stack", "fromiter"])
def test_functions_are_pickled_by_name(name):
    function = attrgetter(name)(np)
    assert pickle.loads(pickle.dumps(function)) is function
    assert repr(function).startswith("<function")


def test_methods_of_ufuncs_and_their_facts():
    x = kt.GradArray(X)
    assert np.add.nin == 2 and np.add.reduce([1, 2]) == 3 and np.exp.types == onp.exp.types
    np.add.reduce([x[0], x[1]]).backward()
    onp.testing.assert_array_equal(x.grad, [1.0, 1.0, 0.0])
    assert np.exp.__name__ == "exp" and np.exp.__doc__ == onp.exp.__doc__
    assert np.multiply.outer(v, v).shape == (2, 2) and np.add.identity == 0


def test_other_lost_gradients_are_still_errors():
    x = kt.GradArray(X)
    for function in (np.exp, np.linalg.norm, np.sum):
        with pytest.raises(kt.LostGradientError, match=r"np\.asarray of a tracked array of shape"):
            function(deque(x))
    with pytest.raises(kt.LostGradientError):
        np.add(onp.ones(3), x, out=onp.empty(3))
    with pytest.raises(kt.LostGradientError):
        onp.ones(2) * [x[0], x[1]]


def test_nothing_is_looked_for_in_calls_with_plain_arrays(monkeypatch):
    def fail(*args):
        raise AssertionError

    monkeypatch.setattr(_lists, "holds_array", fail)
    monkeypatch.setattr(_lists, "without_lists", fail)
    for call in (
        lambda: np.exp(X) + np.add(X, X),
        lambda: np.sum([1.0, 2.0]) + np.linalg.norm(X) + np.add.reduce([X, X]),
        lambda: np.concatenate([X, [1.0]]),
        lambda: np.where(m, [1.0, 2.0], 0.0),
    ):
        assert not isinstance(call(), kt.GradArray)


def test_lists_without_tracked_arrays_are_left_to_numpy():
    assert not holds_array([1.0, [2.0, onp.ones(2)], {"a": "b"}])
    assert holds_array((1.0, [kt.GradArray(1.0)])) and holds_array({"a": [kt.asarray(1.0)]})
    assert type(np.exp([1.0, 2.0])) is onp.ndarray
    assert type(np.sum([kt.asarray(1.0), 2.0])) is onp.float64
