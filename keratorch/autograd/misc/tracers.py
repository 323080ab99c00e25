"""`const_graph`, which HIPS/autograd offers to record a function once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..wrap_util import wraps


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """`fun` with its first arguments given.

    HIPS/autograd records the first call and replays the record; the code of `fun` runs once. Here
    the code runs at every call, so the result is the same where that record would have held.
    """
    return wraps(fun)(partial(fun, *args, **kwargs))


__all__ = ["const_graph"]
