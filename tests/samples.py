"""Tests that loop over many samples: every failing sample is reported, and none hides another.

    def test_op(target, op, samples):
        for case in cases_of(op, target):
            samples.check(case.id, compare, case, fails=case.reason_to_fail)

is one item of pytest. The test fails if a sample fails, or if one that is expected to fail passes.
The report names each such sample, with a traceback of its own. A test without any sample fails.
``--sample TEXT`` runs only the samples whose name contains the text.

The summary counts samples, and their skips and expected failures by reason (`tests/summary.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.state import restore_and_check

#: The property of a report that holds the counts of its samples.
PROPERTY = "samples"


class Samples:
    """The outcomes of the samples of one test.

    style : how tracebacks are shown, as in ``--tb``.
    wanted : a part of the names of the samples to run.
    at_once : whether a failure is raised where it happens, for a debugger.
    """

    def __init__(self, style: str = "short", wanted: str = "", at_once: bool = False):
        self.style, self.wanted, self.at_once = style, wanted, at_once
        self.passed = 0
        self.left_out = 0
        self.failures: list[tuple[str, str]] = []
        self.expected: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    def check(
        self, name: str, function: Callable[..., Any], *args: Any, fails: str | None = None
    ) -> None:
        """Call the function with the arguments, and note the outcome.

        fails : the reason why the sample is expected to fail. If it passes, the test fails.
        """
        __tracebackhide__ = True
        if self.wanted not in name:
            self.left_out += 1
            return
        try:
            function(*args)
        except pytest.skip.Exception as skip:
            self.skipped[str(skip.msg)] += 1
        except pytest.xfail.Exception as failure:
            self.expected[str(failure.msg)] += 1
        except (Exception, pytest.fail.Exception) as error:
            if fails is not None:
                self.expected[fails] += 1
            elif self.at_once:
                raise
            else:
                self._fail(name, error)
        else:
            if fails is not None:
                self.failures.append((name, f"[XPASS(strict)] it was expected to fail: {fails}"))
            else:
                self.passed += 1
        try:
            restore_and_check()
        except AssertionError as error:
            self._fail(f"{name}, what it left behind", error)

    def _fail(self, name: str, error: BaseException) -> None:
        info = pytest.ExceptionInfo.from_exception(error)
        # The first entry of the traceback is the call above.
        shown = info.getrepr(style=self.style, tbfilter=lambda e: e.traceback[1:].filter(e))
        self.failures.append((name, str(shown)))

    @property
    def count(self) -> int:
        """How many samples ran."""
        counted = self.passed, len(self.failures), self.expected.total(), self.skipped.total()
        return sum(counted)

    def report(self, item: str) -> str:
        """All failures, with their tracebacks, and how one of them is run again."""
        names = ", ".join(name for name, _ in self.failures)
        shown = "\n".join(f"---- {name} ----\n{text}" for name, text in self.failures)
        return (
            f"{len(self.failures)} of {self.count} samples failed: {names}\n{shown}\n"
            f"one alone: pytest {item!r} --sample {self.failures[0][0]!r}"
        )

    def finish(self, item: str) -> None:
        """Fail, skip or expect to fail as the samples did; `item` is the test's id."""
        if self.failures:
            pytest.fail(self.report(item), pytrace=False)
        if self.passed:
            return
        if self.expected:
            pytest.xfail("; ".join(self.expected))
        if self.skipped:
            pytest.skip("; ".join(self.skipped))
        if self.left_out:
            pytest.skip(f"no sample has {self.wanted!r} in its name")
        pytest.fail("no sample was checked", pytrace=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("keratorch").addoption(
        "--sample",
        default="",
        metavar="TEXT",
        help="of the tests that loop over samples, run those with this text in their names",
    )


@pytest.fixture
def samples(request: pytest.FixtureRequest) -> Samples:
    """Checks the samples of a test, one after another."""
    option = request.config.option
    style = "short" if option.tbstyle in ("auto", "no") else option.tbstyle
    return Samples(style, option.sample, option.usepdb)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """After a test that takes `samples`, its outcome is made of theirs."""
    found = getattr(item, "funcargs", {}).get("samples")
    if not isinstance(found, Samples):
        return (yield)
    try:
        result = yield
    except Exception as error:  # outside of any sample
        if found.failures:
            error.add_note(found.report(item.nodeid))
        raise
    else:
        found.finish(item.nodeid)
        return result
    finally:
        counts = {
            "run": found.count,
            "expected": dict(found.expected),
            "skipped": dict(found.skipped),
        }
        item.user_properties.append((PROPERTY, counts))
