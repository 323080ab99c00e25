"""`docs/plain-values.md`: what to write in place of a call that would lose a gradient.

    python -m tests.remedy_table

writes it anew from the rows of `keratorch.core.remedies`; `tests/unit/test_remedies.py` fails where
it is out of date.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from keratorch.core.losing import words_of
from keratorch.core.remedies import ROWS

DOCUMENT = Path(__file__).parents[1] / "docs" / "plain-values.md"
_CONSUMERS = Path(__file__).parents[1] / "docs" / "consumers.md"
#: Functions that take tracked arrays without SCIPY_ARRAY_API too.
_ALWAYS = {"fixed_quad", "quad_vec"}
#: Of `scipy.special` the ufuncs take them always; these are the others.
_SPECIAL = {
    *("betaincc", "chdtr", "chdtrc", "stdtr", "stdtrit"),
    *("polygamma", "zeta", "logsumexp", "softmax", "log_softmax"),
}
#: Modules whose functions ask nothing of plain NumPy.
_NEVER = {"scipy.optimize.elementwise", "scipy.differentiate"}

HEAD = """\
# Where a gradient would be lost

Some code asks an array for plain values: `float(x)`, `np.asarray(x)`, a plot, a file, a solver. If
the array is tracked, its gradient would be lost there, and keratorch raises `LostGradientError`.
The error names the cure for the code that asks. This page lists the cures.
`python -m tests.remedy_table` writes it from the table in `keratorch/core/remedies.py`.

keratorch looks for the caller when it raises the error, by the names of the functions that run.
The function that your own code calls counts: if Matplotlib calls `np.asarray`, the cure is that for
a plot.

In the table, `kt` is `keratorch`. If `x` is an array of CuPy, messages say `keratorch.cupy` in
place of `keratorch.numpy`. Some libraries raise an error of their own after keratorch's. Python
then prints keratorch's error above it: a write `a[0] = x` into a plain array raises NumPy's
`ValueError`, and SciPy's `minimize` raises `ValueError`. SciPy's `fsolve` prints keratorch's error
before it raises its own. A few functions ask an array nothing, and their errors do not help:
`json.dumps` takes `x.tolist()`; `struct.pack`, `"%d" % x` and `decimal.Decimal` take `x.item()`.

| who asks | the cure |
|---|---|
"""


def document() -> str:
    """The text of `docs/plain-values.md`."""
    words = {**words_of("numpy"), "called": "it", "shape": "()"}
    rows = [f"| {row.place} | {_cell(row.cure.format(**words))} |" for row in ROWS]
    return HEAD + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def taken_with_array_api() -> dict[str, list[str]]:
    """Subpackage of SciPy -> the functions that `docs/consumers.md` marks with yes or constant."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in _CONSUMERS.read_text(encoding="utf-8").splitlines():
        match = re.match(r"\| `(scipy[\w.]+)\.(\w+)`.*?\| (yes|constant)", line)
        if not match or match[1] in _NEVER:
            continue
        of, name = match[1], match[2]
        if of.rpartition(".")[2][0].isupper():  # a method of a class
            of = of.rpartition(".")[0]
        wanted = name in _SPECIAL if of == "scipy.special" else name not in _ALWAYS
        if wanted and not name.startswith("_"):
            found[of].add(name)
    return {of: sorted(names) for of, names in found.items()}


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
