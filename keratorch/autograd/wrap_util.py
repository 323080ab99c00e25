"""From operators on functions of one argument to operators with ``argnum``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ._subvals import subvals


def get_name(f: Any) -> str:
    """The name of a function, or ``"[unknown name]"``."""
    return getattr(f, "__name__", "[unknown name]")


def get_doc(f: Any) -> str:
    """The docstring of a function, or an empty string."""
    return getattr(f, "__doc__", "") or ""


def wraps(
    fun: Any, namestr: str = "{fun}", docstr: str = "{doc}", **kwargs: Any
) -> Callable[[Any], Any]:
    """A decorator that names and documents a function after `fun`."""

    def wrapped(f: Any) -> Any:
        with suppress(AttributeError, KeyError, ValueError, IndexError):
            f.__name__ = namestr.format(fun=get_name(fun), **kwargs)
            f.__doc__ = docstr.format(fun=get_name(fun), doc=get_doc(fun), **kwargs)
            f.__module__ = fun.__module__
        return f

    return wrapped


def unary_to_nary(unary_operator: Callable[..., Any]) -> Callable[..., Any]:
    """An operator on functions of several arguments, from one on functions of one argument.

    ``unary_operator(f, x, ...)`` becomes ``operator(f, argnum=0, ...)(*args, **kwargs)``. A
    sequence as `argnum` makes a tuple of the arguments.
    """

    @wraps(unary_operator)
    def nary_operator(fun: Any, argnum: Any = 0, *more: Any, **options: Any) -> Any:
        _check(unary_operator, fun, argnum)
        name = f"{get_name(unary_operator)} of {get_name(fun)}"

        @wraps(
            fun,
            "{op}_of_{fun}_wrt_argnum_{argnum}",
            "    {op} of function {fun} with respect to argument number {argnum}. It takes the\n"
            "    arguments of {fun}.\n",
            op=get_name(unary_operator),
            argnum=argnum,
        )
        def nary_f(*args: Any, **kwargs: Any) -> Any:
            @wraps(fun)
            def unary_f(x: Any) -> Any:
                pairs = [(argnum, x)] if isinstance(argnum, int) else zip(argnum, x, strict=True)
                return fun(*subvals(args, pairs), **kwargs)

            return unary_operator(unary_f, _chosen(name, args, argnum), *more, **options)

        return nary_f

    return nary_operator


def _check(operator: Any, fun: Any, argnum: Any) -> None:
    name = get_name(operator)
    if not callable(fun):
        raise TypeError(
            f"{name}: {type(fun).__name__} is no function: pass the function itself, as in "
            f"{name}(f)"
        )
    if not isinstance(argnum, (int, tuple, list)):
        raise TypeError(
            f"{name}: argnum is the position of an argument, or several positions, not {argnum!r}"
        )


def _chosen(name: str, args: tuple[Any, ...], argnum: int | Sequence[int]) -> Any:
    try:
        return args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in argnum)
    except IndexError:
        raise TypeError(
            f"{name}: argnum is {argnum}, and it was called with {len(args)} positional arguments"
        ) from None


__all__ = ["get_doc", "get_name", "unary_to_nary", "wraps"]
