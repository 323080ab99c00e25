"""The exceptions of keratorch.

Each derives from `KeratorchError` and from the built-in exception that code written for
NumPy or PyTorch would catch. A message names the operation, the shapes or devices that
met, and the remedy.
"""

from __future__ import annotations


class KeratorchError(Exception):
    """Base of every exception that keratorch raises on purpose."""


class ShapeError(KeratorchError, ValueError):
    """Shapes do not fit: operands that do not broadcast, a gradient of another shape."""


class AxisError(ShapeError, IndexError):
    """An axis that the array does not have, as NumPy's error of that name."""


class InvalidIndexError(KeratorchError, IndexError):
    """An index that the array does not have."""


class StructureError(KeratorchError, ValueError):
    """Nested structures that must be alike are not, or there is no argument of that number."""


class DTypeError(KeratorchError, TypeError):
    """A dtype that the operation cannot use, such as a gradient for integers."""


class LostGradientError(KeratorchError, TypeError):
    """A tracked array would have left keratorch, and its gradient with it."""


class NotDifferentiableError(KeratorchError, TypeError):
    """A tracked array was given to a function that has no derivative rule."""


class GradientRequiredError(KeratorchError, RuntimeError):
    """`backward()` without a gradient on an output of more than one element."""


class NotTrackedError(KeratorchError, RuntimeError):
    """A gradient was asked of, or through, an array that nothing tracks."""


class GraphFreedError(KeratorchError, RuntimeError):
    """A second `backward` through a graph whose saved arrays are gone."""


class StaleValueError(KeratorchError, RuntimeError):
    """A value that a rule saved was written since."""


class LeafWriteError(KeratorchError, RuntimeError):
    """A recorded write to a leaf that requires a gradient."""


class AliasedWriteError(KeratorchError, RuntimeError):
    """A write that NumPy would show through another live array, and that cannot be here."""


class RuleError(KeratorchError, RuntimeError):
    """A derivative rule broke its contract: count, shape or dtype of what it returned."""


class DeviceMismatchError(KeratorchError, RuntimeError):
    """Arrays of two backends or devices met in one operation."""


class UnknownDeviceError(KeratorchError, ValueError):
    """A device name that no backend knows."""


class BackendUnavailableError(KeratorchError, RuntimeError):
    """The backend or device that was asked for cannot be used on this machine."""


class DeviceMemoryError(KeratorchError, MemoryError):
    """A device has not enough memory; says what was asked for and what the library holds."""


class UnknownArrayError(KeratorchError, TypeError):
    """An object of which no backend can make an array."""


class SyncError(KeratorchError, RuntimeError):
    """What would wait for a device, inside `no_sync`."""


class AnomalyError(KeratorchError, FloatingPointError):
    """A NaN or an infinity, found by `detect_anomaly`."""


class MissingDependencyError(KeratorchError, ImportError):
    """A program or package that a tool needs is not installed."""


class ConvergenceError(KeratorchError, ArithmeticError):
    """An iteration, of a solver or for a derivative, did not come to its end."""
