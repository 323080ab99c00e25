"""Choices for the whole program: how derivatives are computed."""

from __future__ import annotations


class Policy:
    """Choices for the whole program; see `set_policy`."""

    masked_zeros: bool = True
    deterministic: bool = False


policy = Policy()


def set_policy(*, masked_zeros: bool | None = None) -> None:
    """Change how derivatives are computed, for the whole program.

    masked_zeros : `True` (the default) counts a partial derivative that is not finite as 0
        where the incoming gradient is 0, so that ``where(x > 0, log(x), 0)`` has gradient 0
        at 0; `False` gives the plain IEEE product, NaN there.
    """
    if masked_zeros is not None:
        policy.masked_zeros = bool(masked_zeros)


class deterministic:
    """Choose, for the whole program, whether gradients are the same numbers in every run.

    On a GPU, the gradient of a gather with repeated indices is added up in an order that changes
    from run to run. ``deterministic(True)`` sorts the indices and adds in their order, which is
    slower. As a context manager it holds within the ``with`` block:

    >>> import keratorch as kt
    >>> with kt.deterministic(True):
    ...     x = kt.GradArray([1.0, 2.0])
    ...     kt.sum(x[kt.asarray([0, 0, 1])]).backward()
    >>> x.grad
    array([2., 1.])
    """

    __slots__ = ("_before",)

    def __init__(self, on: bool = True) -> None:
        self._before = policy.deterministic
        policy.deterministic = bool(on)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        policy.deterministic = self._before
