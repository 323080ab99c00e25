"""The summary of a run: it counts samples, and counts skips and expected failures by reason.

``--brief`` shows the progress in tenths, without a header and without a letter for each test.
Failures are shown in full in any case. The summary has the commonest reasons, with ``-v`` all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.samples import PROPERTY

#: How many reasons of each kind are shown, and how much of each.
SHOWN, WIDTH = 4, 88
#: pytest's category of a report -> the kind under which the summary counts its reasons.
KINDS = {"xfailed": "expected", "skipped": "skipped"}
TITLES = {
    "expected": "tests and samples that failed as expected",
    "skipped": "tests and samples skipped",
}


def reason_of(report: Any) -> str:
    """The reason why a test was skipped, or expected to fail."""
    if hasattr(report, "wasxfail"):
        return report.wasxfail.removeprefix("reason: ")
    longrepr = report.longrepr
    return (longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)).removeprefix("Skipped: ")


def counted(stats: dict[str, list[Any]]) -> tuple[int, int, dict[str, Counter[str]]]:
    """How many samples ran, in how many tests, and the counts of reasons by kind."""
    run = tests = 0
    reasons: dict[str, Counter[str]] = {kind: Counter() for kind in TITLES}
    for category, reports in stats.items():
        for report in reports:
            found = dict(getattr(report, "user_properties", ())).get(PROPERTY)
            if found is None:
                if category in KINDS:
                    reasons[KINDS[category]][reason_of(report)] += 1
            elif report.when == "call":
                tests += 1
                run += found["run"]
                for kind, counts in reasons.items():
                    counts.update(found[kind])
    return run, tests, reasons


def lines_of(counts: Counter[str], shown: int | None, width: int | None) -> Iterator[str]:
    """A line for each reason, the commonest first; the rest in one.

    Where not all are shown, those that differ in a quoted name alone count as one.
    """
    if shown is not None:
        merged: Counter[str] = Counter()
        for reason, count in counts.items():
            merged[re.sub("'[^']*'", "'…'", reason)] += count
        counts = merged
    for reason, count in counts.most_common(shown):
        text = " ".join(reason.split()) or "no reason given"
        if width is not None and len(text) > width:
            text = re.sub(r"\W+$", "", text[:width]) + " …"
        yield f"{count:6} × {text}"
    rest = counts.most_common()[shown:] if shown is not None else []
    if rest:
        yield f"{sum(n for _, n in rest):6} × {len(rest)} other reasons (-v lists them)"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    run, tests, reasons = counted(terminalreporter.stats)
    full = config.option.verbose > 0
    if run:
        terminalreporter.write_line(f"{run:,} samples in {tests:,} tests")
    for kind, counts in reasons.items():
        if counts:
            terminalreporter.write_line(f"{TITLES[kind]}: {counts.total():,}")
            for line in lines_of(counts, None if full else SHOWN, None if full else WIDTH):
                terminalreporter.write_line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("keratorch").addoption(
        "--brief", action="store_true", help="show tenths of the run, no letter per test"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.brief and not hasattr(config, "workerinput"):
        config.option.no_header = True
        config.pluginmanager.register(Brief(config), "keratorch-brief")


class Brief:
    """The progress in tenths; no letter for a test that went as it should."""

    def __init__(self, config: pytest.Config):
        self.config = config
        self.session: Any = None
        self.done = self.tenths = 0

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session
        self.reporter._show_progress_info = False  # the percentages are ours

    @property
    def reporter(self) -> Any:
        return self.config.pluginmanager.get_plugin("terminalreporter")

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Any:
        category, letter, word = yield
        if category in ("passed", "skipped", "xfailed"):
            letter = word = ""
        return category, letter, word

    def pytest_runtest_logfinish(self) -> None:
        self.done += 1
        tenths = 10 * self.done // max(self.session.testscollected, self.done)
        if tenths > self.tenths:
            self.tenths = tenths
            self.reporter.write(f" {tenths}0%" + ("\n" if tenths == 10 else ""), flush=True)
