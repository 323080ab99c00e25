"""The workloads in HIPS/autograd."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import autograd.numpy as anp
from autograd import grad

from .inputs import CHAIN_STEPS, MEMORY_STEPS, MLP, Chain, Memory, Step


def version() -> str:
    """The version of what does the work."""
    return f"autograd {metadata.version('autograd')}"


def chain(inputs: Chain) -> Step:
    """x is a constant; the gradient is that with respect to w and b."""

    def loss(w: Any, b: Any) -> Any:
        x = inputs.x
        for _ in range(CHAIN_STEPS):
            x = anp.tanh(x * w + b)
        return anp.sum(x)

    gradient = grad(loss, (0, 1))
    return lambda: gradient(inputs.w, inputs.b)


def mlp(inputs: MLP) -> Step:
    """Cross-entropy as log-sum-exp of the logits less the logit of the label."""
    x, one_hot = inputs.x, inputs.one_hot

    def loss(w1: Any, w2: Any, w3: Any, b1: Any, b2: Any, b3: Any) -> Any:
        h = anp.maximum(x @ w1 + b1, 0)
        h = anp.maximum(h @ w2 + b2, 0)
        logits = h @ w3 + b3
        top = anp.max(logits, axis=1, keepdims=True)
        log_sum = anp.log(anp.sum(anp.exp(logits - top), axis=1)) + top[:, 0]
        return anp.mean(log_sum - anp.sum(one_hot * logits, axis=1))

    gradient = grad(loss, tuple(range(6)))
    return lambda: gradient(*inputs.weights, *inputs.biases)


def memory(inputs: Memory) -> Step:
    """The gradient is that with respect to x and b."""

    def loss(x: Any, b: Any) -> Any:
        y = x
        for _ in range(MEMORY_STEPS):
            y = anp.tanh(y + b)
        return anp.sum(y)

    gradient = grad(loss, (0, 1))
    return lambda: gradient(inputs.x, inputs.b)
