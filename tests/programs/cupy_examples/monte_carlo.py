"""Prices of European calls by Monte Carlo: a kernel that draws its own random numbers."""

import cupy

_DRAWS = """
__device__ inline unsigned long long mixed(unsigned long long z) {  // splitmix64
    z += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

template <typename T> __device__ inline T uniform(unsigned long long z) {
    return (T(mixed(z) >> 11) + T(0.5)) / T(9007199254740992.0);
}

// A standard normal number by Box and Muller.
template <typename T> __device__ inline T normal(long long thread, int draw, int seed) {
    const unsigned long long z = mixed(mixed(seed) + thread) + 2ULL * draw;
    return sqrt(T(-2) * log(uniform<T>(z))) * cos(T(6.283185307179586) * uniform<T>(z + 1));
}
"""


def make_kernel():
    """The mean payoff of `draws` paths for each thread; ``i`` is the number of the thread."""
    return cupy.ElementwiseKernel(
        "T spot, T strike, T years, T rate, T volatility, int32 draws, int32 seed",
        "T price",
        """
        const T spread = volatility * sqrt(years);
        const T drift = (rate - volatility * volatility / 2) * years;
        T total = 0;
        for (int k = 0; k < draws; ++k) {
            const T gain = spot * exp(drift + spread * normal<T>(i, k, seed)) - strike;
            total += gain > 0 ? gain : T(0);
        }
        price = exp(-rate * years) * total / draws;
        """,
        "example_monte_carlo",
        preamble=_DRAWS,
    )


def make_greeks_kernel():
    """The derivatives along the same paths, times the gradients of the prices."""
    return cupy.ElementwiseKernel(
        "T grad, T spot, T strike, T years, T rate, T volatility, int32 draws, int32 seed",
        "T d_spot, T d_strike, T d_years, T d_rate, T d_volatility",
        """
        const T root = sqrt(years);
        const T drift = (rate - volatility * volatility / 2) * years;
        T value = 0, ends = 0, hits = 0, noise = 0;
        for (int k = 0; k < draws; ++k) {
            const T z = normal<T>(i, k, seed);
            const T end = spot * exp(drift + volatility * root * z);
            if (end > strike) {
                value += end - strike;
                ends += end;
                noise += end * z;
                hits += 1;
            }
        }
        const T scale = grad * exp(-rate * years) / draws;
        d_spot = scale * ends / spot;
        d_strike = -scale * hits;
        d_years = scale * (ends * drift / years + noise * volatility / (2 * root) - rate * value);
        d_rate = scale * (ends * years - years * value);
        d_volatility = scale * (noise * root - ends * volatility * years);
        """,
        "example_monte_carlo_greeks",
        preamble=_DRAWS,
    )


def prices(kernel, spot, strike, years, rate, volatility, threads, draws, seed=0):
    """One price for each option, from ``threads * draws`` paths."""
    found = cupy.empty((len(spot), threads), dtype=spot.dtype)
    kernel(spot[:, None], strike[:, None], years[:, None], rate, volatility, draws, seed, found)
    return found.mean(axis=1)
