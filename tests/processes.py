"""Run code in an interpreter of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run_python(code: str, *path: Path, **environment: str) -> str:
    """Run the code in a new interpreter with warnings as errors, and return what it prints.

    path : folders at the front of `sys.path`. environment : more environment variables.
    """
    code = f"import sys; sys.path[:0] = {list(map(str, path))!r}\n{textwrap.dedent(code)}"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
