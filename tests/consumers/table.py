"""`docs/consumers.md`: what becomes of gradients in each function of each consumer.

    python -m tests.consumers                          writes it anew
    python -m tests.consumers '{"GROUP": ["BACKEND"]}'   prints the outcomes of groups, as JSON

Every outcome is what a call gave: nothing is written by hand. `test_consumers.py` runs the groups
in a process of their own, since SciPy reads ``SCIPY_ARRAY_API`` once, when it is imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from tests.consumers.case import BACKENDS, LIBRARIES, Outcome, judge

DOCUMENT = Path(__file__).parents[2] / "docs" / "consumers.md"

#: Section -> the module of its cases, the distribution, and what is said of it.
GROUPS = {
    "scipy.special": (
        "scipy_special",
        "scipy",
        "SciPy looks for `xp.special.<name>` in the namespace of the array, and finds "
        "`kt.special`. Functions that are missing there go through NumPy. Without "
        "`SCIPY_ARRAY_API` most of these functions are ufuncs of NumPy. Those marked yes take a "
        "`GradArray` then too, by `__array_ufunc__`. The exceptions are `betaincc chdtr chdtrc "
        "stdtr stdtrit`, and `polygamma zeta logsumexp softmax log_softmax`, which are not ufuncs.",
    ),
    "scipy.stats": (
        "scipy_stats",
        "scipy",
        "The functions of `scipy.stats` that are written for the Array API.",
    ),
    "scipy.signal": (
        "scipy_signal",
        "scipy",
        "Many of these functions are loops in C. SciPy passes arrays of every library to them as "
        'NumPy arrays. `convolve` and `correlate` differentiate with `method="fft"`. Without it '
        "SciPy chooses a method: for this it takes the largest element of arrays that are not "
        "NumPy's as an `int`.",
    ),
    "other parts of SciPy": (
        "scipy_others",
        "scipy",
        "Up to SciPy 1.17, `integrate.simpson` passes every array to NumPy. In SciPy's "
        "development version of August 2026 it differentiates; this was tried with `GradArray`s "
        "of NumPy.",
    ),
    "scikit-learn": (
        "sklearn_cases",
        "scikit-learn",
        "The calls run under `sklearn.set_config(array_api_dispatch=True)`. Metrics end in "
        '`float(…)`. Ask for `multioutput="raw_values"`: the result is then an array.',
    ),
    "xarray": (
        "xarray_cases",
        "xarray",
        "The calls take an `xarray.DataArray(x)`. xarray asks for dtypes of NumPy, so all rows "
        "are of NumPy-backed arrays.",
    ),
    "array-api-extra": ("extra", "array-api-extra", "All functions of array-api-extra."),
}


def outcomes(group: str, backends: Iterable[str]) -> dict[str, dict[str, Outcome]]:
    """The outcome of each case of a group on each backend."""
    module = importlib.import_module(f"tests.consumers.{GROUPS[group][0]}")
    return {case.name: {b: judge(case, b) for b in backends} for case in module.CASES}


def outcomes_apart(asked: Mapping[str, Iterable[str]]) -> dict[str, dict[str, dict[str, Outcome]]]:
    """The outcomes of groups on the backends named with them.

    They are computed in a process in which SciPy takes arrays of any library.
    """
    names = json.dumps({group: [*backends] for group, backends in asked.items()})
    command = [sys.executable, "-m", "tests.consumers", names]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return {
        group: {n: {b: Outcome(*o) for b, o in row.items()} for n, row in found.items()}
        for group, found in json.loads(done.stdout).items()
    }


def cell(outcome: Outcome) -> str:
    """An outcome as a cell of the table."""
    if outcome.verdict == "differentiates":
        return f"yes, {outcome.detail}"
    if outcome.verdict == "refuses":
        return f"**no**: {outcome.detail}"
    return f"{outcome.verdict}: {outcome.detail}"


def rows(group: str, found: dict[str, dict[str, Outcome]]) -> list[str]:
    """The lines of the table of a group."""
    lines = []
    notes = {
        c.name: c.note for c in importlib.import_module(f"tests.consumers.{GROUPS[group][0]}").CASES
    }
    for name, row in found.items():
        note = f" ({notes[name]})" if notes[name] else ""
        function, comma, how = name.partition(",")
        cells = [cell(row[b]) for b in backends_of(group)]
        cells = [c if i == 0 or c != cells[0] else "the same" for i, c in enumerate(cells)]
        lines.append(f"| `{function}`{comma}{how}{note} | " + " | ".join(cells) + " |")
    return lines


def section(group: str, found: dict[str, dict[str, Outcome]]) -> list[str]:
    """A group, as it is in the document."""
    counts = Counter(row["numpy"].verdict for row in found.values())
    _, distribution, words = GROUPS[group]
    said = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))
    backends = backends_of(group)
    return [
        f"## {group}",
        "",
        *([words, ""] if words else []),
        f"{distribution} {version(distribution)}; NumPy-backed: {said}.",
        "",
        f"| function | {' | '.join(LIBRARIES[b] for b in backends)} |",
        "|---" * (len(backends) + 1) + "|",
        *rows(group, found),
        "",
    ]


#: The backends of a group, where not all.
ONLY = {"xarray": ("numpy",)}


def backends_of(group: str) -> tuple[str, ...]:
    return ONLY.get(group, tuple(BACKENDS))


HEAD = """\
# Gradients through libraries written for the Array API

This page says what happens when functions of other libraries get a `GradArray` in place of an
array. `python -m tests.consumers` writes the page from what the calls gave. A test runs the calls
and compares.

SciPy takes arrays of other libraries if the environment variable `SCIPY_ARRAY_API` is 1 before
SciPy is imported. SciPy then refuses plain NumPy arrays beside a `GradArray` ("Multiple
namespaces"): wrap them with `kt.asarray`.

A table has one column per library whose arrays the `GradArray`s wrap. A cell says:

- *yes*: the value is that of plain arrays. The derivatives agree with central differences, in
  reverse and in forward mode; on NumPy to the second order.
- *constant*: the value is right, and has no derivative by nature.
- *NaN*: the derivative is NaN, for the reason given.
- **no**: the call raises an error, for the reason given. No gradient is lost in silence.

A function that passes its arrays to NumPy refuses tracked arrays, and works with `x.detach()`.
"""


def document(found: dict[str, dict[str, dict[str, Outcome]]]) -> str:
    """The text of `docs/consumers.md`."""
    lines = HEAD.splitlines()
    for group, results in found.items():
        lines += ["", *section(group, results)[:-1]]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    if not arguments:
        if missing := [b for b in BACKENDS if importlib.util.find_spec(b) is None]:
            sys.exit(
                f"docs/consumers.md has a column for {' and '.join(missing)}, not installed here: "
                f"run {sys.executable} -m pip install {' '.join(missing)}, then this again"
            )
        found = outcomes_apart({group: backends_of(group) for group in GROUPS})
        for group, results in found.items():
            for name, row in results.items():
                for backend, outcome in row.items():
                    if outcome.verdict in ("wrong", "lost"):
                        print(f"{group}: {name} on {backend}: {outcome}", file=sys.stderr)
        DOCUMENT.write_text(document(found), encoding="utf-8")
        return
    asked = json.loads(arguments[0])
    found = {group: outcomes(group, backends) for group, backends in asked.items()}
    json.dump(
        {
            group: {n: {b: [o.verdict, o.detail] for b, o in r.items()} for n, r in rows.items()}
            for group, rows in found.items()
        },
        sys.stdout,
    )
