"""Options: the formula of Black and Scholes, and the same price by Monte Carlo."""

import math


def normal_cdf(xp, x):
    """The distribution function of the normal law near 0, by Marsaglia's series."""
    term = x
    total = x
    for n in range(1, 13):
        term = term * x * x / (2 * n + 1)
        total = total + term
    return 0.5 + total * xp.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def black_scholes(xp, spot, strike, time, rate, volatility):
    """The prices of European calls and puts."""
    spread = volatility * xp.sqrt(time)
    d1 = (xp.log(spot / strike) + (rate + volatility**2 / 2) * time) / spread
    d2 = d1 - spread
    cdf_d1 = normal_cdf(xp, d1)
    cdf_d2 = normal_cdf(xp, d2)
    discounted = strike * xp.exp(-rate * time)
    call = spot * cdf_d1 - discounted * cdf_d2
    put = discounted * (1 - cdf_d2) - spot * (1 - cdf_d1)
    return call, put


def monte_carlo_call(xp, noise, spot, strike, time, rate, volatility):
    """The price of a call as the mean over paths of geometric Brownian motion.

    noise : independent standard normal numbers, one row per path and one column per step.
    """
    step = time / noise.shape[1]
    log_price = xp.log(spot)
    for i in range(noise.shape[1]):
        drift = (rate - volatility**2 / 2) * step
        log_price = log_price + drift + volatility * xp.sqrt(step) * noise[:, i]
    payoff = xp.maximum(xp.exp(log_price) - strike, xp.zeros_like(log_price))
    return xp.exp(-rate * time) * xp.mean(payoff)
