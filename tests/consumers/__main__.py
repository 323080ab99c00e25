"""``python -m tests.consumers`` writes `docs/consumers.md` anew; see `table`."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported

import importlib.util
import sys

from tests.consumers import table

if importlib.util.find_spec("torch") is not None:
    import torch

    # SciPy makes its own constants in PyTorch's default dtype.
    torch.set_default_dtype(torch.float64)

table.main(sys.argv[1:])
