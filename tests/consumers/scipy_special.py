"""`scipy.special`: each function that takes arrays of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sc

from tests.consumers.case import Case

P = np.array([0.3, 0.55, 0.8])  # within (0, 1)
Q = np.array([0.2, 0.6, 0.7])
X = np.array([0.5, 1.3, 2.2])
Y = np.array([1.7, 0.4, 3.1])
Z = np.array([1.2, 2.6, 0.9])
N = np.array([1, 2, 3])
M = np.array([4, 5, 6])

#: Functions with a second row, in which inputs that have no derivative are constants.
FIXED = {
    "betainc": (0, 1),
    "betaincc": (0, 1),
    "chdtr": (0,),
    "fdtr": (0, 1),
    "fdtrc": (0, 1),
    "gdtr": (0, 1),
    "gdtrc": (0, 1),
    "chdtrc": (0,),
    "gammainc": (0,),
    "gammaincc": (0,),
    "stdtr": (0,),
    "stdtrit": (0,),
    "zeta": (0,),
}
#: Name -> inputs.
CALLS: dict[str, tuple[Any, ...]] = {
    "bdtr": (X, M, P),
    "bdtrc": (X, M, P),
    "bdtri": (N, M, P),
    "betainc": (X, Y, P),
    "betaincc": (X, Y, P),
    "betaincinv": (X, Y, P),
    "betaln": (X, Y),
    "binom": (Y, X),
    "boxcox": (X, Y),
    "boxcox1p": (X, Y),
    "cbrt": (X,),
    "chdtr": (X, Y),
    "chdtrc": (X, Y),
    "chdtri": (X, P),
    "cosdg": (X,),
    "cosm1": (X,),
    "cotdg": (X,),
    "digamma": (X,),
    "ellipk": (P,),
    "ellipkm1": (P,),
    "entr": (X,),
    "erf": (X,),
    "erfc": (X,),
    "erfcx": (X,),
    "erfinv": (P,),
    "exp1": (X,),
    "exp10": (X,),
    "exp2": (X,),
    "expi": (X,),
    "expit": (X,),
    "expn": (N, X),
    "exprel": (X,),
    "fdtr": (X, Y, Z),
    "fdtrc": (X, Y, Z),
    "fdtri": (X, Y, P),
    "gamma": (X,),
    "gammainc": (X, Y),
    "gammaincc": (X, Y),
    "gammainccinv": (X, P),
    "gammaincinv": (X, P),
    "gammaln": (X,),
    "gammasgn": (X,),
    "gdtr": (X, Y, Z),
    "gdtrc": (X, Y, Z),
    "huber": (X, Y),
    "hyp1f1": (X, Y, Z),
    "i0": (X,),
    "i0e": (X,),
    "i1": (X,),
    "i1e": (X,),
    "inv_boxcox": (X, Y),
    "inv_boxcox1p": (X, Y),
    "j0": (X,),
    "j1": (X,),
    "k0": (X,),
    "k0e": (X,),
    "k1": (X,),
    "k1e": (X,),
    "kl_div": (X, Y),
    "log_ndtr": (X,),
    "log_softmax": (X,),
    "loggamma": (X,),
    "logit": (P,),
    "logsumexp": (X,),
    "lpmv": (N, M, P),
    "nbdtr": (N, M, P),
    "nbdtrc": (N, M, P),
    "nbdtri": (N, M, P),
    "ndtr": (X,),
    "ndtri": (P,),
    "pdtr": (N, Y),
    "pdtrc": (N, Y),
    "pdtri": (N, P),
    "poch": (X, Y),
    "polygamma": (N, X),
    "pseudo_huber": (X, Y),
    "psi": (X,),
    "radian": (X, Y, Z),
    "rel_entr": (X, Y),
    "rgamma": (X,),
    "sinc": (X,),
    "sindg": (X,),
    "softmax": (X,),
    "spence": (X,),
    "stdtr": (X, Y),
    "stdtrit": (X, P),
    "tandg": (X,),
    "xlog1py": (X, Y),
    "xlogy": (X, Y),
    "y0": (X,),
    "y1": (X,),
    "yn": (N, X),
    "zeta": (X + 1.5, Y),
    "zetac": (X + 1.5,),
}


def _case(name: str, **more: Any) -> Case:
    which = ", in its last argument" if more else ""
    return Case(f"scipy.special.{name}{which}", getattr(sc, name), CALLS[name], **more)


CASES = [
    *map(_case, CALLS),
    *(_case(name, fixed=fixed) for name, fixed in FIXED.items()),
    Case("scipy.special.multigammaln", lambda a: sc.multigammaln(a, 2), (X + 1.0,)),
]
CASES.sort(key=lambda case: case.name)
