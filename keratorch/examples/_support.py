"""Helpers for the examples: the command line, the progress bar and the picture."""

from __future__ import annotations

import argparse
import importlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import numpy as np

import keratorch as kt


class Refusal(Exception):
    """The program cannot do what the user asked; the message is one line."""


# --- The command line ------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises ``Refusal`` instead of printing its usage and exiting."""

    def error(self, message: str) -> NoReturn:
        raise Refusal(f"{message} (--help lists the options)")


def parse_arguments(name: str, doc: str | None, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of an example, each checked before the work begins."""
    parser = _Parser(prog=f"python -m {name}", description=(doc or "").partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (default: cpu)")
    parser.add_argument("--epochs", type=_epochs, default=500, help="steps (default: 500)")
    parser.add_argument("--lr", type=_lr, default=1.0, help="learning rate (default: 1.0)")
    parser.add_argument(
        "--seed", type=_seed, default=0, help="of the split and the first weights (default: 0)"
    )
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the run into FILE")
    options = parser.parse_args(argv)
    _check_device(options.device)
    _check_installed("scikit-learn", "sklearn.datasets")
    _check_installed("tqdm", "tqdm")
    if options.plot:
        _check_installed("matplotlib", "matplotlib.figure")
        _check_writable(options.plot)
    return options


def _epochs(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _seed(text: str) -> int:
    if not text.strip().isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2**32 - 1")
    return int(text)


def _lr(text: str) -> float:
    try:
        lr = float(text)
    except ValueError:
        lr = math.nan
    if not 0 < lr < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number above zero")
    return lr


def _check_device(device: str) -> None:
    try:
        kt.asarray(0.0, device=device)
    except kt.errors.KeratorchError as error:
        raise Refusal(" ".join(str(error).split())) from error


def _check_installed(package: str, module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise Refusal(
            f"{package} cannot be imported; pip install 'keratorch-autograd[examples]' brings it"
        ) from error


def _check_writable(path: Path) -> None:
    from matplotlib.backend_bases import FigureCanvasBase

    formats = FigureCanvasBase.get_supported_filetypes()
    if _format(path) not in formats:
        raise Refusal(f"cannot draw {path}: the ending must be one of {', '.join(formats)}")
    existed = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise Refusal(f"cannot write {path}: {error.strerror}") from error
    if not existed:
        path.unlink()


def _format(path: Path) -> str:
    return path.suffix.removeprefix(".").lower() or "png"


# --- Progress --------------------------------------------------------------------------------


class Progress:
    """A progress bar with loss and accuracy on a terminal; elsewhere ten plain lines."""

    def __init__(self, epochs: int) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=epochs, unit=" epochs", disable=None)  # None: off without a terminal
        self._epochs = epochs
        self._epoch = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def show(self, loss: float, accuracy: float) -> None:
        """Show the state after one more epoch."""
        self._epoch += 1
        last = self._epoch == self._epochs
        if not self._bar.disable:
            self._bar.set_postfix_str(f"loss {loss:.5f}, accuracy {accuracy:.2%}", refresh=False)
            self._bar.update()
        elif last or self._epoch % math.ceil(self._epochs / 10) == 0:
            print(
                f"epoch {self._epoch}/{self._epochs}: loss {loss:.5f}, accuracy {accuracy:.2%}",
                file=sys.stderr,
            )


# --- The picture -----------------------------------------------------------------------------


def plot(
    path: Path, losses: list[float], scores: np.ndarray, y: np.ndarray, class_names: Sequence[str]
) -> None:
    """Draw the loss curve beside a histogram of the decision scores, one colour per class."""
    from matplotlib.figure import Figure  # pyplot would look for a display
    from matplotlib.ticker import LogLocator, NullFormatter

    figure = Figure(figsize=(11, 4.2), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = ("#c2410c", "#1d4ed8")

    left.plot(range(1, len(losses) + 1), losses, color="#334155", linewidth=2)
    left.set(title="Training loss", xlabel="epoch", ylabel="mean squared error", yscale="log")
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter(NullFormatter())
    left.grid(alpha=0.25)

    width = (np.ptp(scores) or 1) / 30
    bins = width * np.arange(np.floor(scores.min() / width), np.ceil(scores.max() / width) + 1)
    for label, (name, colour) in enumerate(zip(class_names, colours, strict=True)):
        of_class = scores[y == label]
        right.hist(of_class, bins, alpha=0.65, color=colour, label=f"{name} ({len(of_class)})")
    right.axvline(0, color="black", linestyle="--", linewidth=1, label="decision boundary")
    right.set(
        title="Held-out patients", xlabel="decision score z = wᵀx + b", ylabel="number of patients"
    )
    right.yaxis.get_major_locator().set_params(integer=True)
    right.legend(frameon=False)

    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, format=_format(path))
    except OSError as error:
        raise Refusal(f"cannot write {path}: {error.strerror}") from error
