"""Prices of European options by the formula of Black and Scholes: array code, and one kernel."""

import cupy

# The normal distribution by a polynomial of Zelen and Severo (Abramowitz and Stegun, 26.2.17).
COEFFICIENTS = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)
SCALE = 0.2316419
ROOT = 0.3989422804014327  # 1 / sqrt(2 * pi)


def normal_cdf(xp, d):
    k = 1.0 / (1.0 + SCALE * xp.abs(d))
    series = 0.0
    for coefficient in reversed(COEFFICIENTS):
        series = k * (coefficient + series)
    tail = ROOT * xp.exp(-0.5 * d * d) * series
    return xp.where(d > 0, 1.0 - tail, tail)


def prices(xp, spot, strike, years, rate, volatility):
    """The prices of calls and puts."""
    spread = volatility * xp.sqrt(years)
    d1 = (xp.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    p1, p2 = normal_cdf(xp, d1), normal_cdf(xp, d2)
    discounted = strike * xp.exp(-rate * years)
    call = spot * p1 - discounted * p2
    put = discounted * (1.0 - p2) - spot * (1.0 - p1)
    return call, put


_CDF = """
template <typename T> __device__ inline T cdf(T d) {
    const T k = T(1) / (T(1) + T(0.2316419) * (d < 0 ? -d : d));
    const T series = k * (T(0.319381530) + k * (T(-0.356563782) + k * (T(1.781477937)
        + k * (T(-1.821255978) + k * T(1.330274429)))));
    const T tail = T(0.3989422804014327) * exp(T(-0.5) * d * d) * series;
    return d > 0 ? T(1) - tail : tail;
}
"""


def make_kernel():
    """The same prices, as one kernel."""
    return cupy.ElementwiseKernel(
        "T spot, T strike, T years, T rate, T volatility",
        "T call, T put",
        """
        const T spread = volatility * sqrt(years);
        const T d1 = (log(spot / strike) + (rate + volatility * volatility / 2) * years) / spread;
        const T d2 = d1 - spread;
        const T discounted = strike * exp(-rate * years);
        call = spot * cdf<T>(d1) - discounted * cdf<T>(d2);
        put = discounted * (1 - cdf<T>(d2)) - spot * (1 - cdf<T>(d1));
        """,
        "example_black_scholes",
        preamble=_CDF,
    )


def make_greeks_kernel():
    """The gradients of all five inputs, from those of the calls and the puts, as one kernel."""
    return cupy.ElementwiseKernel(
        "T of_call, T of_put, T spot, T strike, T years, T rate, T volatility",
        "T d_spot, T d_strike, T d_years, T d_rate, T d_volatility",
        """
        const T root = sqrt(years);
        const T spread = volatility * root;
        const T d1 = (log(spot / strike) + (rate + volatility * volatility / 2) * years) / spread;
        const T p1 = cdf<T>(d1);
        const T p2 = cdf<T>(d1 - spread);
        const T density = T(0.3989422804014327) * exp(T(-0.5) * d1 * d1);
        const T discount = exp(-rate * years);
        const T both = of_call + of_put;
        const T vega = spot * density * root;
        const T decay = spot * density * volatility / (2 * root);
        const T carry = strike * discount;
        d_spot = of_call * p1 + of_put * (p1 - 1);
        d_strike = of_call * -discount * p2 + of_put * discount * (1 - p2);
        d_years = both * decay + (of_call * p2 - of_put * (1 - p2)) * rate * carry;
        d_rate = (of_call * p2 - of_put * (1 - p2)) * years * carry;
        d_volatility = both * vega;
        """,
        "example_black_scholes_greeks",
        preamble=_CDF,
    )
