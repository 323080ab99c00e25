"""The exceptions of keratorch.

Each exception derives from `KeratorchError` and from the built-in exception that code written for
NumPy or PyTorch would catch. A message names the operation, the shapes or devices in question, and
the remedy.
"""

from __future__ import annotations


class KeratorchError(Exception):
    """The base class of every exception that keratorch raises on purpose."""


class ShapeError(KeratorchError, ValueError):
    """Shapes do not fit: operands do not broadcast, or a gradient has the wrong shape."""


class AxisError(ShapeError, IndexError):
    """An axis that the array does not have; the counterpart of `numpy.exceptions.AxisError`."""


class InvalidIndexError(KeratorchError, IndexError):
    """An index that the array does not have."""


class StructureError(KeratorchError, ValueError):
    """Nested structures differ, or the arguments or results of a function do not fit."""


class DTypeError(KeratorchError, TypeError):
    """A dtype that the operation cannot use, such as a gradient for integers."""


class LostGradientError(KeratorchError, TypeError):
    """The operation would turn a tracked array into plain values and lose its gradient."""


class NotDifferentiableError(KeratorchError, TypeError):
    """A tracked array was given to a function that has no derivative rule."""


class GradientRequiredError(KeratorchError, RuntimeError):
    """A gradient is needed: the output is complex, or does not have exactly one element."""


class NotTrackedError(KeratorchError, RuntimeError):
    """A gradient was asked for a constant, or for an array on which no output depends."""


class GraphFreedError(KeratorchError, RuntimeError):
    """A second walk through a graph whose saved arrays an earlier `backward` freed."""


class StaleValueError(KeratorchError, RuntimeError):
    """An array that an operation saved for its rule was written afterwards."""


class LeafWriteError(KeratorchError, RuntimeError):
    """A recorded write to a leaf that requires a gradient, or `requires_grad` off on a result."""


class AliasedWriteError(KeratorchError, RuntimeError):
    """A write that NumPy would show in another live array, where keratorch cannot show it."""


class RuleError(KeratorchError, RuntimeError):
    """A derivative rule or hook broke its contract, as by the count or shape of its results."""


class DeviceMismatchError(KeratorchError, RuntimeError):
    """Arrays of two backends or devices met in one operation."""


class UnknownDeviceError(KeratorchError, ValueError):
    """A device name that no backend knows."""


class BackendUnavailableError(KeratorchError, RuntimeError):
    """The requested backend or device cannot be used on this machine."""


class DeviceMemoryError(KeratorchError, MemoryError):
    """A device is out of memory; the message has the request and the memory the library holds."""


class UnknownArrayError(KeratorchError, TypeError):
    """An object from which no backend can make an array."""


class SyncError(KeratorchError, RuntimeError):
    """An operation that would wait for a device, inside `no_sync`."""


class AnomalyError(KeratorchError, FloatingPointError):
    """A NaN or an infinity, found by `detect_anomaly`."""


class MissingDependencyError(KeratorchError, ImportError):
    """A program or package that a tool needs is not installed."""


class InstallationWarning(UserWarning):
    """Another package called `keratorch` is installed beside this one, `keratorch-autograd`."""


class ConvergenceError(KeratorchError, ArithmeticError):
    """An iteration, of a solver or for a derivative, did not converge."""
