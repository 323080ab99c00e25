"""Fails unless at least 95 % of what `keratorch` shows has known types, as pyright counts.

    python ci/type_completeness.py [PERCENT]

`python` has pyright. With `--verifytypes`, pyright takes no `--pythonpath`: the first Python on the
`PATH` says where packages are. `PYTHONPATH` makes pyright find the sources here, also where
keratorch is installed from another folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYRIGHT = ["-m", "pyright", "--verifytypes", "keratorch", "--ignoreexternal", "--outputjson"]


def main(percent: float = 95.0) -> int:
    here = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(ROOT)}
    for name, first in here.items():
        here[name] = os.pathsep.join(filter(None, [first, os.environ.get(name)]))
    result = subprocess.run(
        [sys.executable, *PYRIGHT],
        cwd=ROOT, env={**os.environ, **here}, capture_output=True, text=True,
    )  # fmt: skip
    try:
        found = json.loads(result.stdout)["typeCompleteness"]
        package, score = Path(found["packageRootDirectory"]), 100 * found["completenessScore"]
    except (KeyError, ValueError):
        print(f"pyright --verifytypes gave no score:\n{result.stdout}{result.stderr}")
        return 1
    if package.resolve() != ROOT / "keratorch":
        print(f"pyright looked at {package}, which is not the package of this folder")
        return 1
    if score >= percent:
        print(f"{score:.1f} % of the public symbols have known types")
        return 0
    for symbol in found["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            messages = [d["message"].splitlines()[0] for d in symbol.get("diagnostics", ())]
            print(symbol["name"], *messages, sep=": ")
    print(f"{score:.1f} % of the public symbols have known types, and {percent} % is the least")
    return 1


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
