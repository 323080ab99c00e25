"""The names of `cupy.random` 14.2.0 for type checkers: see `tests/mirror_stubs.py`."""

from ..interop._mirror_types import Function
from cupy.random import BitGenerator as BitGenerator
from cupy.random import MRG32k3a as MRG32k3a
from cupy.random import Philox4x3210 as Philox4x3210
from cupy.random import RandomState as RandomState
from cupy.random import XORWOW as XORWOW
from cupy.random import annotations as annotations

beta: Function
binomial: Function
bytes: Function
chisquare: Function
choice: Function
default_rng: Function
dirichlet: Function
exponential: Function
f: Function
gamma: Function
geometric: Function
get_random_state: Function
gumbel: Function
hypergeometric: Function
laplace: Function
logistic: Function
lognormal: Function
logseries: Function
multinomial: Function
multivariate_normal: Function
negative_binomial: Function
noncentral_chisquare: Function
noncentral_f: Function
normal: Function
pareto: Function
permutation: Function
poisson: Function
power: Function
rand: Function
randint: Function
randn: Function
random: Function
random_integers: Function
random_sample: Function
ranf: Function
rayleigh: Function
reset_states: Function
sample: Function
seed: Function
set_random_state: Function
shuffle: Function
standard_cauchy: Function
standard_exponential: Function
standard_gamma: Function
standard_normal: Function
standard_t: Function
triangular: Function
uniform: Function
vonmises: Function
wald: Function
weibull: Function
zipf: Function
