"""Random little programs of makers, views and writes: the same with NumPy and with keratorch.numpy.

After each line every array must be equal to NumPy's. Gradients are compared with forward mode and
with differences of the program on plain arrays.
"""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest

import keratorch as kt
import keratorch.numpy as knp

X = np.array([0.7, 1.3, 0.9])
TANGENT = np.array([1.0, -0.5, 0.3])

NEW = [
    *("np.zeros({s})", "np.ones({s})", "np.full({s}, 2.0)", "np.zeros({s}, order='F')"),
    *("a.copy()", "np.zeros_like(a)", "np.array(a)", "np.copy(a)", "np.eye(3)"),
]
VIEWS = [
    *("a[1:]", "a[::-1]", "a[:-1]", "a[..., ::2]", "a[None]", "a[0]", "a[0:1]", "a.T"),
    *("a.reshape(-1)", "a.swapaxes(0, -1)", "np.transpose(a)", "np.atleast_2d(a)", "a.real"),
    *("np.flip(a)", "np.expand_dims(a, 0)", "np.squeeze(a)", "np.asarray(a)"),
    *("np.moveaxis(a, 0, -1)", "np.array(a, copy=False)", "a.ravel()", "a[..., None]"),
]
VALUES = [
    *("x[0]", "x[1]*x[2]", "2.5", "x.sum()", "float(3)", "np.sin(x[0])*2", "np.float64(1.5)"),
    *("b.sum()", "np.mean(b)"),
]
WRITES = [
    *("a[...] = v", "a[0] = v", "a[-1:] = v", "a[..., 0] = v", "a[a > 1] = v", "a[[0, -1]] = v"),
    *("a += v", "a *= v", "a[0] += v", "a[..., 1:] *= v", "a -= a[0]", "a /= 2.0", "a += b"),
    *("a[1:] = a[:-1]*0.5", "a[...] = b", "a[:1] = b[:1]", "a[...] = b.sum(axis=0)"),
    *("a.fill(v)", "a.flat[1] = v", "a.flat[::2] = v", "a.flat = v", "a.put([1], v)"),
    *("np.put(a, [0, 1], v)", "np.copyto(a, v)", "np.putmask(a, np.ones(a.shape, bool), v)"),
    *("np.add(a, v, out=a)", "np.multiply(a, v, a)", "np.add.at(a, (0,), v)"),
    *("for r in a: r[...] = v", "w = b[1:]; a[...] = v; s = s + w.sum()", "a.sort()"),
]
READS = [
    *("s = s + (a*x[0]).sum()", "s = s + (x[1]*a).sum()", "s = s + np.sum(a**2)"),
    *("s = s + np.sum(a*b)", "s = s + np.sum(np.stack([a, a])*x[2])"),
]


def program(seed: int) -> list[str]:
    """Lines of code on arrays ``v0``, ``v1``, …, the variable ``x`` and the sum ``s``."""
    rng = random.Random(seed)
    lines, count = ["v0 = np.zeros((3, 4))"], 1

    def filled_in(text: str) -> str:
        text = re.sub(r"\bv\b", lambda _: rng.choice(VALUES), text)
        first, second = rng.randrange(count), rng.randrange(count)
        return re.sub(r"\bb\b", f"v{second}", re.sub(r"\ba\b", f"v{first}", text))

    for _ in range(rng.randint(4, 14)):
        kind = rng.random()
        if kind < 0.38:
            text = rng.choice(VIEWS if kind < 0.3 else NEW)
            text = text.replace("{s}", rng.choice(["3", "(2, 3)", "(3, 3)"]))
            lines.append(f"v{count} = {filled_in(text)}")
            count += 1
        else:
            lines.append(filled_in(rng.choice(WRITES if kind < 0.85 else READS)))
    every = ", ".join(f"v{i}" for i in range(count))
    return [*lines, f"s = s + sum(np.sum(v*v)*0.1 for v in ({every},))"]


def run(lines: list[str], x: Any, xp: Any, compare: Any = None) -> Any:
    """The sum that the program makes; lines that NumPy refuses must be gone."""
    names = {"np": xp, "x": x, "s": 0.0}
    for i, line in enumerate(lines):
        exec(line, names)
        if compare is not None:
            compare(i, names)
    return names["s"]


def without_refused(lines: list[str]) -> list[str]:
    """The program without the lines that NumPy refuses."""
    names = {"np": np, "x": X, "s": 0.0}
    kept = []
    for line in lines:
        try:
            exec(line, names)
        except (ValueError, IndexError, TypeError):
            if not re.match(r"v\d+ = ", line):
                continue
            line = re.sub(r"=.*", "= np.zeros((2, 2))", line)
            exec(line, names)
        kept.append(line)
    return kept


def values(names: dict[str, Any]) -> dict[str, Any]:
    """The plain values of the arrays of a program."""
    found = {}
    for name, v in names.items():
        if re.fullmatch(r"v\d+", name):
            v = kt.asarray(v) if type(v) is not np.ndarray else v
            v = kt.stop_gradient(v)
            found[name] = np.array(v.numpy() if isinstance(v, kt.GradArray) else v)
    return found


def check(seed: int) -> str:
    lines = without_refused(program(seed))
    with np.errstate(all="ignore"):
        states: list[dict[str, Any]] = []
        total = run(lines, X, np, lambda i, names: states.append(values(names)))
        if not np.isfinite(total) or abs(total) > 1e6:
            return "too large"

        def compare(i: int, names: dict[str, Any]) -> None:
            for name, v in values(names).items():
                text = f"seed {seed}, {name} after\n" + "\n".join(lines[: i + 1])
                np.testing.assert_allclose(v, states[i][name], rtol=1e-9, atol=1e-12, err_msg=text)

        if seed % 2:  # without the comparison fewer arrays are alive
            run_here = kt.value_and_grad(lambda x: run(lines, x, knp, compare))
        else:
            run_here = kt.value_and_grad(lambda x: run(lines, x, knp))
        try:
            value, found = run_here(X)
            along = kt.jvp(lambda x: run(lines, x, knp), (X,), (TANGENT,))[1]
        except kt.AliasedWriteError:
            return "refused"
        except kt.KeratorchError as error:
            raise AssertionError(f"seed {seed}: {error}\n" + "\n".join(lines)) from error
        text = f"seed {seed}\n" + "\n".join(lines)
        np.testing.assert_allclose(value, total, rtol=1e-9, err_msg=text)
        np.testing.assert_allclose(along, found @ TANGENT, rtol=1e-9, atol=1e-9, err_msg=text)
        if seed % 7 == 0:  # all ways to the second derivative
            of_x = lambda x: run(lines, x, knp)  # noqa: E731
            ways = [kt.hessian, lambda f: kt.jacfwd(kt.jacfwd(f)), lambda f: kt.jacrev(kt.grad(f))]
            first, *others = [way(of_x)(X) for way in ways]
            for other in others:
                np.testing.assert_allclose(other, first, rtol=1e-7, atol=1e-7, err_msg=text)
        step = 1e-6 * np.eye(3)
        wanted = [(run(lines, X + e, np) - run(lines, X - e, np)) / 2e-6 for e in step]
        scale = max(1.0, abs(total))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * scale, err_msg=text)
    return "same"


@pytest.mark.parametrize("first", range(0, 160, 40))
def test_programs_that_fill_arrays(first):
    found = [check(seed) for seed in range(first, first + 40)]
    assert found.count("same") > 30
