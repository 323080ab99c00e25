"""Convolution and pooling: PyTorch's values and gradients, on every backend, to any order."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import keratorch as kt
from keratorch.nn import functional as F
from keratorch.ops.windows import fold, pad, windows
from keratorch.testing import check_grads
from tests.op_checks import assert_grad_fits, on_device, on_host

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
SIZES = (7, 6, 5)
KERNELS = (3, 2, 3)
CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
TRANSPOSED = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
MAX_POOLS = ("max_pool1d", "max_pool2d", "max_pool3d")
AVG_POOLS = ("avg_pool1d", "avg_pool2d", "avg_pool3d")
FUNCTIONS = (*CONVOLUTIONS, *TRANSPOSED, *MAX_POOLS, *AVG_POOLS)


def axes_of(name: str) -> int:
    return int(name[-2])


def arrays_for(name: str, batch: int | None = 2, groups: int = 1, kernel: Any = KERNELS):
    """Input, and for a convolution weight and bias: 4 channels in, 6 out; no ties."""
    n = axes_of(name)
    rng = np.random.default_rng(n)
    lead = (4,) if batch is None else (batch, 4)
    x = rng.standard_normal((*lead, *SIZES[:n]))
    if "pool" in name:
        return (x,)
    channels = (4, 6 // groups) if "transpose" in name else (6, 4 // groups)
    weight = rng.standard_normal((*channels, *kernel[:n]))
    return x, weight, rng.standard_normal(6)


def seed_for(y: Any) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(tuple(y.shape))


def differentiate(name: str, raws: Any, device: kt.Device | None = None, **kwargs: Any):
    """The output on the host, and the leaves with their gradients."""
    if device is not None:
        raws = [on_device(device, a) for a in raws]
    leaves = [kt.GradArray(a) for a in raws]
    y = getattr(F, name)(*leaves, **kwargs)
    seed = seed_for(y).astype(str(y.dtype).rpartition(".")[2])
    y.backward(on_device(y.device, seed))
    return on_host(y._array), leaves


def by_torch(name: str, arrays: Any, **kwargs: Any):
    """The output and the gradients by PyTorch, as NumPy arrays."""
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = getattr(torch.nn.functional, name)(*tensors, **kwargs)
    y.backward(torch.tensor(seed_for(y)))
    return y.detach().numpy(), [t.grad.numpy() for t in tensors]


def assert_as_torch(name: str, arrays: Any, device: kt.Device | None = None, **kwargs: Any) -> None:
    y, leaves = differentiate(name, arrays, device, **kwargs)
    wanted, grads = by_torch(name, arrays, **kwargs)
    assert y.shape == wanted.shape
    np.testing.assert_allclose(y, wanted, rtol=1e-10, atol=1e-11)
    for x, grad in zip(leaves, grads, strict=True):
        np.testing.assert_allclose(on_host(x.grad), grad, rtol=1e-10, atol=1e-11)
        assert_grad_fits(x)


# -- PyTorch -------------------------------------------------------------------------------------


@needs_torch
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("padding", [0, 1, 2, "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(name, stride, padding, dilation, groups):
    arrays = arrays_for(name, groups=groups)
    kwargs = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    assert_as_torch(name, arrays, **kwargs)


@needs_torch
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(("kernel", "dilation"), [((3, 5, 3), 1), ((2, 3, 4), 1), ((2, 3, 2), 2)])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_same_padding(name, kernel, dilation):
    arrays = arrays_for(name, kernel=kernel)
    assert_as_torch(name, arrays, padding="same", dilation=dilation)
    assert differentiate(name, arrays, padding="same")[0].shape[2:] == SIZES[: axes_of(name)]


TRANSPOSES = [
    pytest.param(stride, padding, more, dilation, groups, id=f"{stride}{padding}{more}{dilation}")
    for stride, padding, more, dilation in itertools.product((1, 2, 3), (0, 1), (0, 1, 2), (1, 2))
    if more < max(stride, dilation)
    for groups in ((1,) if more else (2,))
]


@needs_torch
@pytest.mark.parametrize(("stride", "padding", "more", "dilation", "groups"), TRANSPOSES)
@pytest.mark.parametrize("name", TRANSPOSED)
def test_transposed_convolution(name, stride, padding, more, dilation, groups):
    arrays = arrays_for(name, groups=groups)
    kwargs = {"stride": stride, "padding": padding, "output_padding": more}
    assert_as_torch(name, arrays, **kwargs, dilation=dilation, groups=groups)


@needs_torch
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [(2, None, 0, 1), (3, 2, 1, 1), (3, 1, 0, 1), (2, 3, 1, 1), (3, 1, 1, 2), (1, 2, 0, 1)],
)
@pytest.mark.parametrize("name", MAX_POOLS)
def test_max_pooling(name, kernel, stride, padding, dilation, ceil_mode):
    kwargs = {"stride": stride, "padding": padding, "dilation": dilation}
    assert_as_torch(name, arrays_for(name), kernel_size=kernel, ceil_mode=ceil_mode, **kwargs)


@needs_torch
@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, None, 0), (3, 2, 1), (3, 1, 0), (2, 3, 1), (4, 3, 2)]
)
@pytest.mark.parametrize("name", AVG_POOLS)
def test_average_pooling(name, kernel, stride, padding, ceil_mode, count_include_pad):
    kwargs = {"stride": stride, "padding": padding, "count_include_pad": count_include_pad}
    assert_as_torch(name, arrays_for(name), kernel_size=kernel, ceil_mode=ceil_mode, **kwargs)


#: One case per function, with a number for each axis.
CASES: dict[str, dict[str, Any]] = {}
for _name in FUNCTIONS:
    _n = axes_of(_name)
    if "pool" in _name:
        CASES[_name] = {"kernel_size": KERNELS[:_n], "stride": (2, 1, 2)[:_n]}
        CASES[_name]["padding"] = (1, 0, 1)[:_n]
    else:
        CASES[_name] = {"stride": (2, 1, 1)[:_n], "padding": (1, 0, 2)[:_n]}
        CASES[_name] |= {"dilation": (1, 2, 1)[:_n], "groups": 2}


def case_arrays(name: str, batch: int | None = 2):
    return arrays_for(name, batch, CASES[name].get("groups", 1))


@needs_torch
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_backend(target, device, name):
    is_second = target.backend == "jax" and device.index > 0
    if is_second and name not in ("conv2d", "max_pool2d"):
        pytest.skip("JAX compiles every operation anew for each device: two functions will do")
    assert_as_torch(name, case_arrays(name), device, **CASES[name])


@needs_torch
@pytest.mark.parametrize("name", FUNCTIONS)
def test_without_a_batch(name):
    assert_as_torch(name, case_arrays(name, None), **CASES[name])


@needs_torch
@pytest.mark.parametrize("name", FUNCTIONS)
def test_without_a_batch_or_bias_as_lists(name):
    arrays = case_arrays(name, None)[:2]
    kwargs = {k: list(v) if isinstance(v, tuple) else v for k, v in CASES[name].items()}
    wanted, _ = by_torch(name, arrays, **CASES[name])
    np.testing.assert_allclose(differentiate(name, arrays, **kwargs)[0], wanted, atol=1e-11)


@needs_torch
@pytest.mark.parametrize("name", CONVOLUTIONS + TRANSPOSED)
def test_complex(name):
    arrays = [a + 0.5j * a[::-1] for a in case_arrays(name)]
    leaves = [kt.GradArray(a) for a in arrays]
    y = getattr(F, name)(*leaves, **CASES[name])
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    wanted = getattr(torch.nn.functional, name)(*tensors, **CASES[name])
    np.testing.assert_allclose(y.detach()._array, wanted.detach().numpy(), atol=1e-11)
    seed = seed_for(y) * (1 + 2j)
    y.backward(seed)
    wanted.backward(torch.tensor(seed))
    for x, t in zip(leaves, tensors, strict=True):
        np.testing.assert_allclose(x.grad, t.grad.resolve_conj().numpy(), rtol=1e-10, atol=1e-10)


# -- every order, dtype and size -----------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_order(name):
    check_grads(lambda *xs: getattr(F, name)(*xs, **CASES[name]), case_arrays(name), order=2)


def test_second_order_of_what_is_squared():
    """Not linear in the input, and with every argument used."""
    check_grads(lambda *xs: F.conv2d(*xs, padding="same") ** 2, arrays_for("conv2d"), order=2)
    check_grads(
        lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False) ** 2,
        arrays_for("avg_pool2d"),
        order=2,
    )


def test_third_order():
    x, weight, _ = arrays_for("conv1d")
    check_grads(lambda *xs: F.conv1d(*xs, stride=2) ** 2, [x[:1], weight[:2]], order=3)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_the_transpose_is_the_gradient(name):
    """`conv_transpose` is what `conv` does to the gradient of its output."""
    x, weight, _ = arrays_for(name)
    kwargs = {"stride": 2, "padding": 1}
    leaf = kt.GradArray(x)
    y = getattr(F, name)(leaf, weight, **kwargs)
    seed = seed_for(y)
    y.backward(seed)
    ends = [(m + 2 - k) % 2 for m, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    transposed = getattr(F, name.replace("conv", "conv_transpose"))
    back = transposed(seed, weight, **kwargs, output_padding=ends)
    np.testing.assert_allclose(back._array, leaf.grad, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtype_is_kept(name, dtype):
    y, leaves = differentiate(name, [a.astype(dtype) for a in case_arrays(name)], **CASES[name])
    assert y.dtype == dtype
    assert all(x.grad.dtype == dtype for x in leaves)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_empty_batch(name):
    y, leaves = differentiate(name, case_arrays(name, 0), **CASES[name])
    full = differentiate(name, case_arrays(name), **CASES[name])[0]
    assert y.shape == (0, *full.shape[1:])
    for x in leaves:
        assert x.grad.shape == x.shape
        assert not x.grad.any()


@pytest.mark.parametrize("layout", ["F", "flipped", "strided", "read-only"])
@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d", "max_pool2d", "avg_pool2d"])
def test_layouts(name, layout):
    """However the arrays lie in memory, nothing is written and the values are the same."""
    arrays = case_arrays(name)
    if layout == "F":
        laid = [np.array(a, order="F") for a in arrays]
    elif layout == "flipped":
        laid = [np.flip(np.flip(a).copy()) for a in arrays]
    elif layout == "strided":
        laid = [np.repeat(a, 2, axis=-1)[..., ::2] for a in arrays]
    else:
        laid = [a.copy() for a in arrays]
    for a in laid:
        a.flags.writeable = False
    y, leaves = differentiate(name, laid, **CASES[name])
    wanted, plain = differentiate(name, arrays, **CASES[name])
    np.testing.assert_allclose(y, wanted, atol=1e-12)
    for a, b in zip(leaves, plain, strict=True):
        np.testing.assert_allclose(a.grad, b.grad, atol=1e-12)


def test_depthwise():
    """As many groups as channels: each channel by itself."""
    x, weight, _ = arrays_for("conv2d", groups=2)
    weight = weight[:4, :1]
    y = F.conv2d(x, weight, groups=4)
    for c in range(4):
        alone = F.conv2d(x[:, c : c + 1], weight[c : c + 1])
        np.testing.assert_allclose(y._array[:, c : c + 1], alone._array, atol=1e-12)


def test_by_hand(xp, device):
    x = xp.asarray([[[1.0, 2.0, 3.0, 4.0]]], device=device, requires_grad=True)
    weight = xp.asarray([[[1.0, 10.0]]], device=device)
    y = F.conv1d(x, weight, padding=1)
    assert on_host(y.detach()._array).tolist() == [[[10.0, 21.0, 32.0, 43.0, 4.0]]]
    kt.sum(y).backward()
    assert on_host(x.grad).tolist() == [[[11.0, 11.0, 11.0, 11.0]]]


def test_raw_operands_and_integers():
    x, weight = np.arange(5).reshape(1, 1, 5), np.ones((1, 1, 2), dtype=int)
    y = F.conv1d(x, weight)
    assert not y.requires_grad
    assert y._array.tolist() == [[[1, 3, 5, 7]]]


# -- pooling -------------------------------------------------------------------------------------


def test_ties_share_the_gradient(xp, device):
    x = xp.asarray([[[2.0, 2.0, 1.0, 3.0, 3.0, 3.0]]], device=device, requires_grad=True)
    kt.sum(F.max_pool1d(x, 3)).backward()
    third = 1 / 3
    np.testing.assert_allclose(on_host(x.grad), [[[0.5, 0.5, 0.0, third, third, third]]], rtol=1e-6)


def test_overlapping_windows_add_up():
    x = kt.GradArray([[[0.0, 5.0, 1.0]]])
    kt.sum(F.max_pool1d(x, 2, stride=1)).backward()
    assert x.grad.tolist() == [[[0.0, 2.0, 0.0]]]


def test_padding_is_never_the_largest():
    x = kt.GradArray(np.full((1, 1, 4), -1000.0))
    y = F.max_pool1d(x, 3, stride=1, padding=1)
    assert y.detach()._array.tolist() == [[[-1000.0] * 4]]
    kt.sum(y).backward()
    np.testing.assert_allclose(x.grad.sum(), 4)


def test_nan_is_kept():
    y = F.max_pool1d(np.array([[[1.0, np.nan, 2.0, 3.0]]]), 2)
    np.testing.assert_array_equal(y._array, [[[np.nan, 3.0]]])


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_windows_are_a_view(library):
    if library == "torch" and torch is None:
        pytest.skip("PyTorch is not installed")
    backend = kt.backends.get(library)
    raw = backend.from_numpy(np.zeros((2, 3, 8, 8)))
    y = windows(raw, (3, 3), (1, 1), (1, 1))._array
    assert tuple(y.shape) == (2, 3, 6, 6, 3, 3)
    assert backend.storage(y) == backend.storage(raw)
    assert backend.may_overlap(raw, y)
    if library == "numpy":
        assert np.shares_memory(y, raw)
        assert not y.flags.writeable


def test_a_write_after_a_convolution_is_noticed():
    """A 1×1 convolution saves the memory of its input itself."""
    x = kt.GradArray(np.ones((1, 2, 3, 3)), requires_grad=False)
    weight = kt.GradArray(np.ones((1, 2, 1, 1)))
    y = F.conv2d(x, weight)
    x[...] = 2.0
    with pytest.raises(kt.StaleValueError, match="MatMulGrad"):
        kt.sum(y).backward()


# -- errors --------------------------------------------------------------------------------------

X, W = np.ones((2, 4, 7, 6)), np.ones((6, 4, 3, 2))
ERRORS = {
    "too few axes": (lambda: F.conv2d(X[0, 0], W), r"conv2d: input of shape \(7, 6\)"),
    "too many axes": (lambda: F.conv1d(X, W), r"conv1d: input of shape .* 1 spatial axis"),
    "weight": (lambda: F.conv2d(X, W[0]), r"weight of shape \(4, 3, 2\).*must have 4 axes"),
    "empty weight": (lambda: F.conv2d(X, W[:0]), "none of length 0"),
    "channels": (lambda: F.conv2d(X[:, :3], W), r"\(2, 3, 7, 6\).*= 4 channels"),
    "groups": (lambda: F.conv2d(X, W[:5, :2], groups=2), "5 outputs must divide by groups"),
    "no groups": (lambda: F.conv2d(X, W, groups=0), "groups 0 must be"),
    "bias": (lambda: F.conv2d(X, W, np.ones(3)), r"bias of shape \(3,\).*\(6,\)"),
    "kernel": (lambda: F.conv2d(X[:, :, :2], W), r"reaches over \(3, 2\).*pad more"),
    "dilated": (lambda: F.conv2d(X, W, dilation=4), r"dilation \(4, 4\) reaches over \(9, 5\)"),
    "same": (lambda: F.conv2d(X, W, stride=2, padding="same"), r"'same' with stride \(2, 2\)"),
    "padding": (lambda: F.conv2d(X, W, padding="full"), "padding 'full' must be 'valid', 'same'"),
    "negative padding": (lambda: F.conv2d(X, W, padding=-1), "padding -1 must be 0 or more"),
    "stride": (lambda: F.conv2d(X, W, stride=0), "stride 0 must be 1 or more"),
    "strides": (lambda: F.conv2d(X, W, stride=(1, 1, 1)), "one for each of 2 axes"),
    "half a stride": (lambda: F.conv2d(X, W, stride=0.5), "stride 0.5 must be an integer"),
    "transposed channels": (lambda: F.conv_transpose2d(X, W), r"weight.shape\[0\] = 6 channels"),
    "transposed groups": (
        lambda: F.conv_transpose2d(X, W[:4], groups=3),
        "they must divide by groups",
    ),
    "output padding": (
        lambda: F.conv_transpose2d(X, W[:4], output_padding=1),
        "output_padding 1 must be less than stride 1",
    ),
    "nothing left": (lambda: F.conv_transpose2d(X, W[:4], padding=5), "take less padding"),
    "pool kernel": (lambda: F.max_pool2d(X, 7), "max_pool2d: a kernel of size.*smaller kernel"),
    "pool padding": (lambda: F.avg_pool2d(X, 2, padding=2), "half of the kernel at most"),
    "pool axes": (lambda: F.max_pool3d(X[0, 0], 2), "with 3 spatial axes"),
    "pad axes": (lambda: pad(X, ((1, 1),)), "give one pair"),
    "pad crop": (lambda: pad(X[0, 0], ((-4, -4), (0, 0))), "crop more than there is"),
    "windows": (lambda: windows(X, (8,), (1,), (1,)), "do not fit"),
    "windows counts": (lambda: windows(X, (2,), (1,), (1,), (9,)), "do not fit"),
    "windows axes": (lambda: windows(X, (2, 2), (1,), (1,)), "one number of each per axis"),
    "fold": (lambda: fold(X, (10,), (1,), (1,)), "do not fit into axes"),
    "fold axes": (lambda: fold(X[0, 0], (9, 9), (1, 1), (1, 1)), "one number of each per axis"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, message = ERRORS[name]
    with pytest.raises(kt.ShapeError, match=message):
        call()


def test_dtype_errors():
    for dtype in ("int64", "complex128"):
        with pytest.raises(kt.DTypeError, match=f"max_pool2d of dtype {dtype}"):
            F.max_pool2d(X.astype(dtype), 2)
    with pytest.raises(kt.DTypeError, match="avg_pool2d of dtype int64"):
        F.avg_pool2d(X.astype("int64"), 2)


@needs_torch
def test_two_backends():
    with pytest.raises(kt.DeviceMismatchError, match="conv2d was given"):
        F.conv2d(X, torch.ones(6, 4, 3, 2))
