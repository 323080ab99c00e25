"""The workloads in keratorch."""

from __future__ import annotations

from typing import Any

import keratorch as kt

from .inputs import CHAIN_STEPS, MEMORY_STEPS, MLP, Chain, Memory, Step


def version() -> str:
    """The version of what does the work."""
    return "keratorch (this checkout)"


def _taken(*parameters: kt.GradArray) -> list[Any]:
    gradients = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.zero_grad()
    return gradients


def chain(inputs: Chain) -> Step:
    """x is a constant, w and b require gradients."""
    x0 = kt.asarray(inputs.x)
    w, b = kt.GradArray(inputs.w), kt.GradArray(inputs.b)

    def step() -> list[Any]:
        x = x0
        for _ in range(CHAIN_STEPS):
            x = kt.tanh(x * w + b)
        kt.sum(x).backward()
        return _taken(w, b)

    return step


def mlp(inputs: MLP) -> Step:
    """Cross-entropy as log-sum-exp of the logits less the logit of the label."""
    x, one_hot = kt.asarray(inputs.x), kt.asarray(inputs.one_hot)
    w1, w2, w3 = (kt.GradArray(w) for w in inputs.weights)
    b1, b2, b3 = (kt.GradArray(b) for b in inputs.biases)
    relu = kt.nn.functional.relu

    def step() -> list[Any]:
        h = relu(x @ w1 + b1)
        h = relu(h @ w2 + b2)
        logits = h @ w3 + b3
        chosen = kt.sum(one_hot * logits, axis=1)
        kt.mean(_logsumexp(logits) - chosen).backward()
        return _taken(w1, w2, w3, b1, b2, b3)

    return step


def _logsumexp(logits: kt.GradArray) -> kt.GradArray:
    logsumexp = getattr(kt.special, "logsumexp", None)
    if logsumexp is not None:
        return logsumexp(logits, axis=1)
    top = kt.max(logits, axis=1, keepdims=True).detach()
    return kt.log(kt.sum(kt.exp(logits - top), axis=1)) + kt.squeeze(top, axis=1)


def memory(inputs: Memory) -> Step:
    """x and b require gradients."""
    x, b = kt.GradArray(inputs.x), kt.GradArray(inputs.b)

    def step() -> list[Any]:
        y = x
        for _ in range(MEMORY_STEPS):
            y = kt.tanh(y + b)
        kt.sum(y).backward()
        return _taken(x, b)

    return step
