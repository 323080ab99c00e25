"""Conjugate gradients, and the heat equation."""


def conjugate_gradients(xp, a, b):
    """The solution of ``a @ x = b`` for a symmetric, positive definite matrix."""
    x = xp.zeros_like(b)
    r = b - a @ x
    p = r
    squared = xp.sum(r * r)
    for _ in range(b.shape[0]):
        ap = a @ p
        alpha = squared / xp.sum(p * ap)
        x = x + alpha * p
        r = r - alpha * ap
        following = xp.sum(r * r)
        p = r + following / squared * p
        squared = following
    return x


def heat(xp, initial, conductivity, steps):
    """The temperatures of a rod with fixed ends, by explicit steps."""
    u = initial.copy()
    for _ in range(steps):
        bend = u[2:] - 2 * u[1:-1] + u[:-2]
        u[1:-1] += conductivity * bend
    return u
