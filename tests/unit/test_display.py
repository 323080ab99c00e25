"""How arrays look, as text and in a notebook."""

import re

import numpy as np
import pytest

import keratorch as kt


def test_what_is_elided_has_its_shape():
    x = kt.GradArray(np.zeros((3000, 2)), name="w")
    text = repr(x)
    assert text.count("shape=(3000, 2)") == 1
    assert text.count("dtype=float64") == 1
    assert text.endswith("device='cpu', requires_grad=True, name='w')")
    assert "shape" not in repr(kt.GradArray([1.0]))


def test_repr_tells_values_and_where_they_come_from(xp, device):
    x = xp.asarray([1.5, 2.5], dtype=xp.float32, device=device, requires_grad=True)
    x.name = "x"
    y = kt.exp(x)
    y.name = "y"
    for array, words in ((x, ["requires_grad=True", "'x'"]), (y, ["grad_op=ExpGrad", "'y'"])):
        text = repr(array)
        assert text.startswith("GradArray(")
        for word in [*words, "float32", f"device={str(device)!r}"]:
            assert text.count(word) >= 1, text
    if device.backend != "dask":  # which computes nothing to be shown
        assert "1.5" in repr(x)


def test_html(xp, device):
    x = xp.asarray([1.5, 2.5], dtype=xp.float32, device=device, requires_grad=True)
    x.name = "<script>alert('&')</script>"
    page = x._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    for word in ("(2,)", "float32", str(device), "requires_grad"):
        assert word in page
    tags = re.findall(r"</?([a-z]+)", page)
    assert sorted(t for t in tags) == sorted(t for t in tags if t in ALLOWED)
    assert page.count("<table>") == page.count("</table>") == 1


ALLOWED = {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "pre"}


def test_html_escapes_names_of_operations():
    class Bad(kt.Grad):
        def backward(self, grad):
            return (grad,)

    Bad.__name__ = "<b>&"
    y = kt.GradArray(np.ones(1), grad_op=Bad(kt.GradArray([1.0])))
    assert "<b>" not in y._repr_html_() and "&lt;b&gt;&amp;" in y._repr_html_()


@pytest.mark.parametrize("values", [[[1.0, 2.0], [3.0, 4.0]], [], 1.0])
def test_lines_are_aligned(values):
    lines = repr(kt.GradArray(np.array(values))).splitlines()
    for line in lines[1:]:
        assert line.startswith(" " * len("GradArray("))


def test_a_tracer_can_be_shown():
    jax = pytest.importorskip("jax")
    seen = []

    def f(raw):
        seen.append(repr(kt.asarray(raw)))
        return raw

    jax.jit(f)(jax.numpy.ones(2))
    assert seen[0].startswith("GradArray(") and "device=None" in seen[0]
