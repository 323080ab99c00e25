"""HIPS/autograd's names and conventions, for code that was written for it.

Change ``import autograd.numpy as np`` to ``import keratorch.autograd.numpy as np``, and ``from
autograd import grad`` to ``from keratorch.autograd import grad``. The conventions are those of
HIPS/autograd:

- ``argnum`` is the position of the argument to differentiate in.
- The gradient of a real L in a complex z is ∂L/∂Re z − i·∂L/∂Im z. `keratorch.grad` gives the
  conjugate of it.
- Results without axes are NumPy scalars.
- A function that should return one real number and does not raises a `TypeError`.

>>> import keratorch.autograd.numpy as np
>>> from keratorch.autograd import grad
>>> grad(lambda x: np.tanh(x) ** 2)(0.0)
np.float64(0.0)
"""

from __future__ import annotations

from . import extend as extend
from . import tracer as tracer
from . import util as util
from ._switch import replace_autograd as replace_autograd
from .builtins import dict as dict
from .builtins import isinstance as isinstance
from .builtins import list as list
from .builtins import tuple as tuple
from .builtins import type as type
from .core import primitive_with_deprecation_warnings as primitive
from .differential_operators import checkpoint as checkpoint
from .differential_operators import deriv as deriv
from .differential_operators import elementwise_grad as elementwise_grad
from .differential_operators import grad as grad
from .differential_operators import grad_and_aux as grad_and_aux
from .differential_operators import grad_named as grad_named
from .differential_operators import hessian as hessian
from .differential_operators import hessian_tensor_product as hessian_tensor_product
from .differential_operators import hessian_vector_product as hessian_vector_product
from .differential_operators import holomorphic_grad as holomorphic_grad
from .differential_operators import jacobian as jacobian
from .differential_operators import make_ggnvp as make_ggnvp
from .differential_operators import make_hvp as make_hvp
from .differential_operators import make_jvp as make_jvp
from .differential_operators import make_jvp_reversemode as make_jvp_reversemode
from .differential_operators import make_vjp as make_vjp
from .differential_operators import multigrad_dict as multigrad_dict
from .differential_operators import tensor_jacobian_product as tensor_jacobian_product
from .differential_operators import value_and_grad as value_and_grad
from .differential_operators import vector_jacobian_product as vector_jacobian_product

__all__ = [
    "checkpoint",
    "deriv",
    "dict",
    "elementwise_grad",
    "extend",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "isinstance",
    "jacobian",
    "list",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad_dict",
    "primitive",
    "replace_autograd",
    "tensor_jacobian_product",
    "tracer",
    "tuple",
    "type",
    "util",
    "value_and_grad",
    "vector_jacobian_product",
]
