"""A NumPy with read-only arrays: code that writes into a shared array fails here.

The tests register it through the public registry, as a third party would.
"""

from __future__ import annotations

import types

import array_api_compat.numpy as np_xp
import numpy as np

from keratorch.backends import Backend, Device, get

CPU = Device("numpy_readonly", "cpu", 0)


class ReadOnlyArray(np.ndarray):
    """An `ndarray` that is never writable."""

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return read_only(array)

    def __array_namespace__(self, *, api_version=None):
        return namespace

    def __getitem__(self, key):
        return read_only(super().__getitem__(key))


def read_only(value):
    """`value`, with every array in it read-only."""
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value).view(ReadOnlyArray)
        array.flags.writeable = False
        return array
    if isinstance(value, (tuple, list)):
        make = getattr(type(value), "_make", type(value))
        return make(read_only(v) for v in value)
    return value


def plain(value):
    """`value`, with every array in it as a plain `numpy.ndarray`, which is still read-only."""
    if isinstance(value, ReadOnlyArray):
        return value.view(np.ndarray)
    if isinstance(value, (tuple, list)):
        return type(value)(plain(v) for v in value)
    return value


class ReadOnlyNamespace(types.ModuleType):
    """The Array API namespace of read-only arrays, or an extension of it."""

    def __init__(self, source):
        super().__init__("numpy_readonly")
        self.source = source

    def __getattr__(self, name):
        value = getattr(self.source, name)
        if isinstance(value, types.ModuleType):
            return ReadOnlyNamespace(value)
        if not callable(value) or isinstance(value, type):
            return value

        def function(*args, **kwargs):
            return read_only(value(*map(plain, args), **kwargs))

        return function


namespace = ReadOnlyNamespace(np_xp)


class ReadOnlyBackend(Backend):
    multi_device = False

    def __init__(self):
        super().__init__("numpy_readonly", namespace, (ReadOnlyArray,))

    def device(self, array):
        return CPU

    def from_raw_device(self, raw):
        return CPU

    def raw_device(self, device):
        return "cpu"

    def _raw_devices(self):
        return ["cpu"]

    def library_special(self, name):
        found = get("numpy").library_special(name)
        return None if found is None else lambda *xs: read_only(found(*map(plain, xs)))

    def as_array(self, value):
        return read_only(value)

    def asarray(self, data, dtype=None, device=None):
        return read_only(np.array(data, dtype=None if dtype is None else self.dtype(dtype)))

    def to_numpy(self, array):
        return np.asarray(array).view(np.ndarray)

    def copy(self, array):
        return read_only(np.array(array))

    def writeable(self, array):
        return False

    def with_item(self, array, key, value):
        new = np.array(array)
        new[key] = value
        return read_only(new)

    def add_at(self, shape, key, values):
        out = np.zeros(shape, dtype=values.dtype)
        np.add.at(out, key, values)
        return read_only(out)

    def add_flat(self, size, where, values):
        return self.add_at((size,), where, values)

    def may_overlap(self, a, b):
        return np.may_share_memory(a, b)
