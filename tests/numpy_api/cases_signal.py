"""Convolution and correlation."""

from tests.numpy_api.cases import Case, array


def slid(np, *args, **kwargs):
    return np.lib.stride_tricks.sliding_window_view(*args, **kwargs)


CASES = (
    [
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
    ]
    + [
        Case("convolve", lambda np, a: np.convolve(a, [1, 2.5]), (array(4),)),
        Case(
            "correlate", lambda np, a: np.correlate([1, 2.5], a, "full"), (array(4, complex=True),)
        ),
        Case("convolve", lambda np, a: np.convolve(a, 2.0), (array(4),)),
    ]
    + [
        Case("lib.stride_tricks.sliding_window_view", call, inputs)
        for call, inputs in [
            (lambda np, a: slid(np, a, 2), (array(5),)),
            (lambda np, a: slid(np, a, (2, 3)), (array(3, 4),)),
            (lambda np, a: slid(np, a, 3, axis=0), (array(4, 2, complex=True),)),
            (lambda np, a: slid(np, a, (2, 1), axis=(-1, 0)), (array(3, 4, 2),)),
            (lambda np, a: slid(np, a.T[::2], 2, 1).mean(-1), (array(3, 4),)),
        ]
    ]
)
