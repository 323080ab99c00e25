"""Arguments that are integers, as `axis`, `shape` and `k`: anything else is keratorch's error."""

import inspect

import numpy as np
import pytest

import keratorch as kt

ONE_DEVICE_EACH = True

BAD = [0.0, 1.5, "a", [0.0], (0, 1.0), np.float64(0.0), np.array([0.5]), object()]
#: Functions of `keratorch`, its parts and methods, with the arguments that must be integers.
AXIS = """
all any argmax argmin argsort concat count_nonzero cumulative_prod cumulative_sum diff expand_dims
flip max mean min prod repeat roll sort squeeze stack std sum take take_along_axis unstack var
vecdot linalg.cross linalg.vecdot linalg.vector_norm special.logsumexp special.softmax
special.log_softmax nn.functional.softmax nn.functional.log_softmax fft.fft fft.ifft fft.rfft
fft.irfft fft.hfft fft.ihfft
"""
OTHERS = {
    "axes": "permute_dims tensordot linalg.tensordot fft.fftn fft.ifftn fft.rfftn fft.irfftn "
    "fft.fftshift fft.ifftshift",
    "s": "fft.fftn fft.ifftn fft.rfftn fft.irfftn",
    "n": "diff fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft fft.fftfreq fft.rfftfreq "
    "linalg.matrix_power",
    "k": "tril triu eye",
    "n_rows": "eye",
    "n_cols": "eye",
    "num": "linspace",
    "offset": "linalg.diagonal linalg.trace",
    "shape": "zeros ones empty full reshape broadcast_to",
    "shift": "roll",
    "repeats": "repeat",
    "repetitions": "tile",
    "source": "moveaxis",
    "destination": "moveaxis",
    "kernel_size": "nn.functional.avg_pool1d nn.functional.max_pool2d",
    "stride": "nn.functional.conv1d nn.functional.conv_transpose2d nn.functional.avg_pool1d",
    "padding": "nn.functional.conv1d nn.functional.conv_transpose2d nn.functional.max_pool2d",
    "dilation": "nn.functional.conv1d nn.functional.conv_transpose2d",
    "groups": "nn.functional.conv1d nn.functional.conv_transpose2d",
    "output_padding": "nn.functional.conv_transpose2d",
}
CASES = [("axis", name) for name in AXIS.split()]
CASES += [(argument, name) for argument, names in OTHERS.items() for name in names.split()]


def call(x, name, argument, value):
    """Call the function with `value` for `argument`, and with something fit for all others."""
    function = kt
    for part in name.split("."):
        function = getattr(function, part)
    digits = [int(c) for c in name if c.isdigit() and "nn." in name]
    image = kt.ones((1, 1, *(3,) * digits[0])) if digits else x
    fit = {
        **{"arrays": [x, x], "axes": (0, 1), "shape": (2, 2), "repeats": 2, "repetitions": (1, 1)},
        **{"shift": 1, "source": 0, "destination": 1, "n_rows": 2, "n": 2, "kernel_size": 1},
        **{"fill_value": 1.0, "start": 0.0, "stop": 1.0, "num": 3, "axis": 0},
        **{"indices": kt.asarray([[0, 0]] if "along" in name else [0], device=x.device)},
        **{"input": image, "weight": kt.ones((1, 1, *(2,) * (digits or [0])[0]))},
    }
    args, kwargs = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == argument:
            given = value
        elif parameter.default is inspect.Parameter.empty:
            given = fit.get(parameter.name, x)
        else:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY or (
            parameter.default is inspect.Parameter.empty
            and parameter.kind is not parameter.KEYWORD_ONLY
        ):
            args.append(given)
        else:
            kwargs[parameter.name] = given
    return function(*args, **kwargs)


@pytest.mark.parametrize(("argument", "name"), CASES, ids=[f"{n}-{a}" for a, n in CASES])
def test_an_argument_that_is_no_integer(argument, name, xp, device):
    x = kt.GradArray(xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float64, device=device))
    for value in BAD:
        with pytest.raises(kt.KeratorchError) as caught:
            call(x, name, argument, value)
        message = str(caught.value)
        assert isinstance(caught.value, (kt.DTypeError, kt.ShapeError, kt.UnknownArrayError))
        assert name.rpartition(".")[2] in message or "array" in message


def test_integers_of_all_kinds_are_taken(xp, device):
    x = kt.GradArray(xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float64, device=device))
    for axis in (0, -2, np.int64(0), np.uint8(0), True - 1):
        np.testing.assert_array_equal(kt.sum(x, axis=axis).numpy(), [4.0, 6.0])
        np.testing.assert_array_equal(x.sum(axis=axis).numpy(), [4.0, 6.0])
        assert kt.stack([x, x], axis=axis).shape == (2, 2, 2)
        assert kt.tril(x, k=axis).shape == (2, 2)
        assert kt.tensordot(x, x, axes=(axis, axis)).shape == (2, 2)
    for shape in (np.int64(3), (np.int32(3),), [3]):
        assert kt.zeros(shape).shape == kt.full(shape, 1.0).shape == (3,)
    for method in ("sum", "mean", "max", "std", "cumsum", "argmax"):
        with pytest.raises(kt.DTypeError, match=r"axis is 0\.0, of type float"):
            getattr(x, method)(axis=0.0)


def test_a_correction_is_a_real_number():
    x = kt.GradArray([1.0, 2.0, 4.0])
    for function in (kt.var, kt.std):
        for good in (1, 0.5, np.float32(1.0), np.array(1)):
            np.testing.assert_allclose(
                function(x, correction=good).numpy(),
                getattr(np, function.__name__)(x.numpy(), ddof=float(good)),
                rtol=1e-6,
            )
        for bad in ("a", None, [0.0], np.array([0.5]), 1j):
            with pytest.raises(kt.DTypeError, match=r"correction is .* must be a real number"):
                function(x, correction=bad)


def test_an_axis_that_is_an_array_of_the_caller_is_not_written():
    axis = np.array([0.5])
    with pytest.raises(kt.DTypeError):
        kt.vecdot(kt.ones((2, 2)), kt.ones((2, 2)), axis=axis)
    np.testing.assert_array_equal(axis, [0.5])
