"""Small helpers in the names of HIPS/autograd: `subval`, `subvals`, `quick_grad_check`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ._subvals import subval as subval
from ._subvals import subvals as subvals
from .test_util import check_grads


def func(f: Any) -> Any:
    """`f`; HIPS/autograd unbinds methods with it."""
    return f


def quick_grad_check(
    fun: Callable[..., Any],
    arg0: Any,
    extra_args: Sequence[Any] = (),
    kwargs: dict[str, Any] | None = None,
    verbose: bool = True,
    eps: float = 1e-4,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    rs: Any = None,
) -> None:
    """`check_grads` of first order in reverse mode, in the first argument; deprecated."""
    warnings.warn("quick_grad_check is deprecated: use check_grads", stacklevel=2)
    check_grads(lambda x: fun(x, *extra_args, **(kwargs or {})), modes=["rev"], order=1)(arg0)


__all__ = ["func", "quick_grad_check", "subval", "subvals"]
