"""The table has the arguments and values of NumPy 2.4: older ones differ here and there."""

import numpy as np
import pytest

installed = np.lib.NumpyVersion(np.__version__)
#: Functions that got arguments, dtypes or values which the cases use, and the version with them.
SINCE = {
    "clip": "2.1.0",
    "insert": "2.2.0",
    "linalg.cond": "2.3.0",
    "nanquantile": "2.4.0",
    "pad": "2.4.0",
    "quantile": "2.4.0",
    "reshape": "2.1.0",
    "take_along_axis": "2.3.0",
    "trim_zeros": "2.2.0",
}
#: Tests that compare names of arguments, and refusals, with those of NumPy.
WHOLE = {
    "test_arguments_have_numpys_names_and_order": "2.4.0",
    "test_what_numpy_refuses_is_refused": "2.4.0",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name != "numpy_api":
            continue
        name, _, case = item.name.partition("[")
        since = WHOLE.get(name) or (
            SINCE.get(case.removesuffix("]")) if item.path.name == "test_functions.py" else None
        )
        if since is not None and installed < since:
            reason = f"compared with NumPy {since} and later; this is {np.__version__}"
            item.add_marker(pytest.mark.skip(reason=reason))
