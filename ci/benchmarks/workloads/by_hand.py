"""Gradients written out by hand in NumPy: the reference for the results and for the time."""

from __future__ import annotations

import numpy as np

from .inputs import CHAIN_STEPS, MEMORY_STEPS, MLP, Chain, Memory, Step


def version() -> str:
    """The version of what does the work."""
    return f"by hand, NumPy {np.__version__}"


def chain(inputs: Chain) -> Step:
    """Backwards through tanh, whose derivative is 1 - y², and the product."""
    w, b = inputs.w, inputs.b

    def step() -> list[np.ndarray]:
        x = inputs.x
        seen = [x]
        for _ in range(CHAIN_STEPS):
            x = np.tanh(x * w + b)
            seen.append(x)
        x.sum()
        grad = np.ones_like(x)
        grad_w, grad_b = np.zeros_like(w), np.zeros_like(b)
        for i in range(CHAIN_STEPS, 0, -1):
            grad = grad * (1 - seen[i] * seen[i])
            grad_b += grad
            grad_w += grad * seen[i - 1]
            if i > 1:
                grad = grad * w
        return [grad_w, grad_b]

    return step


def mlp(inputs: MLP) -> Step:
    """Backwards through cross-entropy, whose derivative is softmax - one_hot, and three layers."""
    x, one_hot, n = inputs.x, inputs.one_hot, np.float32(len(inputs.x))
    (w1, w2, w3), (b1, b2, b3) = inputs.weights, inputs.biases

    def step() -> list[np.ndarray]:
        h1 = np.maximum(x @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        logits = h2 @ w3 + b3
        logits -= logits.max(axis=1, keepdims=True)
        exps = np.exp(logits)
        sums = exps.sum(axis=1, keepdims=True)
        (np.log(sums) - (one_hot * logits).sum(axis=1, keepdims=True)).mean()

        grad = (exps / sums - one_hot) / n
        grad_w3, grad_b3 = h2.T @ grad, grad.sum(axis=0)
        grad = (grad @ w3.T) * (h2 > 0)
        grad_w2, grad_b2 = h1.T @ grad, grad.sum(axis=0)
        grad = (grad @ w2.T) * (h1 > 0)
        grad_w1, grad_b1 = x.T @ grad, grad.sum(axis=0)
        return [grad_w1, grad_w2, grad_w3, grad_b1, grad_b2, grad_b3]

    return step


def memory(inputs: Memory) -> Step:
    """Backwards through tanh and the sum; arrays are dropped once used."""
    x, b = inputs.x, inputs.b

    def step() -> list[np.ndarray]:
        y = x
        seen = []
        for _ in range(MEMORY_STEPS):
            y = np.tanh(y + b)
            seen.append(y)
        y.sum()
        grad = np.ones_like(y)
        grad_b = np.zeros_like(b)
        del y
        while seen:
            slope = seen.pop()
            grad *= 1 - slope * slope
            grad_b += grad if b.ndim else grad.sum()
        return [grad, grad_b]

    return step
