"""`show_versions`: the versions, backends and devices that keratorch finds on this machine."""

from __future__ import annotations

import sys
from typing import Any

from .._installation import OWN, others
from .._version import __version__
from ..backends import _registry
from ..errors import BackendUnavailableError

#: Packages that tools and backends use, and the purpose of each.
_OTHERS = {
    "array-api-compat": "other array libraries",
    "scipy": "special functions on NumPy and Dask",
    "graphviz": "drawing graphs",
    "scikit-learn": "the examples",
    "matplotlib": "the examples",
}


def versions() -> dict[str, Any]:
    """The facts that `show_versions` prints, as dicts, lists and strings for JSON.

    This imports every installed array library.
    """
    import platform

    return {
        "keratorch": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "executable": sys.executable,
        "platform": platform.platform(),
        "other_installations": others(sys.path, OWN),
        "default_device": _default_device(),
        "backends": {name: _backend(name) for name in _registry.names()},
        "packages": {name: _version(name) for name in _OTHERS},
    }


def _default_device() -> str:
    try:
        return str(_registry.get_default_device())
    except Exception as error:  # KERATORCH_DEVICE may name anything
        return f"none: {error}"


def _backend(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"version": None, "devices": [], "missing": None}
    try:
        backend = _registry.get(name)
        found["version"] = getattr(backend.xp, "__version__", None) or _version(name)
        found["missing"] = backend.why_unavailable()
        if found["missing"] is None:
            found["devices"] = [str(d) for d in backend.devices()]
    except BackendUnavailableError as error:
        found["missing"] = str(error)
    except Exception as error:  # report a broken library, and go on
        found["missing"] = f"the backend {name} fails ({type(error).__name__}: {error})"
    return found


def _version(package: str) -> str | None:
    from importlib import metadata

    for name in (package, package.replace("_", "-")):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return getattr(sys.modules.get(package), "__version__", None)


def show_versions(*, as_json: bool = False) -> None:
    """Print the versions of keratorch and Python, the backends and devices, and what is missing.

    as_json : whether to print one JSON object.

    This imports every installed array library, which can take seconds. The shell command
    ``python -m keratorch info`` does the same, ``--json`` included.
    """
    import json

    found = versions()
    print(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found)))


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{key.replace('_', ' '):<16} {found[key]}"
        for key in ("keratorch", "python", "executable", "platform", "default_device")
    ]
    lines += ["", *found["other_installations"]] if found["other_installations"] else []
    lines += ["", "backends"]
    for name, backend in found["backends"].items():
        version = backend["version"] or "-"
        devices = ", ".join(backend["devices"]) or "no device"
        lines.append(f"  {name:<18} {version:<14} {devices}")
        if backend["missing"]:
            lines.append(f"    {backend['missing']}")
    lines += ["", "packages"]
    for name, version in found["packages"].items():
        purpose = _OTHERS[name]
        lines.append(f"  {name:<18} {version or f'not installed; it is for {purpose}'}")
    return lines


__all__ = ["show_versions", "versions"]
