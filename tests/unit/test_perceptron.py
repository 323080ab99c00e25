"""The example that trains a perceptron: what it reaches, draws, prints and refuses."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import keratorch as kt
from keratorch.examples import _support, perceptron

HAS_CUDA = any(device.kind == "cuda" for device in kt.devices())


@pytest.fixture
def example_packages() -> None:
    """Skip where the packages of the extra ``examples`` are missing."""
    for module in ("sklearn", "matplotlib", "tqdm"):
        pytest.importorskip(module)


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one line with which the example answers arguments that it refuses."""
    code = perceptron.main(argv)
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.endswith("\n") and len(err.splitlines()) == 1, err
    assert err.startswith("perceptron: ")
    assert "Traceback" not in err
    return err


# --- What it reaches -------------------------------------------------------------------------


@pytest.mark.usefixtures("example_packages")
def test_reaches_the_accuracies_and_agrees_with_the_closed_form() -> None:
    patients = perceptron.load_patients(seed=0, dtype="float64")
    report = perceptron.run(patients, "cpu", epochs=500, lr=1.0, seed=0)
    assert report.training_accuracy >= 0.97
    assert report.held_out_accuracy >= 0.95
    assert report.gradient_difference < 1e-12
    assert len(report.losses) == 500
    assert all(later < earlier for earlier, later in pairwise(report.losses))
    right = (report.held_out_scores > 0) == (patients.y_held_out == 1)
    assert report.held_out_accuracy == pytest.approx(right.mean())


@pytest.mark.usefixtures("example_packages")
def test_trains_the_same_on_every_device(device: kt.Device) -> None:
    patients = perceptron.load_patients(seed=0, dtype="float64")
    here, there = (
        perceptron.run(patients, where, epochs=5, lr=1.0, seed=0) for where in ("cpu", device)
    )
    np.testing.assert_allclose(there.losses, here.losses, rtol=1e-9)
    np.testing.assert_allclose(there.held_out_scores, here.held_out_scores, rtol=1e-9, atol=1e-9)
    assert there.gradient_difference < 1e-12
    assert there.training_accuracy == pytest.approx(here.training_accuracy)
    assert there.held_out_accuracy == pytest.approx(here.held_out_accuracy)


@pytest.mark.usefixtures("example_packages")
def test_prints_what_it_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert perceptron.main(["--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    training = re.search(r"^training accuracy +([\d.]+)% of 455 patients$", out, re.MULTILINE)
    held_out = re.search(r"^held-out accuracy +([\d.]+)% of 114 patients$", out, re.MULTILINE)
    difference = re.search(r"^gradient difference +(\S+) at most", out, re.MULTILINE)
    assert training and float(training[1]) >= 97
    assert held_out and float(held_out[1]) >= 95
    assert difference and float(difference[1]) < 1e-12
    progress = [line for line in err.splitlines() if line.startswith("epoch ")]
    assert len(progress) == 10
    assert re.fullmatch(r"epoch 500/500: loss 0\.\d{5}, accuracy 9\d\.\d\d%", progress[-1])


@pytest.mark.usefixtures("example_packages")
def test_trains_in_float32() -> None:
    patients = perceptron.load_patients(seed=0, dtype="float32")
    report = perceptron.run(patients, "cpu", epochs=200, lr=1.0, seed=0)
    assert report.held_out_scores.dtype == np.float32
    assert report.training_accuracy >= 0.97
    assert report.held_out_accuracy >= 0.95
    assert 0 < report.gradient_difference < 1e-6


@pytest.mark.usefixtures("example_packages")
def test_the_seed_decides_split_and_result() -> None:
    a, b = (perceptron.load_patients(seed=0, dtype="float64") for _ in range(2))
    c = perceptron.load_patients(seed=1, dtype="float64")
    assert np.array_equal(a.x, b.x) and not np.array_equal(a.x, c.x)
    runs = [perceptron.run(p, "cpu", epochs=3, lr=1.0, seed=0).losses for p in (a, b, c)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.usefixtures("example_packages")
def test_holds_out_a_fifth_of_each_class_and_standardises_with_the_rest() -> None:
    patients = perceptron.load_patients(seed=0, dtype="float64")
    assert patients.x.shape == (455, 30) and patients.x_held_out.shape == (114, 30)
    assert patients.class_names == ("malignant", "benign")
    assert (patients.y == 1).mean() == pytest.approx((patients.y_held_out == 1).mean(), abs=0.01)
    np.testing.assert_allclose(patients.x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(patients.x.std(axis=0), 1)
    assert np.abs(patients.x_held_out.mean(axis=0)).max() > 1e-3


# --- The mathematics -------------------------------------------------------------------------


def test_closed_form_agrees_with_differences() -> None:
    rng = np.random.default_rng(7)
    x, w, b = rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=())
    y = np.array([0.0, 1, 1, 0, 1, 0])

    def loss(w: np.ndarray) -> float:
        return float(np.mean((1 / (1 + np.exp(-(x @ w + b))) - y) ** 2))

    steps = 1e-6 * np.eye(3)
    differences = [(loss(w + step) - loss(w - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(
        perceptron.closed_form_gradient(x, y, w, b), differences, rtol=1e-7, atol=1e-10
    )


@pytest.mark.usefixtures("example_packages")
def test_a_gradient_that_disagrees_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    right = perceptron.closed_form_gradient
    monkeypatch.setattr(perceptron, "closed_form_gradient", lambda *given: right(*given) + 1e-3)
    patients = perceptron.load_patients(seed=0, dtype="float64")
    report = perceptron.run(patients, "cpu", epochs=3, lr=1.0, seed=0)
    assert report.gradient_difference == pytest.approx(1e-3)


def test_training_is_the_same_code_for_another_array_library() -> None:
    """``train`` and ``accuracy`` on arrays of a library that refuses whatever is NumPy's own."""
    strict = pytest.importorskip("array_api_strict")
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=(20, 3)), rng.normal(size=3)
    y = (x @ np.array([1.0, -2.0, 0.5]) > 0).astype(np.float64)

    def trained(wrap) -> tuple[list[float], float, kt.GradArray]:
        weights, bias = kt.GradArray(wrap(w.copy())), kt.GradArray(wrap(np.zeros(())))
        losses, reached = [], 0.0
        targets = kt.asarray(wrap(y))
        for loss, y_hat in perceptron.train(
            kt.asarray(wrap(x)), targets, weights, bias, epochs=50, lr=2.0
        ):
            losses.append(loss.item())
            reached = perceptron.accuracy(y_hat, targets)
        return losses, reached, weights

    losses, reached, weights = trained(lambda values: values)
    strict_losses, strict_reached, strict_weights = trained(strict.asarray)
    assert losses[-1] < 0.2 * losses[0]
    assert reached == strict_reached >= 0.9
    np.testing.assert_allclose(strict_losses, losses, rtol=1e-10)
    assert type(strict_weights._array) is type(strict.asarray(x))
    np.testing.assert_allclose(strict_weights.numpy(), weights.numpy(), rtol=1e-10)
    assert weights.grad is None and weights.is_leaf and not np.array_equal(weights.numpy(), w)


# --- The picture -----------------------------------------------------------------------------


@pytest.mark.usefixtures("example_packages")
def test_draws_a_picture(tmp_path: Path) -> None:
    from matplotlib.image import imread

    picture = tmp_path / "perceptron.png"
    assert perceptron.main(["--epochs", "20", "--plot", str(picture)]) == 0
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert 1000 <= width <= 3000 and 400 <= height <= 2000
    pixels = imread(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert np.all(edge == 1), "something is cut off at the edge"
    for half in np.split(pixels[:, : width // 2 * 2], 2, axis=1):
        assert 0.02 < np.mean(half[..., :3].min(axis=-1) < 0.95) < 0.9, "an empty panel"


@pytest.mark.usefixtures("example_packages")
def test_draws_over_an_old_picture_and_without_an_ending(tmp_path: Path) -> None:
    picture = tmp_path / "picture"
    picture.write_text("old")
    assert perceptron.main(["--epochs", "1", "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


# --- What it refuses -------------------------------------------------------------------------


@pytest.mark.skipif(HAS_CUDA, reason="a CUDA device is usable here")
def test_cuda_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cuda" in refusal(capsys, "--device", "cuda").lower()
    assert "cuda" in refusal(capsys, "--device", "cuda:0").lower()


def test_an_unknown_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert "abacus" in refusal(capsys, "--device", "abacus")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--epochs", "0"),
        ("--epochs", "-1"),
        ("--epochs", "2.5"),
        ("--epochs", "many"),
        ("--lr", "0"),
        ("--lr", "-0.1"),
        ("--lr", "nan"),
        ("--lr", "inf"),
        ("--lr", "fast"),
        ("--seed", "-1"),
        ("--seed", "4294967296"),
        ("--dtype", "float128"),
    ],
)
def test_bad_values(capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    line = refusal(capsys, f"{option}={value}")
    assert option in line and repr(value) in line


def test_an_unknown_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--speed" in refusal(capsys, "--speed", "9")


@pytest.mark.parametrize("module", ["sklearn.datasets", "tqdm", "matplotlib.figure"])
def test_missing_packages(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    tmp_path: Path,
    example_packages: None,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    line = refusal(capsys, "--plot", str(tmp_path / "picture.png"))
    assert "pip install 'keratorch-autograd[examples]'" in line
    assert {"sklearn": "scikit-learn"}.get(module.split(".")[0], module.split(".")[0]) in line


@pytest.mark.usefixtures("example_packages")
def test_matplotlib_is_needed_for_the_picture_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert perceptron.main(["--epochs", "1"]) == 0


@pytest.mark.usefixtures("example_packages")
def test_a_picture_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def train(*_: object) -> None:
        raise AssertionError("the path is checked before the training")

    monkeypatch.setattr(perceptron, "train", train)
    nowhere = tmp_path / "missing" / "picture.png"
    assert str(nowhere) in refusal(capsys, "--plot", str(nowhere))
    assert str(tmp_path) in refusal(capsys, "--plot", str(tmp_path))
    odd = tmp_path / "picture.odd"
    assert str(odd) in refusal(capsys, "--plot", str(odd))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("example_packages")
def test_checking_the_path_leaves_no_file_and_no_change(tmp_path: Path) -> None:
    new, old = tmp_path / "new.png", tmp_path / "old.png"
    old.write_text("kept")
    for path in (new, old):
        _support.parse_arguments("example", None, ["--plot", str(path)])
    assert not new.exists() and old.read_text() == "kept"


@pytest.mark.usefixtures("example_packages")
def test_a_step_so_large_that_the_loss_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    assert "smaller --lr" in refusal(capsys, "--dtype", "float32", "--lr", "1e300")


def test_the_command_line_itself() -> None:
    """A refusal reaches the shell as exit code 2 and one line, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "keratorch.examples.perceptron", "--device", "abacus"],
        cwd=Path(kt.__file__).parent.parent,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and "abacus" in done.stderr
