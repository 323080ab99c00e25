"""A test that loops over samples reports each that fails, and the summary counts the rest."""

import re
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from keratorch.ops.exponential import ExpGrad
from tests import summary
from tests.op_cases import cases_of
from tests.op_specs import BY_NAME
from tests.samples import Samples

ROOT = Path(__file__).resolve().parents[2]
ITEM = "tests/test_x.py::test_op[numpy-cpu-exp]"


def wrong():
    assert 1 == 2


def skipped():
    pytest.skip("a reason to skip")


def expected():
    pytest.xfail("a reason to fail")


def right():
    pass


# -- failures ------------------------------------------------------------------------------------


def test_two_broken_samples_are_both_reported():
    samples = Samples()
    for name, function in (("first", wrong), ("second", right), ("third", wrong)):
        samples.check(name, function)
    with pytest.raises(pytest.fail.Exception) as failure:
        samples.finish(ITEM)
    text = str(failure.value)
    assert text.startswith("2 of 3 samples failed: first, third\n")
    assert "---- first ----" in text and "---- third ----" in text
    assert "---- second ----" not in text
    assert text.count("assert 1 == 2") >= 2
    assert text.endswith(f"one alone: pytest {ITEM!r} --sample 'first'")


def test_a_broken_rule_is_reported_by_the_sample_that_shows_it(monkeypatch):
    """The rule of `exp` is wrong for arrays of one axis alone."""
    from tests.backend.test_ops import check_case
    from tests.conftest import Target

    rules = kt.backends.get("numpy").rules
    rule = rules[ExpGrad]
    monkeypatch.setitem(
        rules,
        ExpGrad,
        lambda node, grad: tuple(2 * g if g.ndim == 1 else g for g in rule(node, grad)),
    )
    samples = Samples()
    target = Target("numpy", kt.Device("numpy", "cpu", 0))
    cases = [c for c in cases_of(BY_NAME["exp"], "numpy") if c.dtype == "float64"]
    for case in cases:
        samples.check(case.id, check_case, case, target, False)
    (broken,) = [c.id for c in cases if c.sample.name == "(1)"]
    assert [name for name, _ in samples.failures] == [broken] == ["exp-(1)-float64"]
    assert samples.passed == len(cases) - 1 > 2


def test_an_expected_failure_that_passes_fails():
    samples = Samples()
    samples.check("broken", wrong, fails="known to be broken")
    samples.check("repaired", right, fails="known to be broken")
    with pytest.raises(
        pytest.fail.Exception, match=r"^1 of 2 samples failed: repaired\n"
    ) as failure:
        samples.finish(ITEM)
    assert "[XPASS(strict)] it was expected to fail: known to be broken" in str(failure.value)


def test_a_sample_that_leaves_a_mode_behind_is_named():
    samples = Samples()
    samples.check("leaks", lambda: kt.no_grad().__enter__())
    assert kt.is_grad_enabled()
    samples.check("clean", right)
    assert [name for name, _ in samples.failures] == ["leaks, what it left behind"]


def test_failures_by_pytest_and_warnings_that_are_errors_are_failures():
    samples = Samples()
    samples.check("says so", pytest.fail, "it said so")
    samples.check("warns", np.log, np.float64(0.0))
    assert [name for name, _ in samples.failures] == ["says so", "warns"]


def test_for_a_debugger_a_failure_is_raised_where_it_is():
    samples = Samples(at_once=True)
    samples.check("expected", wrong, fails="known to be broken")
    with pytest.raises(AssertionError):
        samples.check("not expected", wrong)


# -- what is no failure --------------------------------------------------------------------------


def test_no_sample_is_a_failure():
    with pytest.raises(pytest.fail.Exception, match="no sample was checked"):
        Samples().finish(ITEM)


def test_skips_and_expected_failures_are_counted_by_reason():
    samples = Samples()
    for function in (skipped, skipped, expected, right):
        samples.check("a sample", function)
    samples.check("a sample", wrong, fails="another reason")
    assert samples.skipped == {"a reason to skip": 2}
    assert samples.expected == {"a reason to fail": 1, "another reason": 1}
    assert samples.count == 5
    samples.finish(ITEM)


@pytest.mark.parametrize(
    ("functions", "outcome", "reason"),
    [
        ([skipped], pytest.skip.Exception, "a reason to skip"),
        ([skipped, expected], pytest.xfail.Exception, "a reason to fail"),
    ],
)
def test_where_none_passed_the_test_did_not_pass_either(functions, outcome, reason):
    samples = Samples()
    for function in functions:
        samples.check("a sample", function)
    with pytest.raises(outcome, match=reason):
        samples.finish(ITEM)


def test_a_part_of_the_name_chooses_samples():
    samples = Samples(wanted="(3,4)")
    samples.check("(3,4)-float64", right)
    samples.check("(0)-float64", wrong)
    samples.finish(ITEM)
    assert samples.count == 1
    other = Samples(wanted="(9)")
    other.check("(0)-float64", right)
    with pytest.raises(pytest.skip.Exception, match="no sample has '\\(9\\)' in its name"):
        other.finish(ITEM)


# -- pytest --------------------------------------------------------------------------------------

TESTS = """
    import pytest

    def wrong(why):
        assert not why

    def test_good(samples):
        for n in range(3):
            samples.check(f"good {n}", wrong, 0)
        samples.check("bad", wrong, 1, fails="a known fault")
        samples.check("elsewhere", pytest.skip, "not here")

    def test_bad(samples):
        samples.check("one", wrong, "one is broken")
        samples.check("two", wrong, "two is broken")

    def test_repaired(samples):
        samples.check("sound", wrong, 0, fails="a known fault")

    def test_stops(samples):
        samples.check("before", wrong, "before is broken")
        raise ValueError("outside of any sample")

    def test_nothing(samples):
        pass

    def test_elsewhere():
        pytest.skip("not here")

    @pytest.mark.xfail(reason="a known fault")
    def test_fault():
        assert False
"""


def test_the_report_has_every_failure_and_the_summary_counts_the_rest(tmp_path):
    """In several processes, as `ci/run` has it."""
    file = tmp_path / "test_tiny.py"
    file.write_text(textwrap.dedent(TESTS), encoding="utf-8")
    plugins = ["-p", "tests.samples", "-p", "tests.summary", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-n", "2", "--brief", f"--rootdir={ROOT}",
         str(file)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    text = result.stdout
    assert result.returncode == 1, text + result.stderr
    assert "2 of 2 samples failed: one, two" in text
    assert "assert not 'one is broken'" in text and "assert not 'two is broken'" in text
    assert "1 of 1 samples failed: sound" in text
    assert "ValueError: outside of any sample" in text and "before is broken" in text
    assert "no sample was checked" in text
    assert "9 samples in 5 tests" in text
    assert re.search(
        r"^tests and samples that failed as expected: 2\n +2 × a known fault$", text, re.M
    )
    assert re.search(r"^tests and samples skipped: 2\n +2 × not here$", text, re.M)
    assert "4 failed, 1 passed, 1 skipped, 1 xfailed" in text
    assert re.search(r"^[F %\d]* 100%$", text, re.M), "the progress is tenths and failures"


def test_reasons_that_differ_in_a_quoted_name_are_one():
    counts = Counter({"no function 'beta'": 2, "no function 'zeta'": 3})
    assert [*summary.lines_of(counts, 8, 88)] == ["     5 × no function '…'"]
    assert len([*summary.lines_of(counts, None, None)]) == 2


def test_long_tails_of_reasons_are_one_line():
    counts = Counter({"a" * 200: 5, "common": 4, "rare": 1, "rarer": 1})
    shown = [*summary.lines_of(counts, 2, 88)]
    assert shown[0] == f"     5 × {'a' * 88} …"
    assert shown[1:] == ["     4 × common", "     2 × 2 other reasons (-v lists them)"]
    assert len([*summary.lines_of(counts, None, None)]) == 4
