"""Convolution and its transpose, in PyTorch's names, layout and order of arguments.

The windows over the input are reshaped to a matrix with one column per output position. One
product with the weights (a stack with one matrix per group) gives the output. The transpose goes
the same way back: one product, then `fold`. On NumPy the windows are a view. Only that matrix, of
C·K elements per output position for a kernel of K elements, and a padded input are copied.
"""

from __future__ import annotations

import math
from typing import Any

from ..core.array import GradArray
from ..core.convert import check_devices
from ..core.shown import shown
from ..errors import ShapeError
from ..ops._operands import operands
from ..ops.linalg.products import matmul
from ..ops.manipulation import permute_dims, reshape
from ..ops.windows import fold, pad, windows
from ._spatial import Size, batched, sizes, spans, unbatched

Padding = Size | str


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> GradArray:
    """The cross-correlation over one axis: `conv2d` with one spatial axis."""
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> GradArray:
    """The cross-correlation of images with kernels, plus `bias`.

    ``y[n, o, i] = bias[o] + Σ over c and j of weight[o, c, j] · x[n, c, i·stride + j·dilation]``,
    where i and j run over the spatial axes, c over the channels of the group of o, and x is the
    input after zero padding.

    input : (N, C, H, W), or (C, H, W); floating, complex or integer.
    weight : (O, C/groups, kernel height, kernel width). bias : (O,).
    stride, dilation : a number, or one per spatial axis.
    padding : zeros on either side: a number, or one per spatial axis; ``"valid"`` for none, or
        ``"same"`` for an output as large as the input (stride 1 only; an odd zero goes to the end).
    groups : the number of groups into which channels and outputs are split; groups do not mix.

    Returns (N, O, ⌊(H + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1, …), of the common
    dtype. Raises `ShapeError` where the channels do not fit the weights and groups, where the
    kernel is larger than the padded input, and for other numbers of axes.
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> GradArray:
    """The cross-correlation over three axes: `conv2d` with three spatial axes."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> GradArray:
    """The transpose of `conv1d`: `conv_transpose2d` with one spatial axis."""
    return _conv_transpose(
        *("conv_transpose1d", 1, input, weight, bias),
        *(stride, padding, output_padding, groups, dilation),
    )


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> GradArray:
    """The transpose of `conv2d`: the map from the gradient of its output to that of its input.

    ``y[n, o, i·stride + j·dilation − padding] += weight[c, o, j] · x[n, c, i]``, summed over c, i
    and j, plus `bias`.

    input : (N, C, H, W), or (C, H, W). weight : (C, O/groups, kernel height, kernel width).
    bias : (O,). stride, dilation, groups : those of the `conv2d` that this transposes.
    padding : the number of elements cut off on either side: a number, or one per spatial axis.
    output_padding : how many more elements are kept at the end; less than the stride or the
        dilation.

    Returns (N, O, (H − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1, …), of
    the common dtype. Raises `ShapeError` where the channels do not fit the weights and groups,
    where the padding leaves nothing, where `output_padding` is too large, and for other numbers of
    axes.
    """
    return _conv_transpose(
        *("conv_transpose2d", 2, input, weight, bias),
        *(stride, padding, output_padding, groups, dilation),
    )


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> GradArray:
    """The transpose of `conv3d`: `conv_transpose2d` with three spatial axes."""
    return _conv_transpose(
        *("conv_transpose3d", 3, input, weight, bias),
        *(stride, padding, output_padding, groups, dilation),
    )


def _conv(
    op: str,
    n: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
) -> GradArray:
    x, weight, bias = _arrays(op, input, weight, bias)
    x, has_batch = batched(op, x, n)
    _check_weight(op, x, weight, n, groups)
    steps = sizes(op, "stride", stride, n, 1)
    gaps = sizes(op, "dilation", dilation, n, 1)
    batch, channels, *size = tuple(x.shape)
    outputs, depth, *ks = tuple(weight.shape)
    kernel = tuple(ks)
    if channels != depth * groups or outputs % groups:
        raise ShapeError(
            f"{op}: input of shape {tuple(x.shape)} and weight of shape {tuple(weight.shape)} with "
            f"groups={groups}: the input must have weight.shape[1]·groups = {depth * groups} "
            f"channels, and the {outputs} outputs must divide by groups"
        )
    _check_bias(op, bias, outputs)
    widths = _widths(op, padding, kernel, steps, gaps)
    reach = spans(kernel, gaps)
    if any(
        k > m + before + after for k, m, (before, after) in zip(reach, size, widths, strict=True)
    ):
        raise ShapeError(
            f"{op}: a kernel of shape {kernel} with dilation {gaps} reaches over {reach}, more "
            f"than the input of shape {tuple(x.shape)} has with padding {shown(padding)}: pad "
            "more, or "
            "take a smaller kernel"
        )
    if any(width != (0, 0) for width in widths):
        x = pad(x, ((0, 0), (0, 0), *widths))
    columns = windows(x, kernel, steps, gaps)
    counts = tuple(columns.shape[2 : 2 + n])
    # (C, *kernel, N, *counts): a row per weight, a column per output position.
    columns = permute_dims(columns, (1, *range(2 + n, 2 + 2 * n), 0, *range(2, 2 + n)))
    columns = _by_group(columns, groups, depth * math.prod(kernel), batch * math.prod(counts))
    rows = _by_group(weight, groups, outputs // groups, depth * math.prod(kernel))
    y = matmul(rows, columns)
    if bias is not None:
        y = y + reshape(bias, (groups, outputs // groups, 1))
    y = reshape(y, (outputs, batch, *counts))
    return unbatched(permute_dims(y, (1, 0, *range(2, 2 + n))), has_batch)


def _conv_transpose(
    op: str,
    n: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
) -> GradArray:
    x, weight, bias = _arrays(op, input, weight, bias)
    x, has_batch = batched(op, x, n)
    _check_weight(op, x, weight, n, groups)
    steps = sizes(op, "stride", stride, n, 1)
    gaps = sizes(op, "dilation", dilation, n, 1)
    cut = sizes(op, "padding", padding, n, 0)
    more = sizes(op, "output_padding", output_padding, n, 0)
    batch, channels, *size = tuple(x.shape)
    rows, depth, *ks = tuple(weight.shape)
    kernel = tuple(ks)
    if channels != rows or channels % groups:
        raise ShapeError(
            f"{op}: input of shape {tuple(x.shape)} and weight of shape {tuple(weight.shape)} with "
            f"groups={groups}: the input must have weight.shape[0] = {rows} channels, and they "
            "must divide by groups"
        )
    outputs = depth * groups
    _check_bias(op, bias, outputs)
    if any(m >= max(step, gap) for m, step, gap in zip(more, steps, gaps, strict=True)):
        raise ShapeError(
            f"{op}: output_padding {shown(output_padding)} must be less than stride "
            f"{shown(stride)} or "
            f"dilation {shown(dilation)}: pad the output itself"
        )
    full = tuple(
        (m - 1) * step + span + extra
        for m, step, span, extra in zip(size, steps, spans(kernel, gaps), more, strict=True)
    )
    if any(m <= 2 * p for m, p in zip(full, cut, strict=True)) or 0 in size:
        raise ShapeError(
            f"{op}: input of shape {tuple(x.shape)} and a kernel of shape {kernel} make an output "
            f"of size {full}, of which padding {shown(padding)} leaves nothing: take less padding"
        )
    columns = permute_dims(x, (1, 0, *range(2, 2 + n)))
    columns = _by_group(columns, groups, channels // groups, batch * math.prod(size))
    matrix = _by_group(weight, groups, channels // groups, depth * math.prod(kernel))
    y = matmul(permute_dims(matrix, (0, 2, 1)), columns)
    if groups > 1:
        y = reshape(y, (groups, depth, *kernel, batch, *size))
    y = reshape(y, (outputs, *kernel, batch, *size))
    # (N, O, *size, *kernel): windows to add up.
    y = permute_dims(y, (1 + n, 0, *range(2 + n, 2 + 2 * n), *range(1, 1 + n)))
    y = fold(y, full, steps, gaps)
    if any(cut):
        y = pad(y, ((0, 0), (0, 0), *((-p, -p) for p in cut)))
    if bias is not None:
        y = y + reshape(bias, (outputs, *(1,) * n))
    return unbatched(y, has_batch)


def _arrays(
    op: str, input: Any, weight: Any, bias: Any
) -> tuple[GradArray, GradArray, GradArray | None]:
    arrays = operands(*(a for a in (input, weight, bias) if a is not None))
    check_devices(op, *(a._array for a in arrays))
    return arrays[0], arrays[1], None if bias is None else arrays[2]


def _by_group(x: GradArray, groups: int, rows: int, columns: int) -> GradArray:
    """`x` as (groups, rows, columns), in two steps: Dask cannot split and merge axes in one."""
    if groups > 1:
        x = reshape(x, (groups, x.shape[0] // groups, *x.shape[1:]))
    return reshape(x, (groups, rows, columns))


def _check_weight(op: str, x: GradArray, weight: GradArray, n: int, groups: int) -> None:
    if not isinstance(groups, int) or groups < 1:
        raise ShapeError(f"{op}: groups {shown(groups)} must be an integer of 1 or more")
    shape = tuple(weight.shape)
    if len(shape) != n + 2 or 0 in shape:
        raise ShapeError(
            f"{op}: weight of shape {shape} for an input of shape {tuple(x.shape)}: it must have "
            f"{n + 2} axes, two of channels and {n} of the kernel, and none of length 0"
        )


def _check_bias(op: str, bias: GradArray | None, outputs: int) -> None:
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise ShapeError(
            f"{op}: bias of shape {tuple(bias.shape)} for {outputs} output channels: it must have "
            f"shape ({outputs},)"
        )


def _widths(
    op: str,
    padding: Padding,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """How many zeros to pad before and after each spatial axis."""
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if any(step != 1 for step in stride):
            raise ShapeError(
                f"{op}: padding 'same' with stride {stride}: the output is as large as the input "
                "for stride 1 only; give the padding in numbers"
            )
        return tuple(((m - 1) // 2, m // 2) for m in spans(kernel, dilation))
    if isinstance(padding, str):
        raise ShapeError(
            f"{op}: padding {shown(padding)} must be 'valid', 'same', a number, or one per axis"
        )
    return tuple((p, p) for p in sizes(op, "padding", padding, len(kernel), 0))


__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]
