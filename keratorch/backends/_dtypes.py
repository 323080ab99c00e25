"""Dtypes of any library, by name."""

from __future__ import annotations

from typing import Any

#: The dtypes that a library may have, by name: those of the standard, and two small ones.
NAMES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
)


def is_complex_dtype(dtype: Any) -> bool:
    """Whether a dtype of any library is complex."""
    # By type first: array-api-strict warns when its dtypes are compared with NumPy's.
    key = type(dtype), dtype
    found = _complex.get(key)
    if found is None:
        found = _complex[key] = (dtype_name(dtype) or "").startswith("complex")
    return found


def is_narrow(dtype: Any) -> bool:
    """Whether a dtype of any library is floating and of two bytes: float16 or bfloat16."""
    key = type(dtype), dtype
    found = _narrow.get(key)
    if found is None:
        found = _narrow[key] = dtype_name(dtype) in ("float16", "bfloat16")
    return found


#: Not `functools.cache`: `torch.compile` cannot trace it.
_complex: dict[tuple[type, Any], bool] = {}
_narrow: dict[tuple[type, Any], bool] = {}


def dtype_name(dtype: Any) -> str | None:
    """The Array API name of a library's dtype: ``"float32"``."""
    if isinstance(dtype, type):
        builtin = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}
        if dtype in builtin:
            return builtin[dtype]
        return dtype.__name__.rstrip("_")
    name = getattr(dtype, "name", None)
    if isinstance(name, str):
        return name
    name = str(dtype)
    return name.rpartition(".")[2] or None


def name_of_code(code: str) -> str:
    """``"float64"`` of ``"f8"``; the code itself where NumPy does not know it."""
    import numpy as np

    try:
        return np.dtype(code).name
    except TypeError:
        return code
