"""One library's worker: a process that ``run.py`` starts, asks and stops.

It reads one JSON object a line and answers each with one. First it answers by itself: with its
version and the results of its checks, or with why there is none.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the keratorch of this checkout

from workloads import by_hand, inputs
from workloads.inputs import Step

MODULES = {
    "keratorch": "with_keratorch",
    "torch": "with_torch",
    "autograd": "with_autograd",
    "by hand": "by_hand",
}


def prepare(library: ModuleType) -> dict[str, Step]:
    """The timed workloads, warm, each with its gradients found to agree with those by hand."""
    if hasattr(library, "set_threads"):
        library.set_threads(int(os.environ["OMP_NUM_THREADS"]))
    steps: dict[str, Step] = {}
    for name in ("chain", "mlp"):
        given = getattr(inputs, name)()
        steps[name] = getattr(library, name)(given)
        expected = getattr(by_hand, name)(given)()
        for _ in range(5):
            inputs.check(steps[name](), expected)
    return steps


def seconds(step: Step, repetitions: int) -> float:
    """The median time of one step."""
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_arrays(library: ModuleType, scalar_b: bool) -> float | None:
    """The peak of traced memory during one step, in units of x; None where it cannot be traced."""
    if library.memory is None:
        return None
    small = inputs.memory(scalar_b, size=1000)
    inputs.check(library.memory(small)(), by_hand.memory(small)())
    given = inputs.memory(scalar_b)
    step = library.memory(given)
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / given.x.nbytes


def answer(message: dict[str, Any]) -> None:
    """One line to ``run.py``."""
    print(json.dumps(message), flush=True)


def main(name: str) -> None:
    """Serve until the input ends."""
    try:
        library = importlib.import_module(f"workloads.{MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name == name:
            answer({"missing": "not installed"})
            return
        raise
    steps = prepare(library)
    answer({"version": library.version()})
    for line in sys.stdin:
        order = json.loads(line)
        if order["workload"] == "memory":
            answer({"arrays": peak_arrays(library, order["scalar_b"])})
        else:
            answer({"seconds": seconds(steps[order["workload"]], order["repetitions"])})


if __name__ == "__main__":
    main(sys.argv[1])
