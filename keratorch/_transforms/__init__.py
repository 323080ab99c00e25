"""Functions that differentiate functions."""

from ._checkpoint import checkpoint as checkpoint
from ._custom import custom_jvp as custom_jvp
from ._custom import custom_vjp as custom_vjp
from ._forward import jvp as jvp
from ._forward import linearize as linearize
from ._implicit import fixed_point as fixed_point
from ._implicit import implicit_root as implicit_root
from ._jacobians import ggnvp as ggnvp
from ._jacobians import hessian as hessian
from ._jacobians import hvp as hvp
from ._jacobians import jacfwd as jacfwd
from ._jacobians import jacobian as jacobian
from ._jacobians import jacrev as jacrev
from ._jacobians import stop_gradient as stop_gradient
from ._jacobians import vhp as vhp
from ._reverse import elementwise_grad as elementwise_grad
from ._reverse import grad as grad
from ._reverse import gradients as gradients
from ._reverse import value_and_grad as value_and_grad
from ._reverse import vjp as vjp
