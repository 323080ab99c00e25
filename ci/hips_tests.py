"""HIPS/autograd's own tests, run with the name ``autograd`` standing for `keratorch.autograd`.

    python ci/hips_tests.py FOLDER [arguments for pytest]

FOLDER is a checkout of HIPS/autograd. ``tests/test_scipy.py`` is left out: it needs
``autograd.scipy``. Known failures are listed, each with its reason, in ci/hips_known_failures.txt;
one that passes is a failure.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from keratorch.autograd import replace_autograd  # noqa: E402


class KnownFailures:
    """Marks the tests of the list as expected failures."""

    def __init__(self, path: Path) -> None:
        lines = re.split(r"\n+", path.read_text(encoding="utf-8"))
        reason, self.reasons = "", {}
        for line in lines:
            if line.startswith("#"):
                reason = line.lstrip("# ")
            elif line:
                self.reasons[line] = reason

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            name = f"{Path(item.path).name}::{item.name}"
            if name in self.reasons:
                item.add_marker(pytest.mark.xfail(reason=self.reasons[name], strict=True))


def main(folder: str, *arguments: str) -> int:
    replace_autograd()
    tests = Path(folder) / "tests"
    sys.path.insert(0, str(tests))  # the tests import each other
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}"]
    options += ["--import-mode=importlib", "--disable-warnings"]
    chosen = [*arguments, str(tests), f"--ignore={tests / 'test_scipy.py'}"]
    return pytest.main([*options, *chosen], [KnownFailures(HERE / "hips_known_failures.txt")])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"{__doc__}")
    sys.exit(main(*sys.argv[1:]))
