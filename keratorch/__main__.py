"""``python -m keratorch info``: the versions, backends and devices on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .tools.info import show_versions


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name (default: those of the command line)."""
    parser = argparse.ArgumentParser(prog="python -m keratorch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    info = commands.add_parser("info", help="versions, backends, devices, and what is missing")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    show_versions(as_json=options.json)


if __name__ == "__main__":
    main()
