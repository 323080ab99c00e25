"""Transformations: functions that differentiate functions."""

from .checkpointing import checkpoint as checkpoint
from .custom import custom_jvp as custom_jvp
from .custom import custom_vjp as custom_vjp
from .diagonals import hessian_diag as hessian_diag
from .forward import jvp as jvp
from .forward import linearize as linearize
from .implicit import fixed_point as fixed_point
from .implicit import implicit_root as implicit_root
from .jacobians import ggnvp as ggnvp
from .jacobians import hessian as hessian
from .jacobians import hvp as hvp
from .jacobians import jacfwd as jacfwd
from .jacobians import jacobian as jacobian
from .jacobians import jacrev as jacrev
from .jacobians import stop_gradient as stop_gradient
from .jacobians import vhp as vhp
from .reverse import elementwise_grad as elementwise_grad
from .reverse import grad as grad
from .reverse import gradients as gradients
from .reverse import value_and_grad as value_and_grad
from .reverse import vjp as vjp
