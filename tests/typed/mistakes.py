"""Mistakes that type checkers must find: a mark without an error on its line is an error itself.

`ci/run types` checks this file with pyright and with mypy. Nothing runs it.
"""
# ruff: noqa: B018

from __future__ import annotations

import keratorch as kt
import keratorch.cupy as kcp
import keratorch.numpy as knp

x = kt.GradArray([1.0, 2.0])

# Names that do not exist.
kt.sinn  # type: ignore
kt.linalg.invv  # type: ignore
kt.fft.ffft  # type: ignore
kt.special.erff  # type: ignore
kt.nn.relu  # type: ignore
kt.nn.functional.relru  # type: ignore
knp.sinn  # type: ignore
knp.linalg.nrm  # type: ignore
knp.fft.ffft  # type: ignore
knp.random.nrml  # type: ignore
kcp.sinn  # type: ignore
kcp.linalg.nrm  # type: ignore
kcp.lib.strides  # type: ignore
x.shpae  # type: ignore
x.backwards()  # type: ignore

# Arguments that are no arrays, and parameters that do not exist.
kt.sin("a")  # type: ignore
kt.sum("a")  # type: ignore
kt.mean(None)  # type: ignore
kt.linalg.svd("a")  # type: ignore
kt.special.erf(None)  # type: ignore
kt.fft.fft({})  # type: ignore
kt.sin()  # type: ignore
kt.add(1.0)  # type: ignore
kt.exp(x, 2)  # type: ignore
kt.sum(x, axes=0)  # type: ignore
kt.maximum(None, x)  # type: ignore
kt.GradArray()  # type: ignore
kt.GradArray([1.0], requires_gradient=True)  # type: ignore
x.sum(axes=0)  # type: ignore
x.backward(retain=True)  # type: ignore
x.shape = (2,)  # type: ignore
x.T = x  # type: ignore
x.name = 3  # type: ignore


# Transformations keep the parameters of their function, and look at its result.
def energy(x: kt.GradArray, scale: float = 1.0) -> kt.GradArray:
    return scale * kt.sum(x * x)


def text(x: kt.GradArray) -> str:
    return str(x)


def with_count(x: kt.GradArray) -> tuple[kt.GradArray, int]:
    return energy(x), x.size


kt.grad(3)  # type: ignore
kt.grad(energy(x))  # type: ignore
kt.grad(text)  # type: ignore
kt.grad(with_count)  # type: ignore
kt.grad(energy, has_aux=True)  # type: ignore
kt.grad(energy, "x")  # type: ignore
kt.grad(energy)()  # type: ignore
kt.grad(energy)(x, sacle=2.0)  # type: ignore
kt.grad(energy)(x, "two")  # type: ignore
kt.value_and_grad(energy)(x, sacle=2.0)  # type: ignore
value, found, rest = kt.value_and_grad(energy)(x)  # type: ignore
kt.elementwise_grad(energy)(x, sacle=2.0)  # type: ignore
kt.jacobian(energy)(x, sacle=2.0)  # type: ignore
kt.hessian(energy)("x")  # type: ignore
kt.checkpoint(energy)(x, sacle=2.0)  # type: ignore
kt.custom_vjp(energy)(x, sacle=2.0)  # type: ignore
kt.custom_jvp(energy)(x, sacle=2.0)  # type: ignore
output, pullback, aux = kt.vjp(energy, x)  # type: ignore
output, tangent, aux = kt.jvp(energy, (x,), (x,))  # type: ignore
kt.no_grad(energy)  # type: ignore
