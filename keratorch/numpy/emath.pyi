"""The names of `numpy.emath` 2.4.6 for type checkers: see `tests/mirror_stubs.py`."""

from ..interop._mirror_types import ArrayFunction

arccos: ArrayFunction
arcsin: ArrayFunction
arctanh: ArrayFunction
log: ArrayFunction
log10: ArrayFunction
log2: ArrayFunction
logn: ArrayFunction
power: ArrayFunction
sqrt: ArrayFunction
