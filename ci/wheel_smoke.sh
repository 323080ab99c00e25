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
wheel=("$work"/dist/*.whl) sdist=("$work"/dist/*.tar.gz)

"$python" ci/archives.py . "${sdist[0]}" "${wheel[0]}"

"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet "${wheel[0]}"
root=$PWD
cd /
"$work/venv/bin/python" -I -W error "$root/ci/smoke.py"
