"""A first use of keratorch where it is installed: `python -I -W error ci/smoke.py`.

The folder of this file does not help: with -I, Python does not look there.
"""

import importlib.metadata
import subprocess
import sys
import sysconfig

import keratorch as kt
import keratorch.backends
import keratorch.numpy as knp

for module in kt, keratorch.backends:
    assert module.__file__.startswith(sysconfig.get_path("purelib")), module.__file__
w = kt.GradArray([1.0, 2.0])
(w * w).sum().backward()
assert list(w.grad) == [2.0, 4.0], w.grad
assert list(kt.grad(lambda x: knp.sum(knp.sort(x)[:1] ** 2))(w.numpy())) == [2.0, 0.0]

version = importlib.metadata.version("keratorch-autograd")
assert kt.__version__ == version, (kt.__version__, version)
said = subprocess.run(
    [sys.executable, "-I", "-m", "keratorch", "--version"],
    capture_output=True,
    text=True,
    check=True,
)
assert said.stdout == f"keratorch {version}\n", said.stdout
print(f"keratorch {version} is installed and differentiates")
