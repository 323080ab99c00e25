"""A program with annotations, in which type checkers find nothing wrong.

`ci/run types` checks it with pyright, in its strict mode, and with mypy. `tests/unit/test_types.py`
runs it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_type

import numpy as np

import keratorch as kt
import keratorch.numpy as knp
from keratorch.typing import Array, ArrayLike

# -- arrays, operators and methods ---------------------------------------------------------------


@dataclass
class Layer:
    """The parameters of a layer: a nested structure of arrays."""

    w: kt.GradArray
    b: kt.GradArray

    def __call__(self, x: ArrayLike) -> kt.GradArray:
        return kt.tanh(kt.asarray(x) @ self.w + self.b)


def layers(rng: np.random.Generator, *sizes: int) -> Iterator[Layer]:
    for n, m in itertools.pairwise(sizes):
        yield Layer(kt.GradArray(rng.normal(size=(n, m)), name="w"), kt.GradArray(np.zeros(m)))


def mean_square(y: kt.GradArray, target: Array) -> kt.GradArray:
    return ((y - target) ** 2).mean()


def train(steps: int = 3) -> float:
    """Gradient descent by hand."""
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    net = list(layers(rng, 3, 4, 1))
    loss = kt.asarray(0.0)
    for _ in range(steps):
        y: kt.GradArray = net[1](net[0](x))
        loss = mean_square(y, target)
        loss.backward()
        with kt.no_grad():
            for layer in net:
                layer.w -= 0.1 * layer.w.grad
                layer.b += -0.1 * layer.b.grad
                layer.w.zero_grad()
                layer.b.grad = None
    return float(loss.item())


def operators() -> None:
    x = kt.GradArray([[1.0, 2.0], [3.0, 4.0]])
    raw = np.ones((2, 2))
    assert_type(raw * x, kt.GradArray)
    assert_type(raw @ x, kt.GradArray)
    assert_type(1.0 / x, kt.GradArray)
    assert_type(-x, kt.GradArray)
    assert_type(abs(x), kt.GradArray)
    assert_type(x @ raw, kt.GradArray)
    assert_type(x // 2, kt.GradArray)
    assert_type(x > 1.0, kt.GradArray)
    assert_type(x[0, :1], kt.GradArray)
    assert_type(x[x > 1.0], kt.GradArray)
    assert_type(x.T, kt.GradArray)
    assert_type(x.mT, kt.GradArray)
    assert_type(x.sum(axis=0), kt.GradArray)
    assert_type(x.reshape(4), kt.GradArray)
    assert_type(x.shape, tuple[int, ...])
    assert_type(x.requires_grad, bool)
    assert_type(x.name, str | None)
    assert_type(len(x), int)
    for row in x:
        assert_type(row, kt.GradArray)
    assert_type(x.astype(kt.float32), kt.GradArray)
    assert_type(x.detach(), kt.GradArray)
    assert_type(kt.pi, float)
    y = kt.asarray([1.0, 2.0])
    y[0] = 3.0
    y *= 2.0
    assert_type(y, kt.GradArray)
    device = x.device
    assert device is not None and str(device) == "cpu"
    with x.register_hook(lambda grad: 2.0 * grad):
        x.sum().backward()


# -- functions -----------------------------------------------------------------------------------


def functions() -> None:
    x = kt.GradArray(np.eye(2))
    assert_type(kt.sin(x), kt.GradArray)
    assert_type(kt.maximum(x, 0.0), kt.GradArray)
    assert_type(kt.sum(x, axis=0, keepdims=True), kt.GradArray)
    assert_type(kt.where(x > 0, x, 0.0), kt.GradArray)
    assert_type(kt.stack([x, x]), kt.GradArray)
    assert_type(kt.special.softplus(x), kt.GradArray)
    assert_type(kt.fft.fft(x), kt.GradArray)
    assert_type(kt.nn.functional.relu(x), kt.GradArray)
    assert_type(kt.linalg.eigh(x).eigenvalues, kt.GradArray)
    q, r = kt.linalg.qr(x)
    assert_type(q @ r, kt.GradArray)
    for part in kt.unstack(x):
        assert_type(part, kt.GradArray)
    assert_type(kt.is_grad_enabled(), bool)
    xp = kt.namespace("numpy")
    assert xp.zeros(3).shape == (3,)


class CubeGrad(kt.Grad):
    """An operation of one's own."""

    def backward(self, grad: Any) -> tuple[Any, ...]:
        (x,) = self.inputs
        return (3 * x**2 * grad,)


def cube(x: kt.GradArray) -> kt.GradArray:
    return kt.GradArray(x.numpy() ** 3, grad_op=CubeGrad(x))


# -- transformations -----------------------------------------------------------------------------


def energy(x: kt.GradArray, scale: float = 1.0, *, power: int = 2) -> kt.GradArray:
    return scale * kt.sum(x**power)


def product(a: kt.GradArray, b: kt.GradArray) -> kt.GradArray:
    return kt.sum(a * b)


def with_count(x: kt.GradArray) -> tuple[kt.GradArray, int]:
    return kt.sum(x * x), x.size


@kt.custom_vjp
def clipped(x: kt.GradArray) -> kt.GradArray:
    return x


def clipped_fwd(x: kt.GradArray) -> tuple[kt.GradArray, None]:
    return x, None


def clipped_bwd(residuals: None, g: kt.GradArray) -> tuple[kt.GradArray]:
    return (g.clip(-1.0, 1.0),)


clipped.defvjp(clipped_fwd, clipped_bwd)


@kt.custom_jvp
def doubled(x: kt.GradArray) -> kt.GradArray:
    return 2.0 * x


@doubled.defjvp
def doubled_rule(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    return 2.0 * primals[0], 2.0 * tangents[0]


@kt.checkpoint
def block(x: kt.GradArray, times: int) -> kt.GradArray:
    for _ in range(times):
        x = kt.sin(x)
    return x


def residual(y: Any, a: Any) -> Any:
    return y * y - a


def square_root(a: Any) -> Any:
    return a**0.5


@kt.no_grad()
def measured(x: kt.GradArray) -> float:
    return float(kt.sum(x * x).item())


def transformations() -> None:
    x = kt.GradArray([1.0, 2.0])
    gradient = kt.grad(energy)
    assert gradient(x, 2.0, power=3).shape == (2,)
    value, found = kt.value_and_grad(energy)(x, scale=2.0)
    assert value.shape == () and found.shape == (2,)
    of_both = kt.grad(product, argnums=(0, 1))(x, x)
    assert_type(of_both, tuple[Any, ...])
    (total, count), found = kt.value_and_grad(with_count, has_aux=True)(x)
    assert total.shape == () and count == 2 and found.shape == (2,)
    found, count = kt.grad(with_count, has_aux=True)(x)
    assert kt.grad(energy, argnames="scale")(x, scale=2.0).shape == ()
    of_x, size = kt.grad(with_count, argnames="x", has_aux=True)(x)
    assert of_x.shape == (2,) and size == 2
    assert kt.jacrev(energy, argnames=["x"])(x)[0].shape == (2,)
    assert kt.hessian(energy)(x, power=2).shape == (2, 2)
    assert kt.hessian_diag(energy)(x, power=2).shape == (2,)
    assert kt.tree.leaves(kt.tree.map(kt.sin, [x]))[0].shape == (2,)
    assert kt.jacobian(kt.sin)(x).shape == (2, 2)
    output, pullback = kt.vjp(energy, x)
    (found,) = pullback(kt.ones_like(output))
    output, tangent = kt.jvp(energy, (x,), (kt.ones_like(x),))
    output, tangent, count = kt.jvp(with_count, (x,), (kt.ones_like(x),), has_aux=True)
    output, derivative = kt.linearize(energy, x)
    assert derivative(kt.ones_like(x)).shape == tangent.shape
    assert kt.hvp(energy, (x,), (x,)).shape == (2,)
    assert_type(clipped(x), kt.GradArray)
    assert_type(doubled(x), kt.GradArray)
    assert_type(block(x, times=2), kt.GradArray)
    assert_type(measured(x), float)
    assert_type(kt.stop_gradient(x), kt.GradArray)
    (found,) = kt.gradients(energy(cube(x)), x)
    root = kt.implicit_root(residual, square_root)
    assert kt.grad(root)(4.0).shape == ()


# -- NumPy's names -------------------------------------------------------------------------------


def numpys_names() -> None:
    x = kt.GradArray([1.0, 2.0])
    raw = knp.ones(2)
    assert_type(knp.exp(x), kt.GradArray)
    assert_type(knp.sum(knp.exp(x), axis=0), kt.GradArray)
    assert_type(knp.dot(raw, x), kt.GradArray)
    assert_type(knp.stack([x, x]), kt.GradArray)
    assert_type(knp.linalg.norm(x), kt.GradArray)
    assert_type(knp.shape(x), tuple[int, ...])
    assert_type(knp.pi, float)
    plain: np.ndarray[Any, Any] = knp.cumsum(raw)
    assert plain.dtype == knp.float64
    assert knp.random.default_rng(0).normal(size=2).shape == (2,)
    assert knp.fft.rfft(x).shape == (2,)
    (found,) = kt.gradients(knp.add.reduce(x), x)
    assert found.shape == (2,)


def main() -> None:
    assert train() > 0.0
    operators()
    functions()
    transformations()
    numpys_names()


if __name__ == "__main__":
    main()
