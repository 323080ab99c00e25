"""How long `import keratorch` takes, compared with the imports it cannot do without.

python ci/benchmarks/import_time.py [--runs 21]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = 1.5
OURS = "import keratorch"
BASE = "import numpy, array_api_compat.numpy"
TIMER = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def seconds(statement: str, environment: dict[str, str]) -> float:
    """Seconds that one new interpreter takes for the statement, its own start not counted."""
    time.sleep(0.08)  # idle threads of the process before would slow this one
    command = [sys.executable, "-c", TIMER.format(statement)]
    result = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    )
    return float(result.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=21, help="how often to time each (21)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as cache:
        # An environment that forbids writing bytecode would have ours compiled in each run.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        both = [OURS, BASE]
        for statement in both:  # so that both are compiled and in the file cache
            seconds(statement, environment)
        pairs = [[seconds(s, environment) for s in both] for _ in range(runs)]  # they take turns
    ours, base = (statistics.median(times) for times in zip(*pairs, strict=True))
    verdict = "met" if ours < TARGET * base else "MISSED"
    print(f"{OURS}: {ours * 1e3:.1f} ms")
    print(f"{BASE}: {base * 1e3:.1f} ms")
    print(
        f"ratio: {ours / base:.2f} (median of {runs} runs each; target below {TARGET}: {verdict})"
    )


if __name__ == "__main__":
    main()
