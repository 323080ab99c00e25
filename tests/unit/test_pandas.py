"""Series and DataFrames of pandas beside GradArrays: taken for their values, in any order."""

import operator

import numpy as np
import pytest

import keratorch as kt
from keratorch.testing import check_grads

pd = pytest.importorskip("pandas")

V = np.array([1.7, 2.2, 0.7])
SERIES = pd.Series([1.0, 2.0, 3.0], index=["a", "b", "c"])
TABLE = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})
OPERATORS = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod),
]
KINDS = [
    pytest.param(SERIES, V, id="series"),
    pytest.param(SERIES, np.array(2.3), id="series and number"),
    pytest.param(TABLE, V[:2], id="frame"),
    pytest.param(pd.Series([1, 2, 3], dtype="Int64"), V, id="nullable"),
]


@pytest.mark.parametrize("function", OPERATORS)
@pytest.mark.parametrize(("table", "x"), KINDS)
def test_operators(table, x, function):
    plain = table.to_numpy().astype(float)
    for call in (lambda t, x: function(t, x), lambda t, x: function(x, t)):
        y = call(table, kt.GradArray(x))
        assert isinstance(y, kt.GradArray)
        np.testing.assert_allclose(y.numpy(), call(plain, x))
        check_grads(lambda x, call=call: call(table, x), [x])


def test_functions_and_comparisons():
    x = kt.GradArray(V)
    for y in (np.add(SERIES, x), np.add(x, SERIES), kt.add(x, SERIES), SERIES.add(x)):
        np.testing.assert_array_equal(y.numpy(), SERIES.to_numpy() + V)
        assert y.requires_grad
    np.testing.assert_array_equal((x > SERIES).numpy(), SERIES.to_numpy() < V)
    np.testing.assert_array_equal((x >= SERIES).numpy(), SERIES.to_numpy() <= V)
    np.testing.assert_array_equal((x @ TABLE).numpy(), V @ TABLE.to_numpy())
    np.testing.assert_array_equal(np.dot(TABLE.T, x).numpy(), V @ TABLE.to_numpy())


def test_a_regression_on_columns():
    def loss(w):
        return np.mean((w[0] * TABLE["a"] + w[1] * TABLE.b - SERIES) ** 2)

    check_grads(loss, [np.array([0.3, -0.2])])


def test_pandas_does_not_take_in_a_gradient():
    x = kt.GradArray(V)
    for call in (
        lambda: pd.Series(x),
        lambda: TABLE.assign(c=x),
        lambda: SERIES @ x,
        lambda: TABLE @ x[:2],
        lambda: SERIES.where(SERIES > 1, x),
    ):
        with pytest.raises(kt.LostGradientError):
            call()


def test_what_holds_no_numbers_is_refused():
    with pytest.raises(kt.DTypeError, match="object"):
        pd.Series(["a", "b", "c"], dtype=object) * kt.GradArray(V)


def test_tables_beside_arrays_of_other_libraries():
    torch = pytest.importorskip("torch")
    y = SERIES * kt.GradArray(torch.ones(3, dtype=torch.float64))
    assert type(y._array) is torch.Tensor
    np.testing.assert_array_equal(y.numpy(), SERIES.to_numpy())
