"""`graph`: the operations and leaves behind an array, as text or as a drawing."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..backends import _registry
from ..core.array import GradArray
from ..core.grad import LeafSlot, OutputSlot, op_name
from ..core.nodes import names
from ..core.order import collect
from ..errors import MissingDependencyError, NotTrackedError

#: A graph with more nodes is shown as a summary.
MAX_NODES = 500


class Node(NamedTuple):
    """An operation or a leaf of a graph."""

    op: str  # the name of its `Grad` class, or "leaf"
    name: str | None
    shape: str
    dtype: str
    device: str | None  # `None` if no array is left that shows it
    freed: bool
    inputs: tuple[tuple[int, int | None], ...]  # the number of a node, and which of its outputs


class Graph:
    """The result of `graph`: the operations and leaves from which some arrays were computed.

    ``print`` shows a tree. `dot` returns the graph in Graphviz's language; `svg` and `png` draw it.
    A notebook shows the drawing, or the tree if drawing is not possible. A `Graph` keeps no array
    alive.
    """

    def __init__(self, outputs: Sequence[GradArray], max_nodes: int = MAX_NODES) -> None:
        self.max_nodes = max_nodes
        #: The nodes; the inputs of an operation come before it.
        self.nodes: list[Node] = []
        #: For each output the number of its node, and which output of the node it is.
        self.outputs: list[tuple[int, int | None]] = []
        numbers: dict[Any, int] = {}
        edges = [x._edge for x in outputs]
        for entry in reversed(collect(edges)):
            if type(entry) is not OutputSlot:
                numbers[entry] = len(self.nodes)
                self.nodes.append(_node(entry, numbers, self.nodes))
        self.outputs = [_place(edge, numbers) for edge in edges]

    def __len__(self) -> int:
        """The number of nodes."""
        return len(self.nodes)

    @property
    def is_summary(self) -> bool:
        """Whether the graph has more than `max_nodes` nodes, so that only a summary is shown."""
        return len(self.nodes) > self.max_nodes

    # -- as text -----------------------------------------------------------------------------

    def __repr__(self) -> str:
        return "\n".join(self._summary() if self.is_summary else self._tree())

    def _tree(self) -> list[str]:
        uses = Counter(i for node in self.nodes for i, _ in node.inputs)
        marks: dict[int, int] = {}  # the numbers (#1, #2, …) of nodes with several uses
        lines: list[str] = []
        # The number of a node, which of its outputs, the prefix of its line, the prefix below it.
        stack = [(i, k, "", "") for i, k in reversed(self.outputs)]
        while stack:
            i, k, before, below = stack.pop()
            node = self.nodes[i]
            text = _title(node) + ("" if k is None else f" [output {k}]")
            if i in marks:
                lines.append(f"{before}{text} (see #{marks[i]})")
                continue
            if uses[i] > 1:
                marks[i] = len(marks) + 1
                text = f"#{marks[i]} {text}"
            lines.append(before + text)
            last = len(node.inputs) - 1
            for j, (of, output) in reversed(list(enumerate(node.inputs))):
                end = j == last
                stack.append(
                    (
                        of,
                        output,
                        below + ("└─ " if end else "├─ "),
                        below + ("   " if end else "│  "),
                    )
                )
        return lines

    def _summary(self) -> list[str]:
        """The number of nodes of each kind, the most frequent kind first."""
        counts = Counter(node.op for node in self.nodes)
        lines = [
            f"A graph of {len(self.nodes)} nodes, {len(self.outputs)} outputs: too large to draw "
            f"(max_nodes={self.max_nodes})"
        ]
        lines += [f"{count:>10}  {op}" for op, count in counts.most_common(30)]
        if len(counts) > 30:
            lines.append(f"{'…':>10}  and {len(counts) - 30} more kinds")
        named = [node for node in self.nodes if node.name]
        lines += [f"{'':>10}  {_title(node)}" for node in named[:30]]
        return lines

    # -- as a drawing ------------------------------------------------------------------------

    def dot(self) -> str:
        """The graph in Graphviz's language, for a large graph a summary; needs no Graphviz."""
        lines = ["digraph keratorch {", "  rankdir=BT;", '  node [fontname="monospace"];']
        if self.is_summary:
            text = "\\l".join(_escaped(line) for line in self._summary())
            lines += [f'  summary [shape=note, label="{text}\\l"];', "}"]
            return "\n".join(lines) + "\n"
        ends = {i for i, _ in self.outputs}
        for i, node in enumerate(self.nodes):
            style = "shape=box, style=rounded"
            if node.op == "leaf":
                style = "shape=box, style=filled, fillcolor=lightblue"
            elif i in ends:
                style = "shape=box, style=filled, fillcolor=lightgrey"
            label = "\\n".join(_escaped(part) for part in _parts(node))
            lines.append(f'  n{i} [{style}, label="{label}"];')
        for i, node in enumerate(self.nodes):
            for of, output in node.inputs:
                label = "" if output is None else f' [label="{output}"]'
                lines.append(f"  n{of} -> n{i}{label};")
        lines.append("}")
        return "\n".join(lines) + "\n"

    def svg(self) -> str:
        """The drawing as SVG.

        Raises `MissingDependencyError` without the package graphviz or the program dot.
        """
        return self._drawn("svg").decode("utf-8")

    def png(self, file: Any) -> None:
        """Write the drawing as PNG into `file`, a path or an open binary file; errors as `svg`."""
        data = self._drawn("png")
        if hasattr(file, "write"):
            file.write(data)
            return
        with open(file, "wb") as opened:
            opened.write(data)

    def _drawn(self, form: str) -> bytes:
        try:
            import graphviz
        except ImportError as error:
            raise MissingDependencyError(
                "drawing a graph needs the package graphviz: pip install "
                "'keratorch-autograd[graph]'; print(graph) and graph.dot() work without"
            ) from error
        try:
            return graphviz.Source(self.dot()).pipe(format=form)
        except graphviz.ExecutableNotFound as error:
            raise MissingDependencyError(
                "drawing a graph needs Graphviz's program dot, which is not in PATH: install "
                "Graphviz (https://graphviz.org/download); print(graph) and graph.dot() work "
                "without"
            ) from error

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The display in a notebook: the drawing, or the tree if drawing is not possible."""
        bundle = {"text/plain": repr(self)}
        with contextlib.suppress(MissingDependencyError):
            bundle["image/svg+xml"] = self.svg()
        return bundle


def graph(outputs: GradArray | Sequence[GradArray], *, max_nodes: int = MAX_NODES) -> Graph:
    """The graph of the operations and leaves from which `outputs` were computed.

    outputs : one or several arrays that require a gradient.
    max_nodes : a graph with more nodes is shown as a summary, not drawn.

    If the result of an operation is gone, the graph shows the device of its inputs. Raises
    `NotTrackedError` for a constant.

    >>> w = GradArray([1.0, 2.0], name="w")
    >>> print(graph((w * w).sum()))
    SumGrad () float64 on cpu
    └─ MultiplyGrad (2,) float64 on cpu
       ├─ #1 leaf 'w' (2,) float64 on cpu
       └─ leaf 'w' (2,) float64 on cpu (see #1)
    """
    several = isinstance(outputs, (list, tuple))
    arrays: list[Any] = list(outputs) if several else [outputs]
    for x in arrays:
        if not isinstance(x, GradArray) or x._edge is None:
            shape = getattr(x, "shape", None)
            raise NotTrackedError(
                f"graph of {type(x).__name__} of shape {shape}: nothing tracks it, so that there "
                "is no graph: pass what was computed from a GradArray that requires a gradient"
            )
    return Graph(arrays, max_nodes)


def _place(edge: Any, numbers: dict[Any, int]) -> tuple[int, int | None]:
    """The number of the node behind an edge, and which of its outputs it is."""
    if type(edge) is OutputSlot:
        return numbers[edge._edges[0]], edge.index
    return numbers[edge], None


def _node(entry: Any, numbers: dict[Any, int], made: list[Node]) -> Node:
    x = entry._out()
    leaf = type(entry) is LeafSlot
    edges = entry._edges
    inputs = tuple(_place(e, numbers) for e in edges or () if e is not None)
    device = None
    if isinstance(x, GradArray):
        device = _device_of(x._array)
    elif not leaf and not entry.moves:  # the device of its inputs
        of_inputs = [made[i].device for i, _ in inputs]
        of_saved = [_device_of(v) for v in entry._saved or () if type(v) in _registry.by_type]
        device = next((d for d in (*of_inputs, *of_saved) if d is not None), None)
    many = isinstance(entry.dtype, tuple)
    shapes = entry.shape if many else (entry.shape,)
    dtypes = entry.dtype if many else (entry.dtype,)
    return Node(
        op="leaf" if leaf else op_name(entry),
        name=x.name if isinstance(x, GradArray) else names.get(entry),
        shape=", ".join(str(tuple(s)) for s in shapes),
        dtype=", ".join(dict.fromkeys(str(d) for d in dtypes)),
        device=device,
        freed=edges is None,
        inputs=inputs,
    )


def _device_of(raw: Any) -> str | None:
    device = _registry.of(raw).device(raw)
    return None if device is None else str(device)


def _parts(node: Node) -> list[str]:
    parts = [node.op if not node.name else f"{node.op} {node.name!r}"]
    parts.append(f"{node.shape} {node.dtype}")
    if node.device is not None:
        parts.append(f"on {node.device}")
    if node.freed:
        parts.append("(freed)")
    return parts


def _title(node: Node) -> str:
    return " ".join(_parts(node))


def _escaped(text: str) -> str:
    """`text` escaped for a quoted label of Graphviz."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("\n", "\\n").replace("\r", "")


__all__ = ["Graph", "graph"]
