"""Symbolic expressions of partial derivatives."""

from __future__ import annotations

from keratorch.ops import _partials


def test_variables_of_shared_parts_are_found_once():
    """Series share their parts: visits of every occurrence took longer than the arithmetic."""
    x, y = _partials.Expr("variable", value="x"), _partials.Expr("variable", value="y")
    e = x * y + 1.0
    for _ in range(18):
        e = e * e
    assert e.variables() == {"x", "y"}
    assert e.variables() is e.variables()
    assert e.args[0].reads == {"x", "y"}
    assert (e * 2.0).variables() == {"x", "y"}
    assert _partials.Expr("constant", value=2.0).variables() == frozenset()
