"""An array class of a third party, with the part of the Array API that the tests need."""

import numpy as np

from keratorch.backends import Backend


class TinyNamespace:
    """The part of the Array API that the tests need, over NumPy."""

    __name__ = "tiny"
    bool, int64, float32, float64 = np.bool_, np.int64, np.float32, np.float64

    def __getattr__(self, name):
        if name.startswith("_"):  # no __array_namespace_info__: the standard of 2022
            raise AttributeError(name)
        function = getattr(np, {"astype": "asarray", "permute_dims": "transpose"}.get(name, name))

        def wrapped(*args, **kwargs):
            kwargs.pop("device", None)
            return TinyArray(function(*map(bare, args), **kwargs))

        return wrapped

    def isdtype(self, dtype, kind):
        return np.isdtype(dtype, kind)


class TinyArray:
    """An array type with only the attributes that the standard requires."""

    def __init__(self, values):
        self._values = np.asarray(values)

    def __array_namespace__(self, *, api_version=None):
        return TINY

    shape = property(lambda self: self._values.shape)
    dtype = property(lambda self: self._values.dtype)
    ndim = property(lambda self: self._values.ndim)
    size = property(lambda self: self._values.size)
    device = "cpu"

    def __getitem__(self, key):
        return TinyArray(self._values[key])

    def __array__(self, dtype=None, copy=None):
        return self._values


def bare(value):
    return value._values if isinstance(value, TinyArray) else value


def _operator(name):
    def method(self, other):
        if not isinstance(other, (TinyArray, int, float)):
            return NotImplemented
        return type(self)(getattr(self._values, name)(bare(other)))

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow"):
    setattr(TinyArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("gt", "ge", "lt", "le", "eq", "ne", "matmul", "and", "or"):
    setattr(TinyArray, f"__{_name}__", _operator(f"__{_name}__"))
TinyArray.__neg__ = lambda self: TinyArray(-self._values)
TinyArray.__invert__ = lambda self: TinyArray(~self._values)
TINY = TinyNamespace()


class Shelf(TinyArray):
    """An array class whose backend the tests register."""

    def __array_namespace__(self, *, api_version=None):
        raise AssertionError("a registered type is not asked for its namespace")


class ShelfBackend(Backend):
    def __init__(self, name="shelf"):
        super().__init__(name, TINY, (Shelf,))
