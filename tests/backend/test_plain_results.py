"""Transformations of plain arrays give plain arrays of the same library, in every place."""

from collections import OrderedDict, namedtuple

import pytest

import keratorch as kt

Pair = namedtuple("Pair", ["first", "second"])


def extras(x):
    """What a function may return beside its value: tracked arrays, constants, and anything else."""
    return {
        "tracked": [x * 2.0, Pair(kt.sum(x), x)],
        "constants": (kt.ones_like(x), kt.stop_gradient(x), kt.argmax(x)),
        "plain": OrderedDict(size=3, name="a", nothing=None),
    }


def scalar(x):
    return kt.sum(x**3), extras(x)


def vector(x):
    return x**3, extras(x)


def inner(x):
    return kt.grad(lambda y: kt.sum(x * y**2))(x)


CALLS = {
    "grad": lambda x, t: kt.grad(scalar, has_aux=True)(x),
    "value_and_grad": lambda x, t: kt.value_and_grad(scalar, has_aux=True)(x),
    "argnums": lambda x, t: kt.grad(
        lambda a, b: (kt.sum(a * b), extras(a)), argnums=(0, 1), has_aux=True
    )(x, t),
    "jacobian": lambda x, t: kt.jacobian(vector, has_aux=True)(x),
    "jacrev": lambda x, t: kt.jacrev(vector, has_aux=True)(x),
    "jacfwd": lambda x, t: kt.jacfwd(vector, has_aux=True)(x),
    "hessian": lambda x, t: kt.hessian(scalar, has_aux=True)(x),
    "jvp": lambda x, t: kt.jvp(vector, (x,), (t,), has_aux=True),
    "jvp, structures": lambda x, t: kt.jvp(lambda x: [x, {"c": kt.ones_like(x)}], (x,), (t,)),
    "vjp": lambda x, t: (lambda y, pullback, aux: [y, pullback(t), aux])(
        *kt.vjp(vector, x, has_aux=True)
    ),
    "linearize": lambda x, t: (lambda y, push: [y, push(t)])(
        *kt.linearize(lambda x: (x**3, kt.ones_like(x)), x)
    ),
    "hvp": lambda x, t: kt.hvp(lambda x: kt.sum(x**3), (x,), (t,)),
    "vhp": lambda x, t: kt.vhp(lambda x: kt.sum(x**3), (x,), (t,)),
    "ggnvp": lambda x, t: kt.ggnvp(lambda x: x**3, kt.sum, (x,), (t,)),
    "elementwise_grad": lambda x, t: kt.elementwise_grad(kt.tanh)(x),
    "nested": lambda x, t: kt.grad(lambda x: kt.sum(inner(x)))(x),
    "stop_gradient": lambda x, t: kt.stop_gradient({"x": x}),
    "implicit_root": lambda x, t: kt.implicit_root(lambda u, a: u * u - a, kt.sqrt)(x),
    "fixed_point": lambda x, t: kt.fixed_point(lambda u, a: kt.cos(u * a), t, x),
    "fixed_point, structures": lambda x, t: kt.fixed_point(
        lambda u: {"a": kt.cos(u["a"])}, {"a": x}
    ),
    "a captured constant": lambda x, t: kt.value_and_grad(lambda y: kt.sum(y * kt.asarray(t)))(x),
}


def leaves(value, path):
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}[{key!r}]")
    elif isinstance(value, (tuple, list)):
        for i, part in enumerate(value):
            yield from leaves(part, f"{path}[{i}]")
    elif not isinstance(value, (int, str, type(None))):
        yield path, value


@pytest.mark.parametrize("name", CALLS)
def test_plain_in_plain_out(name, xp, device):
    x, t = (xp.asarray(v, device=device)._array for v in ([0.5, 0.25, 0.75], [1.0, 2.0, 0.5]))
    found = list(leaves(CALLS[name](x, t), "result"))
    assert found
    for path, leaf in found:
        assert type(leaf) is type(x), f"{path} is a {type(leaf).__name__}"
        assert kt.asarray(leaf).device == device, path


@pytest.mark.parametrize("name", sorted({*CALLS} - {"a captured constant", "nested"}))
def test_gradarrays_in_gradarrays_out(name, xp, device):
    x, t = (xp.asarray(v, device=device) for v in ([0.5, 0.25, 0.75], [1.0, 2.0, 0.5]))
    assert all(isinstance(leaf, kt.GradArray) for _, leaf in leaves(CALLS[name](x, t), "result"))


def test_a_start_of_gradarrays_gives_gradarrays(xp, device):
    start = xp.asarray([0.5, 0.25], device=device)
    found = kt.fixed_point(lambda u, a: kt.cos(u * a), start, 1.0)
    assert isinstance(found, kt.GradArray) and found.device == device
