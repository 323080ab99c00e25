"""`graph`: the tree, the text for Graphviz, and drawings where they can be made."""

import builtins
import gc
import io
import os
import re
import shutil
import stat
import sys
import time
from xml.etree import ElementTree

import numpy as np
import pytest

import keratorch as kt
from keratorch.core.nodes import names


def small(xp=kt, device=None):
    w = xp.asarray([1.0, 2.0], dtype=xp.float32, device=device, requires_grad=True)
    w.name = "w"
    y = w * w
    y.name = "y"
    return w, y, kt.sum(y) + kt.max(y)


def test_the_tree(xp, device):
    w, y, z = small(xp, device)
    dtype = str(w.dtype)
    assert str(kt.graph(z)).splitlines() == [
        f"AddGrad () {dtype} on {device}",
        f"├─ SumGrad () {dtype} on {device}",
        f"│  └─ #1 MultiplyGrad 'y' (2,) {dtype} on {device}",
        f"│     ├─ #2 leaf 'w' (2,) {dtype} on {device}",
        f"│     └─ leaf 'w' (2,) {dtype} on {device} (see #2)",
        f"└─ MaxGrad () {dtype} on {device}",
        f"   └─ MultiplyGrad 'y' (2,) {dtype} on {device} (see #1)",
    ]
    assert y.name == "y"


def test_several_outputs_and_operations_of_several_outputs():
    x = kt.GradArray(np.eye(2))
    values, vectors = kt.linalg.eigh(x)
    graph = kt.graph([values, vectors.sum()])
    lines = str(graph).splitlines()
    assert lines[0] == "EighGrad (2,), (2, 2) float64 on cpu [output 0]"
    assert "[output 1]" in str(graph)
    assert len(graph) == 3
    assert [n.op for n in graph.nodes] == ["leaf", "EighGrad", "SumGrad"]


def test_the_device_of_what_is_gone():
    """An operation is where its inputs are, unless it moves them."""
    strict = pytest.importorskip("array_api_strict")
    there = kt.GradArray(strict.ones(2, device=strict.Device("device1")))
    here = kt.asarray(strict.ones(2))
    z = kt.exp((there * 2.0).to_device(here.device)) * here
    assert [(n.op, n.device) for n in kt.graph(z.sum()).nodes] == [
        ("leaf", str(there.device)),
        ("MultiplyGrad", str(there.device)),
        ("ToDeviceGrad", None),
        ("ExpGrad", str(here.device)),
        ("MultiplyGrad", str(here.device)),
        ("SumGrad", str(here.device)),
    ]
    y = kt.GradArray([1.0]) * 2.0  # the leaf is gone
    assert [n.device for n in kt.graph(y * y).nodes] == [None, "cpu", "cpu"]


def test_names_outlive_their_arrays():
    w = kt.GradArray([1.0, 2.0], name="weight")
    h = w * 2.0
    h.name = "hidden"
    y = kt.sum(h * h)
    alive = [(n.op, n.name) for n in kt.graph(y).nodes]
    assert alive[:2] == [("leaf", "weight"), ("MultiplyGrad", "hidden")]
    del w, h
    gc.collect()
    assert [(n.op, n.name) for n in kt.graph(y).nodes] == alive
    assert "weight" in str(kt.graph(y)) and "hidden" in str(kt.graph(y))


def test_names_that_change():
    w = kt.GradArray([1.0], name="old")
    y = w * 2.0
    w.name = "new"
    x = kt.asarray([1.0])
    x.name = "late"
    x.requires_grad = True
    z = x * y
    v = kt.GradArray([1.0], name="nameless")
    z = z * v
    v.name = None
    written = kt.asarray([0.0])
    written.name = "written"
    written[...] = z
    z = written * 1.0
    del w, x, v, written
    gc.collect()
    found = [n.name for n in kt.graph(z).nodes if n.name]
    assert sorted(found) == ["late", "new", "written"]


def test_names_are_dropped_with_the_graph():
    y = kt.GradArray([1.0], name="short-lived") * 2.0
    gc.collect()
    assert "short-lived" in names.values()
    del y
    gc.collect()
    assert "short-lived" not in names.values()


TOKEN = re.compile(r'\s*(->|[{}\[\];,=]|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|$)', re.S)


def parse_dot(text):
    """The labels of nodes and the edges of a graph, by the grammar of Graphviz that is used."""
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match, f"no token: {text[at : at + 20]!r}"
        tokens.append(match[1])
        at = match.end()
    tokens = iter([t for t in tokens if t])
    assert [next(tokens) for _ in range(3)] == ["digraph", "keratorch", "{"]
    labels, edges = {}, []
    for token in tokens:
        if token == "}":
            assert next(tokens, None) is None
            return labels, edges
        assert re.fullmatch(r"\w+", token)
        names, attributes = [token], {}
        for token in tokens:
            if token == ";":
                break
            if token == "->":
                names.append(next(tokens))
            elif token == "=":  # rankdir=BT
                next(tokens)
                names = ["graph"]
            else:
                assert token == "["
                while token != "]":
                    key, equals, value, token = (next(tokens) for _ in range(4))
                    assert equals == "=" and token in ",]"
                    attributes[key] = value
        if len(names) == 2:
            edges.append(tuple(names))
        elif names[0] not in ("graph", "node"):
            labels[names[0]] = attributes["label"][1:-1]
    raise AssertionError("no end")


def test_dot_is_understood():
    w, _, z = small()
    assert w.name == "w"  # and alive, so that its name is known
    labels, edges = parse_dot(kt.graph(z).dot())
    first = {name: re.split(r"\\n| ", label)[0] for name, label in labels.items()}
    assert sorted(first.values()) == ["AddGrad", "MaxGrad", "MultiplyGrad", "SumGrad", "leaf"]
    assert sorted((first[a], first[b]) for a, b in edges) == [
        ("MaxGrad", "AddGrad"),
        ("MultiplyGrad", "MaxGrad"),
        ("MultiplyGrad", "SumGrad"),
        ("SumGrad", "AddGrad"),
        ("leaf", "MultiplyGrad"),
        ("leaf", "MultiplyGrad"),
    ]
    (leaf,) = (label for label in labels.values() if label.startswith("leaf"))
    assert leaf == r"leaf 'w'\n(2,) float32\non cpu"


@pytest.mark.parametrize("name", ['a"b', "a\\", "a\nb", "<b>", "ä€", '"];evil [label="'])
def test_names_are_escaped(name):
    w = kt.GradArray([1.0], name=name)
    labels, edges = parse_dot(kt.graph(w * 2).dot())
    assert set(labels) == {"n0", "n1"} and edges == [("n0", "n1")]
    shown = re.sub(r"\\(.)", r"\1", labels["n0"].split(r"\n(")[0])
    assert shown == f"leaf {name!r}"


def test_a_large_graph_is_summarised():
    x = kt.GradArray([1.0], name="x")
    y = x
    for _ in range(10**5):
        y = y * 1.0
    start = time.perf_counter()
    graph = kt.graph(y.sum())
    text, dot = str(graph), graph.dot()
    assert time.perf_counter() - start < 20
    assert len(graph) == 10**5 + 2 and graph.is_summary
    assert "100002 nodes" in text and "100000  MultiplyGrad" in text and "leaf 'x'" in text
    assert len(text) < 2000 and len(dot) < 2500 and "->" not in dot


def test_a_deep_graph_can_be_printed():
    """No recursion."""
    x = kt.GradArray([1.0])
    y = x
    for _ in range(5000):
        y = y * 1.0
    lines = str(kt.graph(y, max_nodes=10**4)).splitlines()
    assert len(lines) == 5001 and lines[-1].lstrip().startswith("└─ leaf")


def test_a_wide_graph_with_much_sharing_is_printed_once():
    y = kt.GradArray([1.0])
    for _ in range(100):
        y = y + y  # 2^100 paths
    assert len(str(kt.graph(y)).splitlines()) == 201


def test_a_freed_graph_says_so():
    _, _, z = small()
    z.backward()
    assert str(kt.graph(z)).startswith("AddGrad () float32 on cpu (freed)")


def test_a_constant_has_no_graph():
    for value in (kt.asarray([1.0]), [kt.GradArray([1.0]), kt.asarray([1.0])], [3]):
        with pytest.raises(kt.NotTrackedError, match="graph of"):
            kt.graph(value)


def test_the_arrays_are_not_kept():
    import weakref

    w = kt.GradArray([1.0])
    y = w * 2
    kept = kt.graph(y)
    alive = weakref.ref(y)
    del y
    assert alive() is None and len(kept) == 2


# -- drawing -------------------------------------------------------------------------------------


@pytest.fixture
def fake_dot(tmp_path, monkeypatch):
    """A program called dot that keeps what it is given."""
    pytest.importorskip("graphviz")
    if os.name != "posix":
        pytest.skip("the program that stands in for dot is a POSIX script")
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "dot"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "data = sys.stdin.buffer.read()\n"
        f"pathlib.Path({str(tmp_path / 'given')!r}).write_bytes(data)\n"
        f"pathlib.Path({str(tmp_path / 'arguments')!r}).write_text(' '.join(sys.argv[1:]))\n"
        "sys.stdout.write('<svg>drawn</svg>' if '-Tsvg' in sys.argv else 'PNG')\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_svg_and_png(fake_dot, tmp_path):
    _, _, z = small()
    graph = kt.graph(z)
    assert graph.svg() == "<svg>drawn</svg>"
    assert (fake_dot / "given").read_text().strip() == graph.dot().strip()
    graph.png(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes() == b"PNG"
    assert "-Tpng" in (fake_dot / "arguments").read_text()
    opened = io.BytesIO()
    graph.png(opened)
    assert opened.getvalue() == b"PNG"
    bundle = graph._repr_mimebundle_()
    assert bundle == {"text/plain": repr(graph), "image/svg+xml": "<svg>drawn</svg>"}


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program dot is not installed")
@pytest.mark.parametrize("name", ["w", 'a"b', "a\\", "a\nb", "<b>&", "ä€", '"];evil [label="'])
def test_the_program_draws(name, tmp_path):
    pytest.importorskip("graphviz")
    w = kt.GradArray(np.eye(2), name=name)
    values, vectors = kt.linalg.eigh(w)
    z = (vectors @ values).sum()
    graph = kt.graph([z, values])
    texts = [
        "".join(text.itertext()).replace("\N{NO-BREAK SPACE}", " ")
        for text in ElementTree.fromstring(graph.svg()).iter("{http://www.w3.org/2000/svg}text")
    ]
    lines = [f"leaf {name!r}", "(2, 2) float64", "EighGrad", "(2,), (2, 2) float64", "MatMulGrad"]
    lines += ["(2,) float64", "SumGrad", "() float64", "0", "1", *["on cpu"] * 4]
    assert sorted(texts) == sorted(lines)
    graph.png(tmp_path / "graph.png")
    data = (tmp_path / "graph.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82")
    for _ in range(600):
        z = kt.sin(z)
    summary = ElementTree.fromstring(kt.graph(z).svg())
    assert "too large to draw" in "".join(summary.itertext())


def test_without_the_program(monkeypatch, tmp_path):
    pytest.importorskip("graphviz")
    monkeypatch.setenv("PATH", str(tmp_path))
    graph = kt.graph(small()[2])
    with pytest.raises(kt.MissingDependencyError, match=r"program dot.*graphviz\.org"):
        graph.svg()
    with pytest.raises(kt.MissingDependencyError, match="dot"):
        graph.png(tmp_path / "graph.png")
    assert not (tmp_path / "graph.png").exists()
    assert graph._repr_mimebundle_() == {"text/plain": repr(graph)}


def test_without_the_package(monkeypatch):
    graph = kt.graph(small()[2])
    original = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "graphviz":
            raise ImportError("No module named 'graphviz'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(kt.MissingDependencyError, match=r"keratorch-autograd\[graph\]"):
        graph.svg()
    assert "MultiplyGrad" in graph.dot()
