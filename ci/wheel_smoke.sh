#!/usr/bin/env bash
# Builds the sdist, and the wheel from the sdist; installs the wheel where nothing else is installed,
# and uses it from / so that the source tree cannot help.
#
#     bash ci/wheel_smoke.sh [PYTHON]    PYTHON (default: python3) has the package `build`
set -euo pipefail
python=$(command -v "${1:-python3}")
case $python in /*) ;; *) python=$PWD/$python ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without --wheel or --sdist, `build` makes the wheel from the sdist that it has just made.
"$python" -m build --outdir "$work/dist" . >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
wheel=("$work"/dist/*.whl)

"$python" - "${wheel[0]}" <<'PYTHON'
import pathlib, sys, zipfile

found = {name for name in zipfile.ZipFile(sys.argv[1]).namelist() if ".dist-info/" not in name}
modules = pathlib.Path("keratorch").rglob("*.py")
stubs = pathlib.Path("keratorch").rglob("*.pyi")
expected = {"keratorch/py.typed"} | {path.as_posix() for path in [*modules, *stubs]}
if found != expected:
    sys.exit(f"wheel: missing {sorted(expected - found)}, unexpected {sorted(found - expected)}")
PYTHON

"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet "${wheel[0]}"
cd /
"$work/venv/bin/python" -I -W error - <<'PYTHON'
import sysconfig

import keratorch as kt
import keratorch.backends

assert keratorch.backends.__file__.startswith(sysconfig.get_path("purelib"))
w = kt.GradArray([1.0, 2.0])
(w * w).sum().backward()
assert list(w.grad) == [2.0, 4.0], w.grad
PYTHON
echo "the wheel, built from the sdist, installs and differentiates"
