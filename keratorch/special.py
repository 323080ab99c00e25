"""Special functions, under SciPy's names.

keratorch writes some functions itself, as `softplus` and `xlogy`. These functions work with every
array library. The other functions take their values from the array's library, or from SciPy for
NumPy arrays. Where that library has no such function, they raise `BackendUnavailableError`.
"""

import typing as _typing

from .core.namespace import missing_from as _missing_from
from .ops.exponential import expit as expit
from .ops.exponential import expm1 as expm1
from .ops.exponential import log1p as log1p
from .ops.softmax import log_softmax as log_softmax
from .ops.softmax import logsumexp as logsumexp
from .ops.softmax import softmax as softmax
from .ops.special_bessel import i0 as i0
from .ops.special_bessel import i0e as i0e
from .ops.special_bessel import i1 as i1
from .ops.special_bessel import i1e as i1e
from .ops.special_bessel import j0 as j0
from .ops.special_bessel import j1 as j1
from .ops.special_error import dawsn as dawsn
from .ops.special_error import erf as erf
from .ops.special_error import erfc as erfc
from .ops.special_error import erfcinv as erfcinv
from .ops.special_error import erfinv as erfinv
from .ops.special_error import log_ndtr as log_ndtr
from .ops.special_error import ndtr as ndtr
from .ops.special_error import ndtri as ndtri
from .ops.special_exponential import cbrt as cbrt
from .ops.special_exponential import entr as entr
from .ops.special_exponential import exp2 as exp2
from .ops.special_exponential import kl_div as kl_div
from .ops.special_exponential import log_expit as log_expit
from .ops.special_exponential import logit as logit
from .ops.special_exponential import rel_entr as rel_entr
from .ops.special_exponential import sinc as sinc
from .ops.special_exponential import softplus as softplus
from .ops.special_exponential import xlog1py as xlog1py
from .ops.special_exponential import xlogy as xlogy
from .ops.special_gamma import beta as beta
from .ops.special_gamma import betainc as betainc
from .ops.special_gamma import betaln as betaln
from .ops.special_gamma import digamma as digamma
from .ops.special_gamma import gamma as gamma
from .ops.special_gamma import gammainc as gammainc
from .ops.special_gamma import gammaincc as gammaincc
from .ops.special_gamma import gammaln as gammaln
from .ops.special_gamma import polygamma as polygamma
from .ops.special_gamma import zeta as zeta

# The functions above; classes are capitalized.
__all__ = [name for name in dir() if name[0].islower()]  # pyright: ignore[reportUnsupportedDunderAll]

if not _typing.TYPE_CHECKING:  # a type checker finds such names by itself
    __getattr__ = _missing_from(__name__)
