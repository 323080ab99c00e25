"""One function of another library, called with `GradArray`s: does it differentiate?"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import keratorch as kt
from keratorch.testing import check_grads

#: The libraries whose arrays are wrapped -> the highest order of derivatives that is checked.
BACKENDS = {"numpy": 2, "torch": 1, "array_api_strict": 1}
LIBRARIES = {"numpy": "NumPy", "torch": "PyTorch", "array_api_strict": "array-api-strict"}


@dataclass(frozen=True)
class Case:
    """A function and its arguments.

    function : takes the inputs; returns an array, a number, or a tuple or list of them.
    inputs : NumPy arrays; the floating ones are those to differentiate with respect to.
    constant : the reason, if the result has no derivative.
    fixed : the positions of the inputs that are passed as constants.
    nan : the reason, if the derivative is NaN.
    outputs : the positions of the outputs that have a derivative; `None` for all.
    note : a remark for the table.
    """

    name: str
    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    constant: str = ""
    fixed: tuple[int, ...] = ()
    nan: str = ""
    outputs: tuple[int, ...] | None = None
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case on one backend.

    verdict : ``differentiates``, ``constant``, ``NaN`` or ``refuses``, which are allowed.
        ``wrong`` and ``lost`` are faults: a wrong number, a gradient dropped in silence.
        ``absent``: this release of the library has no such function.
    detail : the reason, or the order reached.
    """

    verdict: str
    detail: str = ""


#: Why a call was refused: the type of the error, a pattern for its message, and the words of the
#: table. Any other error is a fault to investigate, not an outcome.
REASONS: list[tuple[str, str, str]] = [
    ("LostGradientError", r"np\.asarray of a tracked", "passes the array to NumPy (`np.asarray`)"),
    ("LostGradientError", r"^(float|int|complex)\(\)", r"takes a Python number (`\1`)"),
    ("LostGradientError", r"cannot be indexed by a tracked", "indexes a NumPy array (`a[x]`)"),
    ("LostGradientError", r"^__index__", "takes a Python number (`__index__`)"),
    ("LostGradientError", r"^writing a tracked", "writes into a NumPy array (`a[i] = x`)"),
    ("LostGradientError", r"with out=", "writes into a NumPy array (`out=`)"),
    (
        "DeviceMismatchError",
        r"\ba numpy array\b",
        "mixes in NumPy's arrays",
    ),
    ("NotDifferentiableError", r"^(numpy\.[\w.]+) has no rule", r"`\1` has no rule"),
    ("AttributeError", r"namespace\('\w+'\) has no '(\w+)'", r"the namespace has no `\1`"),
    ("AttributeError", r"'GradArray' object has no attribute '(\w+)'", r"uses NumPy's `\1`"),
    ("TypeError", r"^Cannot interpret '.*' as a data type", "takes dtypes of NumPy alone"),
    ("ValueError", r"^(could not convert b, a, and x to a common type)", r"SciPy: \1"),
    (
        "InvalidIndexError",
        r": (Fancy indexing __setitem__ is not supported)",
        r"array-api-strict: \1",
    ),
    ("TypeError", r"unexpected keyword argument 'out'", "passes `out=` to the namespace"),
    ("TypeError", r"^where\(\) missing 2 required", "calls `where` with one argument"),
    ("LeafWriteError", r"writing into a leaf", "writes into its argument: pass a copy"),
    (
        "StaleValueError",
        r"was written in place",
        "overwrites a constant that a derivative needs",
    ),
    (
        "AliasedWriteError",
        r"would have to show in another live array",
        "writes into an array of which another is a view",
    ),
    (
        "BackendUnavailableError",
        r"has no special function '(\w+)'",
        r"the library has no special function `\1`",
    ),
    ("NotDifferentiableError", r"^(\w+) has no derivative in", r"`\1` has no rule there"),
    (
        "ValueError",
        r"^setting an array element with a sequence",
        "writes into a NumPy array (`a[i] = x`)",
    ),
]


def reason_of(error: Exception) -> str | None:
    """Why a call was refused, in the words of the table; `None` for an unknown error."""
    for kind, pattern, words in REASONS:
        found = re.search(pattern, str(error)) if type(error).__name__ == kind else None
        if found is not None:
            return found.expand(words) if found.re.groups else words
    return None


def judge(case: Case, backend: str) -> Outcome:
    """Call the function; compare its values with those of raw arrays, and check its derivatives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            return _judge(case, backend)


def _judge(case: Case, backend: str) -> Outcome:
    arrays = [_on(backend, x) for x in case.inputs]
    try:  # on raw arrays of the library, which may lack the function
        expected = _outputs(case.function(*[_on(backend, x) for x in case.inputs]))
    except Exception as error:
        if isinstance(error, AttributeError) and "module" in str(error):
            return Outcome("absent", str(error))
        if backend == "numpy":
            raise
        expected = None
    leaves = [
        kt.GradArray(a, requires_grad=_is_inexact(a) and i not in case.fixed)
        for i, a in enumerate(arrays)
    ]
    try:
        found = _outputs(case.function(*leaves))
    except Exception as error:
        if expected is None and reason_of(error) is None:
            return Outcome("refuses", f"so does {LIBRARIES[backend]} without keratorch")
        return _refused(error)
    if expected is None:
        expected = _outputs(case.function(*[np.array(x) for x in case.inputs]))
    values = [_on_host(y) for y in found]
    if len(values) != len(expected):
        return Outcome("wrong", f"{len(values)} outputs, and {len(expected)} of plain arrays")
    for value, wanted in zip(values, expected, strict=True):
        wanted = _on_host(wanted)
        if value.shape != wanted.shape:
            return Outcome("wrong", f"shape {value.shape}, and {wanted.shape} of plain arrays")
        if not np.allclose(value, wanted, rtol=1e-9, atol=1e-11, equal_nan=True):
            return Outcome("wrong", f"value {value}, and {wanted} of plain arrays")
    tracked = [isinstance(y, kt.GradArray) and y.requires_grad for y in found]
    if case.constant:
        return Outcome("wrong", "tracked") if any(tracked) else Outcome("constant", case.constant)
    chosen = range(len(found)) if case.outputs is None else case.outputs
    if not all(tracked[i] for i in chosen):
        return Outcome("lost", f"outputs tracked: {tracked}")

    moving = [i for i, x in enumerate(leaves) if x.requires_grad]
    constants = [kt.asarray(a) for a in arrays]

    def function(*inputs: Any) -> list[Any]:
        given = iter(inputs)
        outputs = _outputs(
            case.function(*(next(given) if i in moving else c for i, c in enumerate(constants)))
        )
        return [outputs[i] for i in chosen]

    inputs = [arrays[i] for i in moving]
    if case.nan:
        return _undefined(case, function, inputs)
    return _checked(function, inputs, BACKENDS[backend])


def _undefined(case: Case, function: Callable[..., Any], arrays: Sequence[Any]) -> Outcome:
    """Check that the derivative of a case with `nan` is NaN."""
    leaves = [kt.GradArray(a) for a in arrays]
    for y in function(*leaves):
        grads = kt.gradients(kt.sum(y), leaves, allow_unused=True)
        if not all(np.isnan(_on_host(g)).any() for g in grads):
            return Outcome("wrong", f"the derivative is {grads}")
    return Outcome("NaN", case.nan)


def _on_host(value: Any) -> Any:
    """The values of an array or a number, as NumPy's."""
    return value.numpy() if isinstance(value, kt.GradArray) else kt.asarray(value).numpy()


def _checked(function: Callable[..., Any], arrays: Sequence[Any], order: int) -> Outcome:
    """The highest order to which the derivatives agree with finite differences."""
    reached, why = 0, ""
    for n in range(1, order + 1):
        try:
            check_grads(function, arrays, order=n, rtol=1e-5, atol=1e-6)
        except AssertionError as error:
            return Outcome("wrong", str(error))
        except Exception as error:
            refused = _refused(error)
            if n == 1 or refused.verdict == "wrong":
                return refused
            why = f"; order {n}: {refused.detail}"
            break
        reached = n
    return Outcome("differentiates", f"order {reached}{why}")


def _refused(error: Exception) -> Outcome:
    reason = reason_of(error)
    if reason is None:
        return Outcome("wrong", f"{type(error).__name__}: {error}")
    return Outcome("refuses", reason)


def _outputs(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _on(backend: str, x: Any) -> Any:
    """A raw array of the backend with the values of `x`."""
    found = kt.backends.get(backend)
    return found.from_numpy(np.array(x), found.devices()[0])


def _is_inexact(raw: Any) -> bool:
    return kt.backends.of(raw).is_inexact(raw.dtype)
