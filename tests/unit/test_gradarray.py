"""`GradArray`: what it is made of, what it tells, what it becomes elsewhere."""

import copy
import itertools
import math
import operator
import pickle

import numpy as np
import pytest

import keratorch as kt

# -- making one --------------------------------------------------------------------------------

INEXACT = ["float16", "float32", "float64", "complex64", "complex128"]
EXACT = ["bool", "int8", "int32", "int64", "uint8", "uint64"]


@pytest.mark.parametrize("dtype", [*INEXACT, *EXACT])
def test_requires_grad_by_dtype(dtype):
    raw = np.ones(3, dtype=dtype)
    assert kt.GradArray(raw).requires_grad is (dtype in INEXACT)
    assert kt.GradArray(raw, requires_grad=None).requires_grad is (dtype in INEXACT)
    assert kt.GradArray(raw, requires_grad=False).requires_grad is False
    if dtype in INEXACT:
        assert kt.GradArray(raw, requires_grad=True).requires_grad is True
    else:
        with pytest.raises(kt.DTypeError, match=dtype):
            kt.GradArray(raw, requires_grad=True)


def test_the_three_attributes():
    raw = np.array([1.0, 2.0])
    x = kt.GradArray(raw)
    y = x * x
    assert x._array is raw and x._grad is None and x._grad_op is None
    assert x.is_leaf and x.grad_op is None
    assert isinstance(y._grad_op, kt.Grad) and y.grad_op is y._grad_op
    assert type(y._grad_op).__name__ == "MultiplyGrad"
    assert not y.is_leaf and y.requires_grad
    y.backward(np.ones(2))
    assert x._grad is x.grad
    with pytest.raises(AttributeError):
        x.unknown = 1


@pytest.mark.parametrize(
    "raw",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(6.0)[::-2],
        np.broadcast_to(np.arange(3.0), (2, 3)),
        np.array(1.0),
        np.zeros((0, 2)),
        np.arange(3),
    ],
    ids=["C", "F", "strided", "broadcast", "0-d", "empty", "integers"],
)
def test_arrays_are_wrapped_without_a_copy(raw):
    for x in (kt.GradArray(raw), kt.asarray(raw), kt.GradArray(raw, device="cpu", dtype=raw.dtype)):
        assert x._array is raw


def test_subclasses_of_ndarray_share_memory(tmp_path):
    class Mine(np.ndarray):
        pass

    raw = np.arange(3.0).view(Mine)
    mapped = np.memmap(tmp_path / "file", dtype=float, mode="w+", shape=(3,))
    for array in (raw, mapped):
        x = kt.GradArray(array)
        assert type(x._array) is np.ndarray
        assert np.shares_memory(x._array, array)
    with pytest.raises(kt.UnknownArrayError, match="MaskedArray"):
        kt.GradArray(np.ma.masked_array([1.0], mask=[True]))


@pytest.mark.parametrize(
    ("data", "shape", "dtype"),
    [
        (1, (), "int64"),
        (1.5, (), "float64"),
        (2j, (), "complex128"),
        (True, (), "bool"),
        ([1, 2], (2,), "int64"),
        ([[1.0], [2.0]], (2, 1), "float64"),
        ((1, 2.0), (2,), "float64"),
        ([], (0,), "float64"),
        (range(3), (3,), "int64"),
        (np.float32(2), (), "float32"),
    ],
    ids=repr,
)
def test_scalars_and_lists(data, shape, dtype):
    x = kt.GradArray(data)
    assert (x.shape, x.dtype, x.device) == (shape, dtype, "cpu")
    assert type(x._array) is np.ndarray
    assert x.requires_grad is (dtype in INEXACT)


def test_dtype_name_and_device_arguments():
    x = kt.GradArray([1, 2], dtype="float32", name="w", device=kt.Device("numpy", "cpu", 0))
    assert x.dtype == np.float32 and x.name == "w" and x.requires_grad
    assert "name='w'" in repr(x)
    x.name = None
    assert x.name is None and (x * 1).name is None
    assert kt.GradArray(np.ones(2), dtype=np.complex64).dtype == np.complex64
    with pytest.raises(TypeError):
        kt.GradArray([1.0], "cpu")  # by keyword only


@pytest.mark.parametrize("data", [object(), "text", None, {1: 2}, [[1.0], [1.0, 2.0]], [object()]])
def test_what_is_no_array(data):
    with pytest.raises(kt.KeratorchError):
        kt.GradArray(data)


def test_a_constant_can_become_a_leaf_and_a_result_cannot():
    c = kt.asarray([1.0, 2.0])
    assert kt.GradArray(c).requires_grad and kt.GradArray(c)._array is c._array
    assert not kt.GradArray(c, requires_grad=False).requires_grad
    for tracked in (kt.GradArray([1.0]), kt.GradArray([1.0]) * 2, [kt.GradArray(1.0)]):
        with pytest.raises(kt.LostGradientError, match="detach"):
            kt.GradArray(tracked)


CREATE = {
    "asarray": lambda **k: kt.asarray([1.0, 2.0], **k),
    "zeros": lambda **k: kt.zeros(2, **k),
    "ones": lambda **k: kt.ones((2, 1), **k),
    "empty": lambda **k: kt.empty(2, **k),
    "full": lambda **k: kt.full(2, 3.0, **k),
    "arange": lambda **k: kt.arange(0.0, 2.0, **k),
    "linspace": lambda **k: kt.linspace(0.0, 1.0, 2, **k),
    "eye": lambda **k: kt.eye(2, **k),
}


@pytest.mark.parametrize("name", CREATE)
def test_creation_makes_constants_unless_told(name):
    assert not CREATE[name]().requires_grad
    leaf = CREATE[name](requires_grad=True)
    assert leaf.requires_grad and leaf.is_leaf


def test_like_functions_make_constants():
    w = kt.GradArray([1.0, 2.0])
    for y in (kt.zeros_like(w), kt.ones_like(w), kt.empty_like(w), kt.full_like(w, 3.0)):
        assert not y.requires_grad and y.shape == (2,)


# -- requires_grad -----------------------------------------------------------------------------


def test_requires_grad_of_leaves_can_be_set():
    x = kt.asarray([1.0, 2.0])
    x.requires_grad = True
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    x.requires_grad = False
    assert not (x * x).requires_grad
    x.requires_grad = True
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [4.0, 8.0])


def test_requires_grad_of_others_cannot():
    i = kt.asarray([1, 2])
    with pytest.raises(kt.DTypeError, match=r"int64.*\(2,\).*astype"):
        i.requires_grad = True
    y = kt.GradArray([1.0]) * 2
    with pytest.raises(kt.LeafWriteError, match=r"MultiplyGrad.*detach\(\)"):
        y.requires_grad = False
    y.requires_grad = True
    assert y.requires_grad
    i.requires_grad = False


# -- the gradient --------------------------------------------------------------------------------


def test_gradients_add_up_until_cleared():
    x = kt.GradArray([1.0, 2.0])
    for times in (1, 2, 3):
        (x * x).sum().backward()
        np.testing.assert_array_equal(x.grad, times * np.array([2.0, 4.0]))
    x.zero_grad()
    assert x.grad is None
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    x.grad = None
    assert x.grad is None


def test_results_have_gradients_that_add_up_too():
    x = kt.GradArray([1.0, 2.0])
    y = x * 3
    z = y * y
    for times in (1, 2):
        z.sum().backward(retain_graph=True)
        np.testing.assert_array_equal(y.grad, times * 2 * np.array([3.0, 6.0]))
        np.testing.assert_array_equal(z.grad, [times, times])


def test_grad_setter():
    x = kt.GradArray(np.ones((2, 3), dtype=np.float32))
    mine = np.ones((2, 3), dtype=np.float32)
    x.grad = mine
    assert x.grad is mine
    x.sum().backward()
    np.testing.assert_array_equal(x.grad, np.full((2, 3), 2.0))
    np.testing.assert_array_equal(mine, np.ones((2, 3)))  # nothing is added into it
    with pytest.raises(kt.ShapeError, match=r"\(3,\).*\(2, 3\)"):
        x.grad = np.ones(3)
    with pytest.raises(kt.DTypeError, match=r"float64.*float32"):
        x.grad = np.ones((2, 3))
    for value in ([[1.0] * 3] * 2, 1.0, np.float32(1)):
        with pytest.raises(TypeError, match="grad must be an array"):
            x.grad = value
    np.testing.assert_array_equal(x.grad, np.full((2, 3), 2.0))


def leaf_cases():
    """Losses in which gradients could be shared: with each other, the seed, or saved arrays."""
    a = kt.GradArray(np.arange(1.0, 7.0).reshape(2, 3))
    b = kt.GradArray(np.arange(2.0, 8.0).reshape(2, 3))
    c = kt.GradArray(np.arange(3.0))
    z = kt.GradArray(np.ones((2, 3)) * (1 + 2j))
    yield "sum of two", a + b, [a, b]
    yield "difference", a - b, [a, b]
    yield "the leaf itself", a, [a]
    yield "transposed", (a + b).T, [a, b]
    yield "reshaped", (a + b).reshape(-1), [a, b]
    yield "flipped", kt.flip(a + b), [a, b]
    yield "broadcast", a + c, [a, c]
    yield "summed", kt.sum(a, axis=0) + c, [a, c]
    yield "joined", kt.concat([a, b]), [a, b]
    yield "stacked", kt.stack([a, b]), [a, b]
    yield "layers", kt.unstack(a)[0] + c, [a, c]
    yield "product with saved values", a * b, [a, b]
    yield "matrix product", a @ b.T, [a, b]
    yield "copy and cast", a.copy() + b.astype("float64"), [a, b]
    yield "real part", a + z, [a, z]
    yield "parts", kt.real(z) + kt.imag(z), [z]
    yield "used twice", a + a, [a]
    yield "picked", a[0] + b[1], [a, b]
    yield "either", kt.where(kt.asarray(np.arange(6).reshape(2, 3) > 2), a, b), [a, b]


CASES = [name for name, _, _ in leaf_cases()]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_grad_of_a_leaf_is_its_own(name, create_graph):
    _, y, leaves = next(case for case in leaf_cases() if case[0] == name)
    seed = np.asfortranarray(np.ones(y.shape, dtype=y.dtype))
    y.backward(seed, create_graph=create_graph)
    grads = []
    for x in leaves:
        assert isinstance(x.grad, kt.GradArray if create_graph else np.ndarray)
        g = x.grad._array if create_graph else x.grad
        assert g.flags.writeable and g.flags.c_contiguous
        assert g.shape == x.shape and g.dtype == x.dtype
        grads.append(g)
    saved = [x._array for x in leaves] + [y._array, seed]
    for g, h in itertools.combinations([*grads, *saved], 2):
        assert not np.shares_memory(g, h) or not any(g is k or h is k for k in grads)
    before = [g.copy() for g in grads]
    for g in grads:
        g += 1.0
    for g, old in zip(grads, before, strict=True):
        np.testing.assert_array_equal(g, old + 1.0)
    np.testing.assert_array_equal(seed, np.ones(y.shape))


# -- leaving keratorch ---------------------------------------------------------------------------


def test_detach_shares_memory_and_is_a_constant():
    x = kt.GradArray([1.0, 2.0])
    y = x * 2
    for a in (x, y):
        d = a.detach()
        assert d._array is a._array
        assert not d.requires_grad and d.is_leaf and d.grad is None
        assert not (d * 2).requires_grad


def test_item_numpy_tolist():
    x = kt.GradArray([[1.5]])
    assert x.item() == 1.5 and type(x.item()) is float
    assert type(kt.asarray([3]).item()) is int and type(kt.asarray(True).item()) is bool
    copied = x.numpy()
    assert type(copied) is np.ndarray and not np.shares_memory(copied, x._array)
    assert x.tolist() == [[1.5]]
    with pytest.raises(kt.ShapeError, match=r"item\(\).*\(2,\)"):
        kt.asarray([1.0, 2.0]).item()


@pytest.mark.parametrize("convert", [float, int, complex, operator.index, math.sin, np.asarray])
@pytest.mark.parametrize("make", [lambda: kt.GradArray(1.0), lambda: kt.GradArray([1.0])[0] * 2])
def test_tracked_values_do_not_slip_away(convert, make):
    with pytest.raises(kt.LostGradientError, match=r"item\(\)|detach\(\)"):
        convert(make())
    with pytest.raises(TypeError):
        convert(make())


def test_filling_a_numpy_array_with_tracked_values():
    z = np.zeros(3)
    with pytest.raises(ValueError, match="sequence") as error:  # NumPy's own
        z[0] = kt.GradArray(1.0)
    assert isinstance(error.value.__cause__, kt.LostGradientError)
    for x in (kt.GradArray(1.0), kt.GradArray([1.0])):
        with pytest.raises(kt.LostGradientError):
            z[:1] = x
    with pytest.raises(kt.LostGradientError):
        np.array([kt.GradArray(1.0), kt.GradArray(2.0)])
    np.testing.assert_array_equal(z, np.zeros(3))


def test_tangents_do_not_slip_away():
    for convert in (float, np.asarray):
        with pytest.raises(kt.LostGradientError):
            kt.jvp(lambda x, convert=convert: convert(x) and x, [np.array(1.0)], [np.array(1.0)])


def test_constants_become_numbers():
    x = kt.asarray(2.0)
    assert (float(x), int(x), complex(x), bool(x)) == (2.0, 2, 2 + 0j, True)
    assert operator.index(kt.asarray(3)) == 3 and [10, 20, 30][kt.asarray(1)] == 20
    for other in True, [3], [[True]], 3.0:
        with pytest.raises(TypeError, match="__index__"):
            operator.index(kt.asarray(other))
    assert list(range(kt.asarray(2))) == [0, 1]
    with pytest.raises(TypeError):
        operator.index(x)
    with pytest.raises(kt.ShapeError, match=r"\(2,\)"):
        float(kt.asarray([1.0, 2.0]))
    array = np.asarray(kt.asarray([1.0, 2.0]))
    assert type(array) is np.ndarray and array.dtype == float
    assert np.asarray(kt.asarray([1.0]), dtype="float32").dtype == np.float32
    assert math.sin(x) == math.sin(2.0)


@pytest.mark.parametrize("tracked", [False, True])
def test_bool_and_format_work_on_one_element(tracked):
    x = kt.GradArray([[1.25]], requires_grad=tracked)
    assert bool(x) and not bool(x - 1.25)
    assert f"{x:.1f}" == "1.2" and f"{x:>6}" == "  1.25" and "GradArray" in f"{x}"
    assert "1.250" in "%s" % f"{x:.3f}"  # noqa: UP031
    many = kt.GradArray([1.0, 2.0], requires_grad=tracked)
    with pytest.raises(kt.ShapeError, match=r"bool\(\).*\(2,\)"):
        bool(many)
    with pytest.raises(kt.ShapeError, match=r"formatting.*\(2,\)"):
        format(many, ".2f")
    assert "1." in f"{many}"


def test_repr():
    x = kt.GradArray([1.0, 2.0])
    assert repr(x) == "GradArray([1., 2.], dtype=float64, device='cpu', requires_grad=True)"
    assert repr(x * 1) == "GradArray([1., 2.], dtype=float64, device='cpu', grad_op=MultiplyGrad)"
    assert repr(kt.asarray(1)) == "GradArray(1, dtype=int64, device='cpu')"
    assert repr(kt.asarray(np.float32([1])[:0])).startswith("GradArray([], dtype=float32")
    lines = repr(kt.GradArray(np.ones((2, 2)))).splitlines()
    assert lines[1].index("[") == lines[0].index("[[") + 1


def test_shape_len_iteration_hash():
    x = kt.GradArray(np.arange(6.0).reshape(2, 3))
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3), 2, 6, 2, np.float64)
    assert [row.shape for row in x] == [(3,), (3,)]
    kt.stack(list(x)).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 3)))
    assert len({x, x, x.detach()}) == 2 and x in {x: 1}
    zero = kt.asarray(1.0)
    for function in (len, iter, list):
        with pytest.raises(TypeError, match=r"\(\)"):
            function(zero)


# -- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy])
def test_copy_of_a_leaf_is_a_new_leaf(copy_of):
    x = kt.GradArray([1.0, 2.0], name="w")
    (x * x).sum().backward()
    y = copy_of(x)
    assert y.is_leaf and y.requires_grad and y.name == "w"
    np.testing.assert_array_equal(y._array, x._array)
    np.testing.assert_array_equal(y.grad, x.grad)
    assert not np.shares_memory(y._array, x._array) and not np.shares_memory(y.grad, x.grad)
    (y * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    constant = copy_of(x.detach())
    assert constant.is_leaf and not constant.requires_grad


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy])
def test_copy_of_a_result_is_differentiable(copy_of):
    x = kt.GradArray([1.0, 2.0])
    y = x * x
    z = copy_of(y)
    assert not z.is_leaf and not np.shares_memory(z._array, y._array)
    z.sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_deepcopy_of_a_structure_keeps_identity():
    x = kt.GradArray([1.0])
    one, two = copy.deepcopy([x, x])
    assert one is two and one is not x


def test_deepcopy_inside_forward_mode_keeps_the_tangent():
    _, tangent = kt.jvp(lambda x: copy.deepcopy(x) * 3, [np.ones(2)], [np.ones(2)])
    np.testing.assert_array_equal(tangent, [3.0, 3.0])


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy])
def test_copies_inside_of_a_transformation_are_differentiable(copy_of):
    """What a transformation differentiates in is a leaf, but not one of the user's."""

    def f(x):
        return kt.sum(copy_of(x) ** 2)

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(kt.grad(f)(x), [2.0, 4.0])
    np.testing.assert_array_equal(kt.grad(kt.checkpoint(f))(x), [2.0, 4.0])
    np.testing.assert_array_equal(kt.hessian(f)(x), 2 * np.eye(2))
    np.testing.assert_array_equal(kt.vjp(f, x)[1](1.0)[0], [2.0, 4.0])
    with pytest.raises(kt.LostGradientError, match="a transformation"):
        kt.grad(lambda x: pickle.loads(pickle.dumps(x)).sum())(x)


def test_pickle_of_leaves():
    x = kt.GradArray([1.0, 2.0], name="w")
    x.sum().backward()
    y = pickle.loads(pickle.dumps(x))
    assert y.is_leaf and y.requires_grad and y.name == "w"
    np.testing.assert_array_equal(y._array, [1.0, 2.0])
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])
    c = pickle.loads(pickle.dumps(kt.asarray([1, 2])))
    assert not c.requires_grad and c.dtype == np.int64


def test_pickle_of_results_is_refused():
    with pytest.raises(kt.LostGradientError, match=r"MultiplyGrad.*\(1,\).*detach\(\)"):
        pickle.dumps(kt.GradArray([1.0]) * 2)
    with pytest.raises(kt.LostGradientError, match=r"detach\(\)"):
        kt.jvp(lambda x: pickle.loads(pickle.dumps(x)), [np.ones(2)], [np.ones(2)])
