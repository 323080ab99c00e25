"""Convolution and correlation."""

from tests.numpy_api.cases import Case, array

CASES = [
    Case(name, call, (array(m, complex=c), array(n, seed=1, complex=c)))
    for m, n in [(5, 3), (3, 5), (6, 4), (4, 4), (1, 2), (4, 7)]
    for c in (False, True)
    for name, call in [
        ("convolve", lambda np, a, b: np.convolve(a, b)),
        ("convolve", lambda np, a, b: np.convolve(a, b, "same")),
        ("convolve", lambda np, a, b: np.convolve(a, b, mode="valid")),
        ("correlate", lambda np, a, b: np.correlate(a, b)),
        ("correlate", lambda np, a, b: np.correlate(a, b, "same")),
        ("correlate", lambda np, a, b: np.correlate(a, b, mode="full")),
    ]
] + [
    Case("convolve", lambda np, a: np.convolve(a, [1, 2.5]), (array(4),)),
    Case("correlate", lambda np, a: np.correlate([1, 2.5], a, "full"), (array(4, complex=True),)),
    Case("convolve", lambda np, a: np.convolve(a, 2.0), (array(4),)),
]
