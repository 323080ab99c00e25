"""`docs/cupy_functions.md`: what CuPy's own functions do with a `GradArray`.

    python -m tests.cuda.own_functions

writes it anew, on a GPU or on the stand-in, from the cases of `tests/numpy_api`;
`test_own_functions.py` fails where it is out of date.
"""

from __future__ import annotations

import importlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import keratorch as kt
import keratorch.numpy as knp
from tests.numpy_api.cases import Case
from tests.numpy_api.test_functions import CASES, parts

DOCUMENT = Path(__file__).parents[2] / "docs" / "cupy_functions.md"

DIFFERENTIABLE = "differentiable"
CONSTANT = "constant"
REFUSED = "refused"
LOST = "loses its gradient"
MEANINGS = {
    DIFFERENTIABLE: "by CuPy's hook for kernels, NumPy's protocol, or methods that it calls",
    CONSTANT: "there is no derivative, or it is 0",
    REFUSED: "an error; write `import keratorch.cupy as cp` in place of `import cupy as cp`",
}


def outcome(case: Case) -> tuple[str, str]:
    """What becomes of one call of CuPy's own function, and why it failed."""
    import cupy

    xs = [kt.GradArray(cupy.asarray(a)) for a in case.inputs]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = parts(case.call(cupy, *xs))
    except Exception as error:
        return REFUSED, f"{type(error).__name__}: {error}"
    if any(isinstance(y, kt.GradArray) and y.requires_grad for y in results):
        return (DIFFERENTIABLE, "") if _same(case, results) else (LOST, "a wrong value")
    floating = [y for y in results if getattr(getattr(y, "dtype", None), "kind", "") in "fc"]
    if case.order > 0 and floating and _has_derivative(case):
        return LOST, f"a {type(floating[0]).__name__} without a gradient"
    return CONSTANT, ""


def _same(case: Case, results: list[Any]) -> bool:
    """Whether the values are those of NumPy."""
    with np.errstate(all="ignore"):
        expected = parts(case.call(np, *case.inputs))
    return len(expected) == len(results) and all(
        np.allclose(y.numpy() if isinstance(y, kt.GradArray) else y.get(), e, equal_nan=True)
        for y, e in zip(results, expected, strict=True)
        if isinstance(e, (np.ndarray, np.generic)) and hasattr(y, "dtype")
    )


def _has_derivative(case: Case) -> bool:
    """Whether the derivative is not 0 throughout, by the same call on NumPy's arrays."""
    xs = [kt.GradArray(a) for a in case.inputs]
    for y in parts(case.call(knp, *xs)):
        if isinstance(y, kt.GradArray) and y.requires_grad:
            y.backward(np.ones(y.shape, dtype=y.dtype), retain_graph=True)
    return any(x.grad is not None and np.any(x.grad) for x in xs)


def names() -> Iterator[tuple[str, list[Case]]]:
    """The functions of CuPy that have cases, by name."""
    import cupy

    by_name: dict[str, list[Case]] = {}
    for case in CASES:
        if case.order < 0:  # a value at infinities and the like
            continue
        by_name.setdefault(case.name, []).append(case)
    for name, cases in sorted(by_name.items()):
        found: Any = cupy
        if not hasattr(cupy, name.partition(".")[0]):
            continue
        for part in name.split("."):
            found = getattr(found, part, None)
        owner = getattr(cupy, name.partition(".")[0])
        if callable(found) and (owner is found or not isinstance(owner, cupy.ufunc)):
            yield name, cases


def verdict(cases: list[Case]) -> tuple[str, list[str]]:
    """The verdict on a function: the best of its cases, but lost if one loses its gradient."""
    found = [outcome(c) for c in cases]
    kinds = [kind for kind, _ in found]
    if LOST in kinds:
        return LOST, [why for kind, why in found if kind == LOST]
    for kind in (DIFFERENTIABLE, CONSTANT):
        if kind in kinds:
            return kind, []
    return REFUSED, [why for _, why in found]


def verdicts() -> dict[str, str]:
    return {name: verdict(cases)[0] for name, cases in names()}


# -- what is no function of arrays -------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A use of CuPy that takes no GradArray, and what to write in its place.

    what, instead : as the document has them.
    refused, taken : the same, called with a tracked array.
    """

    what: str
    instead: str
    refused: Callable[[Any], Any]
    taken: Callable[[Any], Any]


def _raw_kernel(x: Any) -> Any:
    import cupy

    source = 'extern "C" __global__ void twice(const double* x, double* y) { *y = 2 * *x; }'
    return cupy.RawKernel(source, "twice")((1,), (1,), (x, cupy.zeros(1)))


def _registered(x: Any) -> Any:
    import cupy

    kernel = cupy.ElementwiseKernel("T x", "T y", "y = 2 * x", "twice_each")
    kt.register_kernel_grad(kernel, lambda grad, x: (2 * grad,))
    return kernel(x)


def _reduction(x: Any) -> Any:
    import cupy

    return cupy.ReductionKernel("T x", "T y", "x * x", "a + b", "y = a", "0", "squares")(x)


def _fused(module: str) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        return importlib.import_module(module).fuse(lambda a, b: a * b)(x, _raw(x))

    return call


def _vectorized(x: Any) -> Any:
    import cupy

    def square(a: Any) -> Any:
        return a * a

    return cupy.vectorize(square)(x)


def _raw(x: Any) -> Any:
    import cupy

    return cupy.ones(tuple(x.shape))


def _stored(x: Any) -> None:
    _raw(x)[...] = x


def _stored_in_ours(x: Any) -> Any:
    import keratorch.cupy as kcp

    a = kcp.zeros_like(x)
    a[...] = x
    return a


def _special(name: str, module: str) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        first = (1,) if name == "polygamma" else ()
        return getattr(importlib.import_module(module), name)(*first, x)

    return call


CHANGES = [
    Change(
        "`cupy.RawKernel`, `cupy.RawModule`",
        "an `ElementwiseKernel` with `keratorch.register_kernel_grad`, or a `keratorch.Grad`",
        _raw_kernel,
        _registered,
    ),
    Change(
        "`cupy.ReductionKernel(…)(x)`",
        "the operations, as in `(x * x).sum()`",
        _reduction,
        lambda x: (x * x).sum(),
    ),
    Change(
        "`@cupy.fuse()`, called with a `cupy.ndarray` too",
        "`@keratorch.cupy.fuse()`",
        _fused("cupy"),
        _fused("keratorch.cupy"),
    ),
    Change(
        "`cupy.vectorize(f)(x)`",
        "`f(x)`, with `cupy.where` in the place of `if`",
        _vectorized,
        lambda x: x * x,
    ),
    Change(
        "`a.clip(x, y)`",
        "`keratorch.cupy.clip(a, x, y)`",
        lambda x: _raw(x).clip(x, 2.0),
        lambda x: importlib.import_module("keratorch.cupy").clip(_raw(x), x, 2.0),
    ),
    Change("`a.dot(x)`", "`a @ x`", lambda x: _raw(x).dot(x), lambda x: _raw(x) @ x),
    Change(
        "`a[i] = x`, `a.fill(x)`, `a.put(i, x)`",
        "the same, into an `a` made by `keratorch.cupy.zeros_like(x)`",
        _stored,
        _stored_in_ours,
    ),
    *(
        Change(
            f"`cupyx.scipy.special.{name}`",
            f"`keratorch.special.{name}`",
            _special(name, "cupyx.scipy.special"),
            _special(name, "keratorch.special"),
        )
        for name in ("log_softmax", "polygamma")
    ),
]


def special_ufuncs() -> dict[str, bool]:
    """The ufuncs of `cupyx.scipy.special`, and whether each has a function of keratorch."""
    import cupy
    import cupyx.scipy.special as library

    from keratorch.interop._cupy import _table

    found: dict[str, bool] = {}
    for name in sorted(dir(library)):
        kernel = getattr(library, name)
        if isinstance(kernel, cupy.ufunc):
            found[name] = _table.find(kernel) is not None
    return found


def document() -> str:
    import cupy

    found = verdicts()
    counts = Counter(found.values())
    lines = [
        "# CuPy's own functions, given a GradArray",
        "",
        "`import cupy as cp` stays as it is. This page says what happens when `cp.f(x)` is called "
        "with a `GradArray` that holds a `cupy.ndarray`. The verdicts come from CuPy "
        f"{'.'.join(cupy.__version__.split('.')[:2])} on the stand-in for CUDA, not from a GPU. "
        "`python -m tests.cuda.own_functions` writes the page. CuPy's ufuncs are not listed: "
        "CuPy's hook brings all of them to keratorch.",
        "",
        "| verdict | functions | meaning |",
        "|---|---|---|",
        *(f"| {v} | {counts[v]} | {meaning} |" for v, meaning in MEANINGS.items()),
    ]
    for v in MEANINGS:
        listed = [f"`{n}`" for n, kind in found.items() if kind == v]
        lines += ["", f"## {v.capitalize()}", "", " ".join(listed)]
    lines += [
        "",
        "A function is listed by the best of its calls. A function that differentiates may still "
        "refuse some of its arguments. `keratorch.cupy` takes all of these functions: "
        "[cupy.md](cupy.md).",
        "",
        "## Other ways to call CuPy",
        "",
        "These raise an error too. Most of the errors are `TypeError`s of CuPy's own.",
        "",
        "| in place of | write |",
        "|---|---|",
        *(f"| {c.what} | {c.instead} |" for c in CHANGES),
        "",
        "## `cupyx.scipy.special`",
        "",
        "CuPy's hook brings these to keratorch, as it brings CuPy's ufuncs: "
        + " ".join(f"`{n}`" for n, ruled in special_ufuncs().items() if ruled),
        "",
        "These have no rule. A tracked array raises `NotDifferentiableError`, which says how to "
        "add a rule with `keratorch.register_kernel_grad`: "
        + " ".join(f"`{n}`" for n, ruled in special_ufuncs().items() if not ruled),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    from tests import cuda_stand_in

    cuda_stand_in.install()
    for name, cases in names():
        kind, why = verdict(cases)
        if kind in (LOST, REFUSED):
            print(kind, name, why[:1])
    DOCUMENT.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
