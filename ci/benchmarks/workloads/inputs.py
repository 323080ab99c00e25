"""The values that every library computes with, and how its gradients are judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

CHAIN_STEPS = 100
MEMORY_STEPS = 50

Step = Callable[[], Sequence[Any]]


@dataclass(frozen=True)
class Chain:
    """100 times x = tanh(x * w + b) on 8 numbers; the loss is their sum."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray


@dataclass(frozen=True)
class MLP:
    """A 784-256-128-10 network with relu on a batch of 64; the loss is the mean cross-entropy."""

    x: np.ndarray
    labels: np.ndarray
    one_hot: np.ndarray
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Memory:
    """50 times y = tanh(y + b), from y = x; the loss is the sum of y."""

    x: np.ndarray
    b: np.ndarray


def chain() -> Chain:
    """Eight numbers, with weights near 1 so that a hundred steps do not wipe out the gradient."""
    rng = np.random.default_rng(0)
    x, b = rng.normal(size=8), 0.1 * rng.normal(size=8)
    return Chain(*(a.astype(np.float32) for a in (x, rng.uniform(0.9, 1.1, size=8), b)))


def mlp() -> MLP:
    """Random pixels and labels, weights of He's scale."""
    rng = np.random.default_rng(1)
    sizes = (784, 256, 128, 10)
    labels = rng.integers(sizes[-1], size=64)
    weights = [
        rng.normal(scale=(2 / rows) ** 0.5, size=(rows, columns)).astype(np.float32)
        for rows, columns in pairwise(sizes)
    ]
    return MLP(
        x=rng.normal(size=(64, sizes[0])).astype(np.float32),
        labels=labels,
        one_hot=np.eye(sizes[-1], dtype=np.float32)[labels],
        weights=tuple(weights),
        biases=tuple(0.1 * rng.normal(size=w.shape[1]).astype(np.float32) for w in weights),
    )


def memory(scalar_b: bool = False, size: int = 10**6) -> Memory:
    """A million numbers, and as many more or just one to add to them."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=size).astype(np.float32)
    b = rng.normal(scale=0.1, size=() if scalar_b else size)
    return Memory(x, np.asarray(b, dtype=np.float32))


def check(gradients: Sequence[Any], expected: Sequence[Any]) -> None:
    """Raise unless the gradients are those expected, to a thousandth."""
    assert len(gradients) == len(expected), f"{len(gradients)} gradients, not {len(expected)}"
    for gradient, wanted in zip(gradients, expected, strict=True):
        gradient, wanted = np.asarray(gradient), np.asarray(wanted)
        assert gradient.dtype == np.float32, f"a gradient of dtype {gradient.dtype}"
        assert gradient.shape == wanted.shape, f"shape {gradient.shape}, not {wanted.shape}"
        atol = 1e-6 * float(np.abs(wanted).max())
        np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=atol)
