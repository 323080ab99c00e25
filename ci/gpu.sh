#!/usr/bin/env bash
# The whole suite, then the benchmarks, on a machine with an NVIDIA GPU. CuPy is installed for the
# CUDA version of the machine's driver, with CUDA's own libraries.
#
#     bash ci/gpu.sh [arguments for pytest]
#
# On a machine that is set up already, and may have no network:
#
#     KERATORCH_SKIP=setup KERATORCH_VENV=/path/to/environment bash ci/gpu.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'ci/gpu.sh: %s\n' "$*" >&2
    exit 1
}

command -v nvidia-smi >/dev/null || fail "there is no NVIDIA GPU here: nvidia-smi is not installed."
if ! gpus=$(nvidia-smi --list-gpus) || [ -z "$gpus" ]; then
    fail "nvidia-smi finds no NVIDIA GPU. $gpus"
fi
cuda=$(nvidia-smi --query | sed -nE 's/^CUDA.*Version *: *([0-9]+).*/\1/p')
cuda=${cuda%%$'\n'*}
case $cuda in
    12 | 13) ;;
    *) fail "the driver is for CUDA ${cuda:-of no known version}; CuPy is had for CUDA 12 and 13." ;;
esac
printf '%s\nCUDA %s\n' "$gpus" "$cuda"

export KERATORCH_VENV=${KERATORCH_VENV:-.venv}
export KERATORCH_EXTRA_REQUIREMENTS="cupy-cuda${cuda}x[ctk] torch autograd"
# Lint, types and packaging are the CPU job's. A few processes are all that one GPU has room for.
bash ci/run setup tests -- -n 4 --require-device cuda "$@"

printf '\n>>> benchmarks\n'
"$KERATORCH_VENV/bin/python" ci/benchmarks/run.py
