"""Transformations composed at random, against derivatives of polynomials computed exactly.

A program is an expression in variables, each bound by a derivative or by the program itself:
``{"D": (way, variable, body, at)}`` is the derivative of `body` in a variable of its own, which is
added to those around, evaluated at another expression. Since every body may name every variable
around it, inner functions capture outer variables at random. The same program is run by keratorch
and by a few lines that know polynomials with integer coefficients: their results are equal, not
near, as long as the numbers stay below 2⁵³.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import keratorch as kt

# -- polynomials in plain Python -----------------------------------------------------------------


class Polynomial:
    """A polynomial with integer coefficients: ``{((variable, power), …): coefficient}``."""

    def __init__(self, terms):
        self.terms = {m: c for m, c in terms.items() if c}

    @classmethod
    def number(cls, c):
        return cls({(): c})

    @classmethod
    def variable(cls, i):
        return cls({((i, 1),): 1})

    def __add__(self, other):
        terms = dict(self.terms)
        for m, c in other.terms.items():
            terms[m] = terms.get(m, 0) + c
        return Polynomial(terms)

    def __mul__(self, other):
        terms = {}
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                powers = dict(m)
                for i, k in n:
                    powers[i] = powers.get(i, 0) + k
                key = tuple(sorted(powers.items()))
                terms[key] = terms.get(key, 0) + c * d
        return Polynomial(terms)

    def power(self, k):
        found = Polynomial.number(1)
        for _ in range(k):
            found = found * self
        return found

    def derivative(self, i):
        terms = {}
        for m, c in self.terms.items():
            powers = dict(m)
            k = powers.pop(i, 0)
            if k:
                if k > 1:
                    powers[i] = k - 1
                key = tuple(sorted(powers.items()))
                terms[key] = terms.get(key, 0) + c * k
        return Polynomial(terms)

    def at(self, i, value):
        """With the polynomial `value` in place of variable `i`."""
        found = Polynomial({})
        for m, c in self.terms.items():
            powers = dict(m)
            k = powers.pop(i, 0)
            rest = Polynomial({tuple(sorted(powers.items())): c})
            found = found + rest * value.power(k)
        return found

    def __call__(self, values):
        return sum(c * math.prod(values[i] ** k for i, k in m) for m, c in self.terms.items())

    @property
    def degree(self):
        return max((sum(k for _, k in m) for m in self.terms), default=0)

    def size(self, values):
        """What no intermediate result of the sum exceeds."""
        return sum(
            abs(c) * math.prod(abs(values[i]) ** k for i, k in m) for m, c in self.terms.items()
        )


def test_polynomials():
    x, y = Polynomial.variable(0), Polynomial.variable(1)
    p = x * x * y + Polynomial.number(3) * y + Polynomial.number(-2)
    assert p((2, 5)) == 33
    assert p.derivative(0)((2, 5)) == 20
    assert p.derivative(1)((2, 5)) == 7
    assert p.at(1, x + y)((2, 5)) == 4 * 7 + 3 * 7 - 2
    assert (p.degree, p.derivative(1).degree) == (3, 2)
    assert (p.size((2, 5)), p.size((-2, 5))) == (37, 37)


# -- derivatives of functions of a number, in every way ------------------------------------------


def like(x, number):
    return kt.full_like(x, number) if isinstance(x, kt.GradArray) else float(number)


def as_vector(f, reverse):
    """The derivative of `f`, of a number, from the Jacobian of a function of a vector."""
    jacobian = kt.jacrev if reverse else kt.jacfwd

    def derivative(x):
        def g(v):
            return kt.stack([f(v[0]), f(v[1]) * 2.0])

        j = jacobian(g)(kt.stack([kt.asarray(x), kt.asarray(x) * 1.0]))
        return j[0, 0] + j[0, 1] + (j[1, 1] - 2.0 * j[0, 0])

    return derivative


def by_vjp(f):
    def derivative(x):
        y, pullback = kt.vjp(f, x)
        return pullback(like(y, 4.0))[0] / 4.0  # exact, back and forth

    return derivative


def by_linearize(f):
    def derivative(x):
        _, linear = kt.linearize(f, x)
        return linear(like(x, 3.0)) - linear(like(x, 2.0))

    return derivative


def by_structure(f):
    """By `grad`, of a function of a dict with a part that is not used."""

    def derivative(x):
        return kt.grad(lambda p: f(p["x"]))({"x": x, "unused": 1.0})["x"]

    return derivative


WAYS = {
    "grad": kt.grad,
    "value_and_grad": lambda f: lambda x: kt.value_and_grad(f)(x)[1],
    "elementwise_grad": kt.elementwise_grad,
    "jvp": lambda f: lambda x: kt.jvp(f, (x,), (like(x, 1.0),))[1],
    "vjp": by_vjp,
    "linearize": by_linearize,
    "jacrev": kt.jacrev,
    "jacfwd": kt.jacfwd,
    "jacrev of a vector": lambda f: as_vector(f, reverse=True),
    "jacfwd of a vector": lambda f: as_vector(f, reverse=False),
    "grad of checkpoint": lambda f: kt.grad(kt.checkpoint(f)),
    "jvp of checkpoint": lambda f: lambda x: kt.jvp(kt.checkpoint(f), (x,), (like(x, 1.0),))[1],
    "grad of a dict": by_structure,
}

# -- programs ------------------------------------------------------------------------------------
#
# ("x", i)                      variable number i, counted from the outermost
# ("c", n)                      a small integer
# ("+" or "*", left, right)
# ("C", body)                   checkpoint of the body, a function without arguments of its own
# ("D", way, body, at)          the derivative of the body in a new variable, at `at`

POINT = (2, -1)
#: Evenly, which `sampled_from` does not do.
EACH_WAY = st.integers(0, 2**20).map(lambda n: sorted(WAYS)[n % len(WAYS)])


@st.composite
def expressions(draw, variables, depth, size):
    """An expression in that many variables, with derivatives nested at most `depth` deep."""
    kinds = ["x", "x", "c"]
    if size > 0:
        kinds += ["+", "*", "*", "C"]
        kinds += ["D", "D", "D", "D"] if depth else []
    kind = draw(st.sampled_from(kinds))
    if kind == "x":
        return "x", draw(st.integers(0, variables - 1))
    if kind == "c":
        return "c", draw(st.integers(-2, 3))
    if kind == "C":
        return "C", draw(expressions(variables, depth, size - 1))
    if kind == "D":
        way = draw(EACH_WAY)
        body = draw(expressions(variables + 1, depth - 1, size - 1))
        return "D", way, body, draw(expressions(variables, 0, size - 2))
    left = draw(expressions(variables, depth, size - 1))
    return kind, left, draw(expressions(variables, depth, size - 1))


@st.composite
def programs(draw):
    """Derivatives three deep for certain, whose bodies are products with more of them within."""
    body = draw(expressions(len(POINT) + 3, 1, 3))
    for variables in (len(POINT) + 2, len(POINT) + 1, len(POINT)):
        new = "x", variables
        around = "x", draw(st.integers(0, variables - 1))
        factor = "+", around, draw(expressions(variables + 1, 0, 2))
        body = draw(st.sampled_from("+*")), body, ("*", ("*", new, new), factor)
        at = draw(st.sampled_from("+*")), around, draw(expressions(variables, 0, 1))
        body = "D", draw(EACH_WAY), body, at
    return body


def exact(program, variables):
    """The program as a polynomial in `variables` variables."""
    kind, *parts = program
    if kind == "x":
        return Polynomial.variable(parts[0])
    if kind == "c":
        return Polynomial.number(parts[0])
    if kind == "C":
        return exact(parts[0], variables)
    if kind == "D":
        _, body, at = parts
        inner = exact(body, variables + 1)
        found = inner.derivative(variables).at(variables, exact(at, variables))
    else:
        left, right = (exact(p, variables) for p in parts)
        assume(left.degree + right.degree <= 12 or kind == "+")
        found = left + right if kind == "+" else left * right
    assume(found.degree <= 12 and len(found.terms) <= 60)
    return found


def run(program, values):
    """The program by keratorch."""
    kind, *parts = program
    if kind == "x":
        return values[parts[0]]
    if kind == "c":
        return kt.asarray(float(parts[0]))
    if kind == "C":
        return kt.checkpoint(lambda: run(parts[0], values))()
    if kind == "D":
        way, body, at = parts
        return WAYS[way](lambda x: run(body, [*values, x]))(run(at, values))
    left, right = (run(p, values) for p in parts)
    return left + right if kind == "+" else left * right


PROFILE = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@PROFILE
@given(programs())
def test_composition(program):
    """The value, and the gradient in what is outermost: four levels."""
    polynomial = exact(program, len(POINT))
    slopes = [polynomial.derivative(i) for i in range(len(POINT))]
    assume(all(p.size(POINT) < 2**40 for p in (polynomial, *slopes)))
    xs = tuple(np.array(float(x)) for x in POINT)
    value, found = kt.value_and_grad(lambda x, y: run(program, [x, y]), (0, 1))(*xs)
    assert value == polynomial(POINT)
    assert list(found) == [p(POINT) for p in slopes]
    _, tangent = kt.jvp(lambda x, y: run(program, [x, y]), xs, (1.0, -2.0))
    assert tangent == slopes[0](POINT) - 2 * slopes[1](POINT)


@PROFILE
@given(programs())
def test_composition_on_tracked_arrays(program):
    """Outside of every transformation, where the variables are leaves and backward runs."""
    polynomial = exact(program, len(POINT))
    slopes = [polynomial.derivative(i) for i in range(len(POINT))]
    assume(all(p.size(POINT) < 2**40 for p in (polynomial, *slopes)))
    leaves = [kt.GradArray(float(x)) for x in POINT]
    y = run(program, leaves)
    assert y.item() == polynomial(POINT)
    if y.requires_grad:
        y.backward()
    for leaf, p in zip(leaves, slopes, strict=True):
        assert (0.0 if leaf.grad is None else leaf.grad) == p(POINT)


@pytest.mark.parametrize("way", WAYS)
def test_every_way(way):
    """d/dx [x·d/dy (x²y³ at y = x)] = d/dx 3x⁵, at 2."""
    inner = lambda x: x * WAYS[way](lambda y: x * x * y**3)(x)  # noqa: E731
    assert WAYS[way](inner)(np.array(2.0)) == 15 * 2**4
