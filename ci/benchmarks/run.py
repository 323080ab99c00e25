"""Time keratorch against PyTorch, HIPS/autograd and gradients written by hand in NumPy.

    python ci/benchmarks/run.py [--quick] [--json FILE]

Every library works in a process of its own, imported and warm, all with the same number of
threads. The processes take turns, the first place going round, with a rest between turns: a BLAS
thread spins for a while before it sleeps and would slow the next one. A turn is the median of some
repetitions. Printed are the medians over the turns, and the medians of keratorch's time divided by
the other's in the same round. A target missed is said, and is no failure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

LIBRARIES = ("keratorch", "torch", "autograd", "by hand")
REPETITIONS = {"chain": 30, "mlp": 40}
REST_SECONDS = 0.08
TIME_TARGETS = {("chain", "torch"): 0.8, ("mlp", "by hand"): 1.5}
MEMORY_TARGET = 53
FAILED = "failed, see stderr"
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class Worker:
    """A process that holds one library."""

    def __init__(self, library: str, threads: int) -> None:
        self.library = library
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py")), library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)),
        )
        first = self._read()
        self.missing: str | None = first.get("missing")
        self.version: str | None = first.get("version")

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"missing": FAILED}

    def ask(self, **order: Any) -> dict[str, Any]:
        """Send one order and wait for its answer."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        reply = self._read()
        if "missing" in reply:
            raise SystemExit(f"The worker of {self.library} has stopped at {order}.")
        return reply

    def stop(self) -> None:
        """Let the process end."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)


def take_turns(workers: Sequence[Worker], workload: str, turns: int) -> dict[str, list[float]]:
    """Seconds per library and turn."""
    times: dict[str, list[float]] = {worker.library: [] for worker in workers}
    for turn in range(turns):
        first = turn % len(workers)
        for worker in (*workers[first:], *workers[:first]):
            time.sleep(REST_SECONDS)
            reply = worker.ask(workload=workload, repetitions=REPETITIONS[workload])
            times[worker.library].append(reply["seconds"])
    return times


def ratios(times: dict[str, list[float]]) -> dict[str, list[float]]:
    """keratorch's time divided by each other library's, turn by turn."""
    if "keratorch" not in times:
        return {}
    return {
        peer: [ours / theirs for ours, theirs in zip(times["keratorch"], values, strict=True)]
        for peer, values in times.items()
        if peer != "keratorch"
    }


def measure(workers: Sequence[Worker], turns: int) -> dict[str, Any]:
    """All workloads: times and ratios with their medians, and peaks of memory."""
    result: dict[str, Any] = {}
    for workload in REPETITIONS:
        times = take_turns(workers, workload, turns)
        result[workload] = {
            "seconds": times,
            "median seconds": medians(times),
            "keratorch's ratio": ratios(times),
            "keratorch's median ratio": medians(ratios(times)),
        }
    result["memory"] = {
        variant: {
            worker.library: worker.ask(workload="memory", scalar_b=scalar_b)["arrays"]
            for worker in workers
        }
        for variant, scalar_b in (("b of 10^6", False), ("b of shape ()", True))
    }
    return result


def medians(values: dict[str, list[float]]) -> dict[str, float]:
    """The median of each list."""
    return {name: statistics.median(each) for name, each in values.items()}


def machine(threads: int) -> dict[str, str]:
    """What the figures depend on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = (line.partition(":") for line in info.read_text().splitlines())
        cpu = next((value.strip() for key, _, value in fields if "model name" in key), cpu)
    return {
        "CPU": f"{cpu}, {os.cpu_count()} cores",
        "threads": f"{threads} in every library (OMP_NUM_THREADS and its like, set_num_threads)",
        "system": platform.platform(),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
    }


# --- The report ------------------------------------------------------------------------------


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table, numbers to the right."""
    header = list(header)
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(value: float, target: float) -> str:
    """How a figure stands to its target."""
    return f" ({'meets' if value <= target else 'MISSES'} {target:g})"


def time_rows(workers: Sequence[Worker], result: dict[str, Any]) -> Iterable[list[str]]:
    """One row per library: milliseconds, and what share of them keratorch takes."""
    for worker in workers:
        row = [worker.version or worker.library]
        for workload in REPETITIONS:
            if worker.missing:
                row += [worker.missing, "-"]
                continue
            row.append(f"{1e3 * result[workload]['median seconds'][worker.library]:.3f} ms")
            ratio = result[workload]["keratorch's median ratio"].get(worker.library)
            target = TIME_TARGETS.get((workload, worker.library))
            said = "-" if ratio is None else f"{ratio:.2f}"
            row.append(said + (verdict(ratio, target) if ratio and target else ""))
        yield row


def memory_rows(workers: Sequence[Worker], result: dict[str, Any]) -> Iterable[list[str]]:
    """One row per library: peaks in arrays."""
    for worker in workers:
        row = [worker.version or worker.library]
        for variant, peaks in result["memory"].items():
            peak = peaks.get(worker.library)
            if peak is None:
                row.append(worker.missing or "not traced")
            else:
                judged = worker.library == "keratorch" and variant == "b of 10^6"
                row.append(f"{peak:.2f}" + (verdict(peak, MEMORY_TARGET) if judged else ""))
        yield row


def report(workers: Sequence[Worker], result: dict[str, Any], facts: dict[str, str]) -> str:
    """Everything, in Markdown."""
    heads = [head for name in REPETITIONS for head in (name, f"keratorch takes, {name}")]
    return "\n".join(
        [
            *(f"- {name}: {value}" for name, value in facts.items()),
            "",
            "chain: 100 times x = tanh(x * w + b) on 8 float32 numbers. "
            "mlp: 784-256-128-10, a batch of 64, float32.",
            "Forward and backward; median over the turns, and keratorch's time as a multiple of "
            "the other's.",
            "",
            table(["library", *heads], time_rows(workers, result)),
            "",
            "Peak traced memory of 50 times y = tanh(y + b) on 10^6 float32 numbers, forward and "
            "backward, in arrays of 4 MB:",
            "",
            table(["library", *result["memory"]], memory_rows(workers, result)),
        ]
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 turns instead of 25")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure into FILE")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    workers = [Worker(library, options.threads) for library in LIBRARIES]
    present = [worker for worker in workers if not worker.missing]
    result = measure(present, turns=3 if options.quick else 25)
    for worker in present:
        worker.stop()
    facts = machine(options.threads)
    print(report(workers, result, facts))
    if options.json:
        versions = {worker.library: worker.version or worker.missing for worker in workers}
        everything = {"machine": facts, "libraries": versions, **result}
        options.json.write_text(json.dumps(everything, indent=2) + "\n")
    return int(any(worker.missing == FAILED for worker in workers))


if __name__ == "__main__":
    sys.exit(main())
