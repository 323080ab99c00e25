"""The table has the arguments and values of NumPy 2.4: older ones differ here and there."""

import numpy as np
import pytest

OLDER = np.lib.NumpyVersion(np.__version__) < "2.4.0"


def pytest_collection_modifyitems(items):
    if not OLDER:
        return
    skip = pytest.mark.skip(reason=f"compared with NumPy 2.4 and later; this is {np.__version__}")
    for item in items:
        if item.path.parent.name == "numpy_api" and item.path.name != "test_mirrors.py":
            item.add_marker(skip)
