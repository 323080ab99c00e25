"""Fixtures of the unit tests."""

import gc

import numpy as np
import pytest

import keratorch as kt
from keratorch.backends import _registry


@pytest.fixture(scope="module")
def few_objects():
    """`gc.collect` and `gc.get_objects` look at nothing that was there before these tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def full_free_lists(few_objects):
    """Nothing that CPython keeps for itself grows any more.

    It keeps up to 2,000 freed tuples of each length to use again, which `tracemalloc` counts as
    memory in use: some 100 kB, once in a process, however many steps there are. A full collection
    empties the lists, so the collector is off.
    """
    gc.collect()
    gc.disable()
    kt.jvp(_many_sines, (np.ones(10),), (np.ones(10),))
    yield
    gc.enable()


def _many_sines(x):
    for _ in range(3_000):
        x = kt.sin(x)
    return x


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
