"""Train a perceptron on the breast-cancer data of scikit-learn.

    python -m keratorch.examples.perceptron --device cpu --plot perceptron.png

The perceptron is ŷ = σ(wᵀx + b), and its loss is L = mean((ŷ − y)²). Gradient descent needs ∂L/∂w
and ∂L/∂b. keratorch computes both with the same code on the CPU and on a CUDA GPU
(``--device cuda``).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import keratorch as kt

from . import _support

# --- The perceptron --------------------------------------------------------------------------


def decision_scores(x: kt.GradArray, w: kt.GradArray, b: kt.GradArray) -> kt.GradArray:
    """z = wᵀx + b for every row x: above zero means class 1."""
    return x @ w + b


def train(
    x: kt.GradArray, y: kt.GradArray, w: kt.GradArray, b: kt.GradArray, epochs: int, lr: float
) -> Iterator[tuple[kt.GradArray, kt.GradArray]]:
    """Improve w and b in place by full-batch gradient descent.

    Each epoch yields its loss and its predictions just before the step, so that the caller can look
    at ``w.grad`` and ``b.grad``.
    """
    for _ in range(epochs):
        y_hat = kt.special.expit(decision_scores(x, w, b))
        loss = kt.mean((y_hat - y) ** 2)
        loss.backward()
        yield loss, y_hat
        with kt.no_grad():
            # asarray: CuPy computes with raw arrays only on the current device.
            w -= lr * kt.asarray(w.grad)
            b -= lr * kt.asarray(b.grad)
        w.zero_grad()
        b.zero_grad()


def accuracy(y_hat: kt.GradArray, y: kt.GradArray) -> float:
    """The share of predictions that are on the right side of one half."""
    right = (y_hat > 0.5) == (y > 0.5)
    return kt.mean(kt.astype(right, y.dtype)).item()


def closed_form_gradient(x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """∂L/∂w = (2/N) (ŷ − y)ᵀ · diag(σ′(z)) · x, derived by hand and computed without keratorch."""
    y_hat = 0.5 + 0.5 * np.tanh(0.5 * (x @ w + b))  # σ(z), in a form that cannot overflow
    slope = y_hat * (1 - y_hat)  # σ′(z), the diagonal of the matrix
    return 2 / len(y) * ((y_hat - y) * slope) @ x


# --- The data --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patients:
    """Standardised features, one row per patient, and diagnoses, with a part held out."""

    x: np.ndarray
    y: np.ndarray
    x_held_out: np.ndarray
    y_held_out: np.ndarray
    class_names: tuple[str, str]


def load_patients(seed: int, dtype: str) -> Patients:
    """Hold out a fifth of each class; standardise with the mean and std of the training part."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    data: Any = load_breast_cancer()
    parts: Any = train_test_split(
        data.data, data.target, test_size=0.2, stratify=data.target, random_state=seed
    )
    x, x_held_out, y, y_held_out = parts
    mean, std = x.mean(axis=0), x.std(axis=0)
    return Patients(
        x=((x - mean) / std).astype(dtype),
        y=y.astype(dtype),
        x_held_out=((x_held_out - mean) / std).astype(dtype),
        y_held_out=y_held_out.astype(dtype),
        class_names=(str(data.target_names[0]), str(data.target_names[1])),
    )


# --- One run ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """The results of a run; the difference is the largest over all epochs and features."""

    losses: list[float]
    gradient_difference: float
    training_accuracy: float
    held_out_accuracy: float
    held_out_scores: np.ndarray


def run(patients: Patients, device: str | kt.Device, epochs: int, lr: float, seed: int) -> Report:
    """Train on ``device``, compare each epoch's w.grad with the closed form, test the result."""
    x, y = kt.asarray(patients.x, device=device), kt.asarray(patients.y, device=device)
    start = np.random.default_rng(seed).normal(scale=0.1, size=patients.x.shape[1])
    w = kt.GradArray(start.astype(patients.x.dtype), device=device)
    b = kt.GradArray(np.zeros((), patients.x.dtype), device=device)

    losses: list[float] = []
    differences: list[float] = []
    with np.errstate(over="ignore", invalid="ignore"), _support.Progress(epochs) as progress:
        for loss, y_hat in train(x, y, w, b, epochs, lr):
            by_hand = closed_form_gradient(patients.x, patients.y, w.numpy(), b.numpy())
            differences.append(np.max(np.abs(kt.asarray(w.grad).numpy() - by_hand)).item())
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise _support.Refusal("the loss is no longer finite: try a smaller --lr")
            progress.show(losses[-1], accuracy(y_hat, y))

    with kt.no_grad():
        x_held_out = kt.asarray(patients.x_held_out, device=device)
        y_held_out = kt.asarray(patients.y_held_out, device=device)
        scores = decision_scores(x, w, b)
        held_out_scores = decision_scores(x_held_out, w, b)
        return Report(
            losses=losses,
            gradient_difference=max(differences),
            training_accuracy=accuracy(kt.special.expit(scores), y),
            held_out_accuracy=accuracy(kt.special.expit(held_out_scores), y_held_out),
            held_out_scores=held_out_scores.numpy(),
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, which is 2 for a ``Refusal``."""
    try:
        options = _support.parse_arguments("keratorch.examples.perceptron", __doc__, argv)
        patients = load_patients(options.seed, options.dtype)
        report = run(patients, options.device, options.epochs, options.lr, options.seed)
        if options.plot:
            _support.plot(
                options.plot,
                report.losses,
                report.held_out_scores,
                patients.y_held_out,
                patients.class_names,
            )
    except _support.Refusal as refusal:
        print(f"perceptron: {refusal}", file=sys.stderr)
        return 2

    n, n_held_out = len(patients.y), len(patients.y_held_out)
    print(f"device               {options.device}, {options.dtype}")
    print(f"training             {options.epochs} epochs, lr {options.lr:g}, seed {options.seed}")
    print(f"loss                 {report.losses[0]:.5f} -> {report.losses[-1]:.5f}")
    print(f"training accuracy    {report.training_accuracy:.2%} of {n} patients")
    print(f"held-out accuracy    {report.held_out_accuracy:.2%} of {n_held_out} patients")
    print(
        f"gradient difference  {report.gradient_difference:.1e} at most, "
        f"w.grad and closed form, in {options.epochs} epochs"
    )
    if options.plot:
        print(f"picture              {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
