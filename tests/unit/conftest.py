"""Fixtures of the unit tests."""

import pytest

from keratorch.backends import _registry


@pytest.fixture
def registry_as_it_was():
    """Take back what a test registers."""
    tables = [
        _registry._backends,
        _registry._by_namespace,
        _registry._pending_rules,
        _registry._BACKEND_OF_KIND,
        _registry.by_type,
    ]
    before = [dict(table) for table in tables]
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)
    for listener in _registry._listeners:
        listener()
