"""Elementwise functions whose results are constants: comparisons, logic, bits and rounding.

Their derivative is 0 wherever it exists, so the results carry no gradient.
"""

from __future__ import annotations

from ._elementwise import Binary, Unary, constant_binary, constant_unary

less: Binary = constant_binary("less", "x1 < x2, elementwise: a constant.")
less_equal: Binary = constant_binary("less_equal", "x1 <= x2, elementwise: a constant.")
greater: Binary = constant_binary("greater", "x1 > x2, elementwise: a constant.")
greater_equal: Binary = constant_binary("greater_equal", "x1 >= x2, elementwise: a constant.")
equal: Binary = constant_binary("equal", "x1 == x2, elementwise: a constant.")
not_equal: Binary = constant_binary("not_equal", "x1 != x2, elementwise: a constant.")

logical_and: Binary = constant_binary("logical_and", "Both, elementwise: a constant.")
logical_or: Binary = constant_binary("logical_or", "Either, elementwise: a constant.")
logical_xor: Binary = constant_binary(
    "logical_xor", "Either but not both, elementwise: a constant."
)
logical_not: Unary = constant_unary("logical_not", "Not x, elementwise: a constant.")

bitwise_and: Binary = constant_binary("bitwise_and", "x1 & x2 of integers or booleans: a constant.")
bitwise_or: Binary = constant_binary("bitwise_or", "x1 | x2 of integers or booleans: a constant.")
bitwise_xor: Binary = constant_binary("bitwise_xor", "x1 ^ x2 of integers or booleans: a constant.")
bitwise_invert: Unary = constant_unary("bitwise_invert", "~x of integers or booleans: a constant.")
bitwise_left_shift: Binary = constant_binary(
    "bitwise_left_shift", "x1 << x2 of integers: a constant."
)
bitwise_right_shift: Binary = constant_binary(
    "bitwise_right_shift", "x1 >> x2 of integers: a constant."
)

isfinite: Unary = constant_unary("isfinite", "Neither infinite nor NaN, elementwise: a constant.")
isnan: Unary = constant_unary("isnan", "Whether NaN, elementwise: a constant.")
isinf: Unary = constant_unary("isinf", "Whether infinite, elementwise: a constant.")
signbit: Unary = constant_unary("signbit", "Whether the sign is minus, elementwise: a constant.")

floor: Unary = constant_unary(
    "floor", "The largest integer not above x, elementwise: derivative 0."
)
ceil: Unary = constant_unary("ceil", "The smallest integer not below x, elementwise: derivative 0.")
trunc: Unary = constant_unary("trunc", "x without its fraction, elementwise: derivative 0.")
round: Unary = constant_unary(
    "round", "The nearest integer, even at a tie, elementwise: derivative 0."
)
floor_divide: Binary = constant_binary("floor_divide", "⌊x1/x2⌋, elementwise: derivative 0.")
