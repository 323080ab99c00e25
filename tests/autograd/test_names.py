"""`keratorch.autograd` has the names of HIPS/autograd that programs use, each with a docstring."""

import importlib
import importlib.util
import warnings

import pytest

NAMES = {
    "": "grad elementwise_grad value_and_grad jacobian hessian hessian_tensor_product "
    "hessian_vector_product tensor_jacobian_product vector_jacobian_product make_vjp make_jvp "
    "make_hvp make_ggnvp make_jvp_reversemode holomorphic_grad deriv grad_named grad_and_aux "
    "multigrad_dict checkpoint primitive isinstance tuple list dict type extend tracer util",
    "extend": "primitive defvjp defvjp_argnum defvjp_argnums defjvp defjvp_argnum defjvp_argnums "
    "def_linear notrace_primitive register_notrace vspace VSpace Box JVPNode VJPNode SparseObject",
    "tracer": "getval isbox primitive notrace_primitive register_notrace Box",
    "builtins": "isinstance type tuple list dict SequenceBox DictBox",
    "misc": "flatten const_graph",
    "misc.flatten": "flatten flatten_func",
    "misc.optimizers": "sgd rmsprop adam unflatten_optimizer",
    "misc.fixed_points": "fixed_point",
    "misc.tracers": "const_graph",
    "test_util": "check_grads check_vjp check_jvp combo_check scalar_close check_equivalent",
    "numpy": "linalg fft random make_diagonal metadata numpy_boxes numpy_vjps numpy_vspaces array "
    "sum where stack einsum",
    "numpy.linalg": "inv solve eigh norm cholesky svd det slogdet T",
    "numpy.fft": "fft ifft fft2 rfft irfft fftshift",
    "numpy.random": "rand randn RandomState seed",
    "numpy.numpy_boxes": "ArrayBox",
    "numpy.numpy_vjps": "unbroadcast unbroadcast_f repeat_to_match_shape match_complex",
    "numpy.numpy_vspaces": "ArrayVSpace ComplexArrayVSpace",
    "numpy.numpy_wrapper": "wrap_namespace",
    "core": "primitive primitive_vjps vspace make_vjp make_jvp getval isbox Box VJPNode JVPNode",
    "differential_operators": "grad jacobian make_vjp make_jvp_reversemode",
    "wrap_util": "unary_to_nary wraps get_name",
    "util": "quick_grad_check subval subvals func",
}


def module(library, name):
    return importlib.import_module(f"{library}.{name}".rstrip("."))


@pytest.mark.parametrize("name", NAMES)
def test_names_and_docstrings(name):
    ours = module("keratorch.autograd", name)
    assert ours.__doc__
    for attribute in NAMES[name].split():
        value = getattr(ours, attribute)
        if callable(value):
            assert value.__doc__, attribute


@pytest.mark.skipif(
    importlib.util.find_spec("autograd") is None, reason="HIPS/autograd is not installed"
)
@pytest.mark.parametrize("name", NAMES)
def test_the_names_are_those_of_hips(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = module("autograd", name)
        missing = [n for n in NAMES[name].split() if not hasattr(theirs, n)]
    own = {"": ["hessian_tensor_product", "vector_jacobian_product", "make_jvp_reversemode"]}
    # These three are in `differential_operators` there; some versions have them at the top too.
    assert set(missing) <= set(own.get(name, []))
