"""The workloads in PyTorch, on its CPU."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy, relu

from .inputs import CHAIN_STEPS, MLP, Chain, Step


def version() -> str:
    """The version of what does the work."""
    return f"PyTorch {torch.__version__}"


def set_threads(count: int) -> None:
    """PyTorch keeps a number of threads of its own."""
    torch.set_num_threads(count)


def _taken(*parameters: torch.Tensor) -> list[torch.Tensor | None]:
    gradients = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    return gradients


def chain(inputs: Chain) -> Step:
    """x is a constant, w and b require gradients."""
    x0 = torch.from_numpy(inputs.x)
    w, b = (torch.from_numpy(a).requires_grad_() for a in (inputs.w, inputs.b))

    def step() -> list[torch.Tensor | None]:
        x = x0
        for _ in range(CHAIN_STEPS):
            x = torch.tanh(x * w + b)
        x.sum().backward()
        return _taken(w, b)

    return step


def mlp(inputs: MLP) -> Step:
    """Cross-entropy is PyTorch's own, of integer labels."""
    x, labels = torch.from_numpy(inputs.x), torch.from_numpy(inputs.labels)
    w1, w2, w3 = (torch.from_numpy(w).requires_grad_() for w in inputs.weights)
    b1, b2, b3 = (torch.from_numpy(b).requires_grad_() for b in inputs.biases)

    def step() -> list[torch.Tensor | None]:
        h = relu(x @ w1 + b1)
        h = relu(h @ w2 + b2)
        cross_entropy(h @ w3 + b3, labels).backward()
        return _taken(w1, w2, w3, b1, b2, b3)

    return step


memory = None  # PyTorch's own allocator is out of tracemalloc's sight
