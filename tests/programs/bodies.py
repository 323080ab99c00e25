"""Bodies that attract each other."""


def potential(xp, positions, masses):
    """The energy of gravity, softened, each pair counted once."""
    difference = positions[:, None, :] - positions[None, :, :]
    distance = xp.sqrt(xp.sum(difference**2, axis=2) + 0.01)
    pairs = masses[:, None] * masses[None, :] / distance
    return -(xp.sum(pairs) - xp.sum(masses**2) / 0.1) / 2


def accelerations(xp, positions, masses):
    difference = positions[None, :, :] - positions[:, None, :]
    cubed = (xp.sum(difference**2, axis=2) + 0.01) ** 1.5
    return xp.sum(masses[None, :, None] * difference / cubed[:, :, None], axis=1)


def leapfrog(xp, state, masses, step, steps):
    """Positions and velocities after some steps, in one vector as they came."""
    n = masses.shape[0]
    state = xp.reshape(state, (2, n, -1))
    x, v = state[0, ...], state[1, ...]
    a = accelerations(xp, x, masses)
    for _ in range(steps):
        v = v + step / 2 * a
        x = x + step * v
        a = accelerations(xp, x, masses)
        v = v + step / 2 * a
    return xp.reshape(xp.stack([x, v]), (-1,))
