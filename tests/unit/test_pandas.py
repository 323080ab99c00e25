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
    """Of plain arrays and constants pandas takes the mean, and matches the rows by their index."""
    target = SERIES.reset_index(drop=True)

    def loss(w):
        return np.mean((w[0] * TABLE["a"] + w[1] * TABLE.b - target) ** 2)

    w = np.array([0.3, -0.2])
    check_grads(loss, [w])
    np.testing.assert_allclose(loss(kt.GradArray(w)).numpy(), loss(w))
    np.testing.assert_allclose(loss(kt.asarray(w)), loss(w))


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


# -- constants: pandas takes their values, and computes by itself ---------------------------------

INPLACE = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imod,
]  # fmt: skip


class Prices(pd.Series):
    """A Series of a user, in a module that is not of pandas."""

    @property
    def _constructor(self):
        return Prices


@pytest.mark.parametrize("function", [*OPERATORS, operator.lt, operator.ge, operator.eq, divmod])
@pytest.mark.parametrize("x", [V, np.array(2.3)], ids=["vector", "number"])
@pytest.mark.parametrize("table", [SERIES, pd.Index([1.0, 2.0, 3.0]), Prices([1.0, 2.0, 3.0])])
def test_operators_with_constants_are_of_pandas(table, x, function):
    raw = x if x.ndim else x.item()
    compares = function in (operator.lt, operator.ge, operator.eq)
    for call in (lambda t, x: function(t, x), lambda t, x: function(x, t)):
        y, expected = call(table, kt.asarray(x)), call(table, raw)
        pairs = zip(y, expected, strict=True) if function is divmod else [(y, expected)]
        for found, e in pairs:
            # an Index gives what the arrays give that it compares
            assert type(found) is type(e) or (compares and isinstance(table, pd.Index))
            np.testing.assert_array_equal(found, e)


def test_frames_with_constants():
    c = kt.asarray(V[:2])
    for y in (TABLE - c, -(c - TABLE)):
        pd.testing.assert_frame_equal(y, TABLE - V[:2])
    pd.testing.assert_series_equal(c @ TABLE.T, V[:2] @ TABLE.T)
    # pandas can do nothing with a 0-d or a 2-d array of another library beside a DataFrame
    square = kt.asarray(np.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal((TABLE - square).numpy(), TABLE.to_numpy() - square.numpy())
    np.testing.assert_array_equal((square - TABLE).numpy(), square.numpy() - TABLE.to_numpy())
    np.testing.assert_array_equal((TABLE * kt.asarray(2.0)).numpy(), TABLE.to_numpy() * 2)
    np.testing.assert_array_equal((kt.asarray(2.0) - TABLE).numpy(), 2 - TABLE.to_numpy())


@pytest.mark.parametrize("c", [kt.asarray(np.array([1.0, 3.0, 2.0])), kt.asarray(1.5)])
def test_filters_and_windows_by_constants(c):
    raw, series = c.numpy(), SERIES
    pd.testing.assert_series_equal(series[series > c], series[series > raw])
    pd.testing.assert_series_equal(series[c < series], series[series > raw])
    expected = TABLE[TABLE["a"] > raw - 1.0]
    pd.testing.assert_frame_equal(TABLE[TABLE["a"] > c - 1.0], expected)
    pd.testing.assert_frame_equal(TABLE.loc[TABLE["a"] > c - 1.0], expected)
    expected = (SERIES * raw).rolling(2).sum()
    pd.testing.assert_series_equal((SERIES * c).rolling(2).sum(), expected)
    pd.testing.assert_series_equal((c * SERIES).rolling(2).sum(), expected)


@pytest.mark.parametrize("function", INPLACE)
@pytest.mark.parametrize("table", [SERIES, pd.Index([1.0, 2.0, 3.0])])
def test_in_place_operators_write_into_constants(table, function):
    c = kt.asarray(V.copy())
    shown = c
    c = function(c, table)
    assert c is shown
    np.testing.assert_array_equal(shown.numpy(), function(V.copy(), table.to_numpy()))


@pytest.mark.parametrize("function", [*OPERATORS, operator.lt])
def test_constants_of_every_library(xp, device, function):
    c = xp.asarray(V, device=device)
    for x, raw in ((c, V), (c[0], V[0])):
        for y, expected in (
            (function(SERIES, x), function(SERIES, raw)),
            (function(x, SERIES), function(raw, SERIES)),
        ):
            found = y.numpy() if isinstance(y, kt.GradArray) else y
            np.testing.assert_allclose(found, expected)
    z = SERIES.copy()
    if kt.backends.get(device.backend).takes_numpy:  # pandas computes, with an array of NumPy
        z *= c
        np.testing.assert_allclose(z, SERIES * V)
    elif device.backend != "numpy":
        with pytest.raises(kt.DeviceMismatchError):
            z *= c
        pd.testing.assert_series_equal(z, SERIES)


def test_writing_what_pandas_cannot_read_into_a_frame_says_so():
    table = TABLE.copy()
    with pytest.raises(kt.UnknownArrayError, match=r"shape \(\).*DataFrame.*x\.item\(\)"):
        table *= kt.asarray(2.0)
    pd.testing.assert_frame_equal(table, TABLE)


@pytest.mark.parametrize("function", INPLACE)
@pytest.mark.parametrize("x", [V, np.array(2.3)], ids=["vector", "number"])
def test_writing_constants_into_tables(x, function):
    z, expected = SERIES.copy(), SERIES.copy()
    kept = z
    function(z, kt.asarray(x))
    function(expected, x)
    assert kept is z
    pd.testing.assert_series_equal(z, expected)
    table = TABLE.copy()
    table["a"] = function(table["a"], kt.asarray(x))
    np.testing.assert_array_equal(table["a"], function(TABLE["a"].copy(), x))
    frame = function(TABLE.copy(), kt.asarray(V[:2]))
    pd.testing.assert_frame_equal(frame, function(TABLE.copy(), V[:2]))


@pytest.mark.parametrize("function", INPLACE)
@pytest.mark.parametrize("table", [SERIES, TABLE["a"], TABLE, Prices([1.0, 2.0, 3.0])])
def test_writing_tracked_arrays_into_tables_is_refused(table, function):
    z = table.copy()
    for x in (kt.GradArray(2.3), kt.GradArray(2.3) * 2):
        with pytest.raises(kt.LostGradientError, match=r"z = z - x.*detach\(\)"):
            function(z, x)
    assert z.equals(table)

    def lost(x):
        with pytest.raises(kt.LostGradientError, match=type(table).__name__):
            function(z, x)
        return x

    kt.jvp(lost, [np.array(2.3)], [np.array(1.0)])


def test_a_subclass_of_series_is_one():
    prices = Prices([1.0, 2.0, 3.0])
    for call in (lambda x: prices * x, lambda x: x * prices, lambda x: kt.multiply(prices, x)):
        check_grads(call, [V])
        np.testing.assert_array_equal(call(kt.GradArray(V)).numpy(), V * prices.to_numpy())
