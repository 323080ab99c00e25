"""Settings for the whole program that change how derivatives are computed."""

from __future__ import annotations


class Policy:
    """The settings for the whole program; see `set_policy` and `deterministic`."""

    masked_zeros: bool = True
    deterministic: bool = False
    fillable: bool = True


policy: Policy = Policy()


def set_policy(*, masked_zeros: bool | None = None, fillable: bool | None = None) -> None:
    """Change how derivatives are computed, for the whole program.

    masked_zeros : `True` (the default) treats a partial that is not finite as 0 where the incoming
        gradient is 0, if that gradient came through a selection, such as `where` or an index. So
        ``where(x > 0, log(x), 0)`` has the gradient 0 at 0. `False` gives the plain IEEE product,
        which is NaN there. `None` leaves the setting.
    fillable : `True` (the default) lets ``zeros`` and the other functions of `keratorch.numpy` and
        `keratorch.cupy` that make arrays return arrays that take tracked values, inside of
        transformations and of `keratorch.fillable`. `False` gives the library's own arrays
        everywhere. `None` leaves the setting.
    """
    if masked_zeros is not None:
        policy.masked_zeros = bool(masked_zeros)
    if fillable is not None:
        policy.fillable = bool(fillable)


class deterministic:
    """Choose, for the whole program, whether gradients are the same numbers in every run.

    On a GPU, the gradient of a gather with repeated indices is summed in an order that changes
    from run to run. ``deterministic(True)`` sorts the indices and sums in that order, which is
    slower. As a context manager it holds only within the ``with`` block:

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
