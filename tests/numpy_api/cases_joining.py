"""Joining, inserting, splitting, padding."""

import numpy

from tests.numpy_api.cases import BESIDE, Case, array

S = numpy.array(0.7)
V = array(4)
W = array(3)
A = array(3, 4)
A2 = array(3, 4, seed=1)
B = array(2, 3, 2)
C = array(3, 4, complex=True)
E = array(0, 4)
F32 = numpy.arange(4.0, dtype=numpy.float32)
INTS = numpy.arange(12).reshape(3, 4)

CASES = [
    Case("concatenate", lambda np, a, b: np.concatenate([a, b]), (A, A2)),
    Case(
        "concatenate",
        lambda np, a, b: np.concatenate((a, INTS, b), axis=-1),
        (A, C),
        numpy_only=BESIDE,
    ),
    Case("concatenate", lambda np, a, b: np.concatenate((a, b, 2.0), axis=None), (A, V)),
    Case("concatenate", lambda np, a: np.concatenate(a), (B,)),
    Case("concatenate", lambda np, a: np.concatenate([a, F32]), (V,), numpy_only=BESIDE),
    Case("concatenate", lambda np, a: np.concatenate([[a[0], 2.0], a, [1, 2]]), (V,)),
    Case("concatenate", lambda np, a: np.concatenate([a, a], dtype=np.complex128), (V,)),
    Case("concatenate", lambda np, a, b: np.concatenate([a, b]), (A, E)),
    Case("concat", lambda np, a, b: np.concat([a, b], axis=1), (A, A2)),
    Case("stack", lambda np, a, b: np.stack([a, b]), (A, A2)),
    Case("stack", lambda np, a, b: np.stack((a, INTS, b), axis=-1), (A, C), numpy_only=BESIDE),
    Case("stack", lambda np, a: np.stack([a, 1.0, 2]), (S,)),
    Case("stack", lambda np, a: np.stack([a, a], 1, dtype=np.complex128), (V,)),
    Case("hstack", lambda np, a, b: np.hstack([a, b, 3.0]), (V, S)),
    Case("hstack", lambda np, a, b: np.hstack((a, b)), (A, A2)),
    Case("vstack", lambda np, a, b: np.vstack([a, b, [1.0, 2.0, 3.0, 4.0]]), (V, A)),
    Case("vstack", lambda np, a: np.vstack(a), (B,)),
    Case("dstack", lambda np, a, b: np.dstack([a, b]), (A, A2)),
    Case("dstack", lambda np, a, b: np.dstack([a, b]), (V, array(4, seed=1))),
    Case("column_stack", lambda np, a, b: np.column_stack([a, b]), (W, A)),
    Case(
        "block",
        lambda np, a, b: np.block([[a, np.ones((3, 1))], [b, 5.0]]),
        (A, V),
        numpy_only=BESIDE,
    ),
    Case("block", lambda np, a, b: np.block([a, b, 1]), (V, W)),
    Case("block", lambda np, a: np.block(a), (A,)),
    Case("append", lambda np, a, b: np.append(a, b), (A, S)),
    Case("append", lambda np, a, b: np.append(a, b, axis=1), (A, A2)),
    Case("append", lambda np, a: np.append(a, [[1, 2, 3, 4]], axis=0), (A,)),
    Case("insert", lambda np, a, b: np.insert(a, 1, b), (V, S)),
    Case("insert", lambda np, a, b: np.insert(a, 1, b, axis=1), (A, W)),
    Case("insert", lambda np, a, b: np.insert(a, -1, b, axis=0), (A, V)),
    Case("insert", lambda np, a, b: np.insert(a, [1], b, axis=1), (A, array(3, 2))),
    Case("insert", lambda np, a, b: np.insert(a, [2, 0, 2], b), (V, W)),
    Case("insert", lambda np, a, b: np.insert(a, [0, 4], b, axis=-1), (A, S)),
    Case("insert", lambda np, a: np.insert(a, slice(0, 3), [7, 8, 9]), (V,)),
    Case("insert", lambda np, a: np.insert(a, np.array([True, False, True, False]), 1.0), (V,)),
    Case("insert", lambda np, a: np.insert(a, [], 1.0), (V,)),
    Case("insert", lambda np, a: np.insert(a, 3, 2), (A,)),
    Case("delete", lambda np, a: np.delete(a, 1), (V,)),
    Case("delete", lambda np, a: np.delete(a, [0, -1], axis=1), (A,)),
    Case("delete", lambda np, a: np.delete(a, slice(None, None, 2), 0), (C,)),
    Case("delete", lambda np, a: np.delete(a, [3, 5]), (A,)),
    Case("delete", lambda np, a: np.delete(a, np.array([True, False, False, True])), (V,)),
    Case("split", lambda np, a: np.split(a, 2), (V,)),
    Case("split", lambda np, a: np.split(a, [1, 3], axis=1), (A,)),
    Case("split", lambda np, a: np.split(a, np.array([1, 9]), axis=-1), (C,)),
    Case("array_split", lambda np, a: np.array_split(a, 3), (V,)),
    Case("array_split", lambda np, a: np.array_split(a, 5, axis=1), (A,)),
    Case("array_split", lambda np, a: np.array_split(a, [1, -1], 1), (A,)),
    Case("hsplit", lambda np, a: np.hsplit(a, 2), (V,)),
    Case("hsplit", lambda np, a: np.hsplit(a, [1]), (A,)),
    Case("vsplit", lambda np, a: np.vsplit(a, 3), (A,)),
    Case("dsplit", lambda np, a: np.dsplit(a, 2), (B,)),
    Case("unstack", lambda np, a: np.unstack(a), (A,)),
    Case("unstack", lambda np, a: np.unstack(a, axis=-1), (B,)),
    Case("pad", lambda np, a: np.pad(a, 2), (V,)),
    Case("pad", lambda np, a: np.pad(a, 0), (V,)),
    Case("pad", lambda np, a: np.pad(a, ((1, 0), (0, 2)), constant_values=3), (A,)),
    Case("pad", lambda np, a: np.pad(a, 1, constant_values=((1.0, 2.0), (3.0, 4.0))), (C,)),
    Case("pad", lambda np, a: np.pad(a, (1, 2), constant_values=a[0] if np.ndim(a) else 0), (V,)),
    Case("pad", lambda np, a: np.pad(a, {-1: (1, 2)}), (A,)),
    Case("pad", lambda np, a: np.pad(a, 1), (E,)),
    Case("pad", lambda np, a: np.pad(a, ((2, 1), (0, 3)), mode="edge"), (A,)),
    Case("pad", lambda np, a: np.pad(a, (2, 9), mode="reflect"), (V,)),
    Case("pad", lambda np, a: np.pad(a, ((1, 2),), mode="reflect"), (A,)),
    Case("pad", lambda np, a: np.pad(a, (2, 1), "reflect", reflect_type="odd"), (A,)),
    Case("pad", lambda np, a: np.pad(a, (10, 12), "reflect", reflect_type="odd"), (V,)),
    Case("pad", lambda np, a: np.pad(a, (3, 3), "reflect", reflect_type="odd"), (array(1),)),
    Case("pad", lambda np, a: np.pad(a, (1, 9), mode="symmetric"), (A,)),
    Case("pad", lambda np, a: np.pad(a, (9, 11), "symmetric", reflect_type="odd"), (V,)),
    Case("pad", lambda np, a: np.pad(a, (3, 7), mode="wrap"), (A,)),
    Case("pad", lambda np, a: np.pad(a, (2, 3), "linear_ramp"), (A,)),
    Case("pad", lambda np, a: np.pad(a, (2, 0), "linear_ramp", end_values=(1, -1)), (C,)),
    Case("pad", lambda np, a: np.pad(a, 1, mode="maximum"), (A,)),
    Case("pad", lambda np, a: np.pad(a, (1, 2), mode="maximum", stat_length=2), (A,)),
    Case("pad", lambda np, a: np.pad(a, 1, mode="minimum", stat_length=((1, 2), (3, 9))), (A,)),
    Case("pad", lambda np, a: np.pad(a, 2, mode="mean", stat_length=(2, 3)), (A,)),
    Case("pad", lambda np, a: np.pad(a, 2, mode="mean"), (C,)),
    Case("pad", lambda np, a: np.pad(a, 1, mode="median"), (A,)),
    Case("pad", lambda np, a: np.pad(a, 1, mode="empty")[1:-1, 1:-1], (A,)),
]
