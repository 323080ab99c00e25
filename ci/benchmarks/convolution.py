"""How long a convolution or pooling takes, forward and backward, beside PyTorch.

python ci/benchmarks/convolution.py [--runs 20] [--threads 1]

For information: there is no target. PyTorch fuses what is here a copy of the windows and a
product. Images of shape (8, 16, 32, 32), 3×3 kernels, float32.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

SHAPE = (8, 16, 32, 32)
OUTPUTS = 32


def milliseconds(function: Callable[[], object], runs: int) -> float:
    """The median of `runs` calls."""
    function()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="how often to time each (20)")
    parser.add_argument("--threads", type=int, default=1, help="of BLAS and PyTorch (1)")
    options = parser.parse_args()
    # Before NumPy is imported: its BLAS asks once.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    import numpy as np
    import torch

    import keratorch as kt

    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    image = rng.standard_normal(SHAPE).astype("float32")
    weight = rng.standard_normal((OUTPUTS, SHAPE[1], 3, 3)).astype("float32")
    across = np.ascontiguousarray(weight.swapaxes(0, 1))  # of a transposed convolution
    bias = rng.standard_normal(OUTPUTS).astype("float32")
    cases = [
        ("conv2d, padding 1", "conv2d", (image, weight, bias), {"padding": 1}),
        ("conv2d, stride 2", "conv2d", (image, weight, bias), {"stride": 2, "padding": 1}),
        ("conv_transpose2d", "conv_transpose2d", (image, across, bias), {"padding": 1}),
        ("max_pool2d, 2", "max_pool2d", (image,), {"kernel_size": 2}),
        ("max_pool2d, 3", "max_pool2d", (image,), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("avg_pool2d, 2", "avg_pool2d", (image,), {"kernel_size": 2}),
    ]
    print(f"{'forward + backward, ms':24}{'keratorch':>12}{'PyTorch':>12}{'ratio':>8}")
    for title, name, arrays, kwargs in cases:
        ours = getattr(kt.nn.functional, name)
        theirs = getattr(torch.nn.functional, name)

        def on_numpy(
            function: Callable[..., kt.GradArray] = ours, arrays=arrays, kwargs=kwargs
        ) -> None:
            y = function(*(kt.GradArray(a) for a in arrays), **kwargs)
            kt.sum(y).backward()

        def on_torch(
            function: Callable[..., torch.Tensor] = theirs, arrays=arrays, kwargs=kwargs
        ) -> None:
            tensors = [torch.from_numpy(a).requires_grad_() for a in arrays]
            function(*tensors, **kwargs).sum().backward()

        a, b = milliseconds(on_numpy, options.runs), milliseconds(on_torch, options.runs)
        print(f"{title:24}{a:12.2f}{b:12.2f}{a / b:8.1f}")


if __name__ == "__main__":
    main()
