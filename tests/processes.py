"""Code run in an interpreter of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run_python(code: str, *path: Path, **environment: str) -> str:
    """What the code prints, run in a new interpreter in which a warning is an error."""
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
