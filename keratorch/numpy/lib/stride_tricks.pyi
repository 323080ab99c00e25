"""The names of `numpy.lib.stride_tricks`."""

from ...interop._mirror_types import ArrayFunction

as_strided: ArrayFunction
sliding_window_view: ArrayFunction
