"""The environment variables that JAX reads when it is imported."""

from __future__ import annotations

import importlib.metadata
import os


def set_defaults() -> None:
    """64 bits, and two devices on the CPU, unless the environment says otherwise."""
    os.environ.setdefault("XLA_FLAGS", " ".join(_flags()))
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("JAX_ENABLE_X64", "True")


def _flags() -> list[str]:
    """Two devices, and no optimisation: the tests run compiled code only once or twice.

    jaxlib ends the process at an unknown flag, so the flags are set only for versions tried here.
    """
    flags = ["--xla_force_host_platform_device_count=2"]
    try:
        version = importlib.metadata.version("jaxlib")
    except importlib.metadata.PackageNotFoundError:
        return flags
    if version.startswith("0.10."):
        flags += ["--xla_backend_optimization_level=0", "--xla_cpu_use_fusion_emitters=false"]
    return flags
