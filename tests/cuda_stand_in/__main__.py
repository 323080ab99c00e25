"""For `ci/run`: print the arguments that make pytest run on the stand-in.

    python -m tests.cuda_stand_in

If the stand-in cannot be used here, print the reason to standard error and exit with status 77.
"""

from __future__ import annotations

import sys

from . import CannotInstall, _nvrtc, install


def main() -> int:
    try:
        install()
    except CannotInstall as error:
        print(error, file=sys.stderr)
        return 77
    reason = _nvrtc.why_not()
    if reason is not None:
        print(f"kernels are not checked for real GPUs: {reason}", file=sys.stderr)
    print("--cuda-stand-in" if reason else "--cuda-stand-in --nvrtc 80,90")
    return 0


if __name__ == "__main__":
    sys.exit(main())
