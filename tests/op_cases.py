"""Which samples of `op_specs` run on which backend, and what is checked of each.

`backend/test_ops.py` runs the cases, and `ops_table.py` writes down what they show.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tests.op_specs import Arg, Op, Sample

DOUBLE = ("float64", "complex128")
#: To which order derivatives are compared with differences, in both modes.
ORDER = 2


@dataclass(frozen=True)
class Case:
    """A sample of an operation in one dtype."""

    op: Op
    index: int
    dtype: str

    @property
    def sample(self) -> Sample:
        return self.op.samples[self.index]

    @property
    def id(self) -> str:
        return f"{self.op.name}-{self.sample.name}-{self.dtype}"

    def reason_to_fail(self, backend: str) -> str | None:
        return self.op.reason_to_fail(self.sample, backend, self.dtype)

    @property
    def has_elements(self) -> bool:
        return any(isinstance(a, Arg) and math.prod(a.shape) for a in self.sample.args)

    def differences(self, backend: str, full: bool = False) -> bool:
        """Whether derivatives are compared with differences: off NumPy, those of one sample."""
        if self.dtype not in DOUBLE or not self.sample.differences:
            return False
        return full or backend == "numpy" or self.index == main_sample(self.op, backend, self.dtype)


def is_empty(sample: Sample) -> bool:
    """Whether an array among the arguments is empty."""
    return any(isinstance(a, Arg) and not math.prod(a.shape) for a in sample.args)


def main_sample(op: Op, backend: str, dtype: str) -> int:
    """The first sample that does not fail on the backend."""
    reasons = [op.reason_to_fail(s, backend, dtype) for s in op.samples]
    return reasons.index(None) if None in reasons else 0


def is_second_device(backend: str, index: int) -> bool:
    """A device that only ``--full`` takes: JAX compiles every operation anew for each.

    That rules stay on a device that is not the default is seen on array-api-strict, and on CuPy.
    """
    return backend == "jax" and index > 0


def samples_for(op: Op, backend: str, full: bool) -> Iterable[int]:
    """All samples; on JAX, which compiles each anew, the main one and the first empty one."""
    if full or backend != "jax":
        return range(len(op.samples))
    main = main_sample(op, backend, next(d for d in DOUBLE if d in op.dtypes))
    empty = [i for i, s in enumerate(op.samples) if is_empty(s) and i != main]
    return [main, *empty[:1]]


def dtypes_for(op: Op, index: int, backend: str, device_index: int, full: bool) -> tuple[str, ...]:
    """All dtypes on NumPy; elsewhere float64, or complex128 where there is no float64.

    CuPy's first device takes the main case in two, so that kernels for complex numbers run too.
    """
    dtypes = op.dtypes_of(op.samples[index])
    if full or backend == "numpy":
        return dtypes
    if is_second_device(backend, device_index):
        return ()
    if backend == "cupy" and device_index == 0 and index == 0:
        return tuple(d for d in (*DOUBLE, "float32") if d in dtypes)[:2]
    return tuple(d for d in DOUBLE if d in dtypes)[:1]


def cases_of(op: Op, backend: str, device_index: int = 0, full: bool = False) -> list[Case]:
    """What runs of an operation on a device of a backend."""
    return [
        Case(op, index, dtype)
        for index in samples_for(op, backend, full)
        for dtype in dtypes_for(op, index, backend, device_index, full)
    ]


def torch_cases_of(op: Op) -> list[Case]:
    """What is compared with PyTorch's own function and its gradients."""
    return [
        case
        for case in cases_of(op, "numpy")
        if op.torch is not None and case.dtype in DOUBLE and "torch" not in case.sample.xfails
    ]


@dataclass(frozen=True)
class Evidence:
    """What the cases of an operation show on NumPy, of arrays that have elements."""

    derivatives: bool  # both modes, to `ORDER`
    torch: bool
    fails: tuple[str, ...]  # the backends where no sample passes


def evidence(op: Op) -> Evidence:
    """What is checked of an operation, from the cases that run."""
    passing = [
        c for c in cases_of(op, "numpy") if c.has_elements and c.reason_to_fail("numpy") is None
    ]
    backends = sorted({*op.xfails, *(b for s in op.samples for b in s.xfails)})
    return Evidence(
        any(c.differences("numpy") for c in passing),
        any(c.has_elements for c in torch_cases_of(op)),
        tuple(b for b in backends if all(c.reason_to_fail(b) for c in cases_of(op, b))),
    )
