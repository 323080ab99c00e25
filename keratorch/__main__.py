"""``python -m keratorch``: the version of keratorch, and ``info``: what this machine has for it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ._version import __version__
from .tools.info import show_versions


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name (default: those of the command line)."""
    parser = argparse.ArgumentParser(
        prog="python -m keratorch",
        description="keratorch: automatic differentiation for every Array API library.",
        epilog="The documentation of a function is in Python: help(keratorch.grad).",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"keratorch {__version__}",
        help="print the version of keratorch",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    info = commands.add_parser(
        "info",
        help="versions, backends, devices, and what is missing",
        description="Print versions, backends and devices, what is missing, and how to get it.",
    )
    info.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.error("a command is missing, as in: python -m keratorch info")
    show_versions(as_json=options.json)


if __name__ == "__main__":
    main()
