"""What to use in place of a name that keratorch has not: for the messages of `AttributeError`s.

The names are those of NumPy, PyTorch, JAX and autograd. A table has what only a person can know;
the rest is looked up: in the other namespaces of keratorch, in NumPy's, and by likeness.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ..core.array import GradArray
from ._lookup import _RENAMED, special_functions, table_function, ufunc_function

_RANDOM = (
    "use the random numbers of the array library, as in "
    "kt.asarray(numpy.random.default_rng(0).normal(size=3))"
)
_ARRAY = "use kt.GradArray(data), which has a gradient, or kt.asarray(data), which is a constant"
_JOIN = "use kt.concat or kt.stack, or keratorch.numpy.{}"
_OWN_MODULE = "it is a module of its own: write import keratorch.{}"
_DTYPE = "use the dtypes kt.float32, kt.float64, kt.int64 and so on, and x.astype(dtype)"
_BATCHES = "the functions of keratorch take stacks in the leading axes, as kt.matmul does"
_LAYERS = "keratorch has no layers: weights are GradArrays, and kt.nn.functional has functions"
_OPTIMIZERS = (
    "keratorch has no optimizers: write x -= rate * x.grad inside kt.no_grad(), or give "
    "kt.value_and_grad(f) to scipy.optimize.minimize with jac=True"
)

#: Names that people look for in the module `keratorch`; ``{}`` is the name itself.
MODULE = {
    # NumPy's
    "array": _ARRAY,
    "ndarray": "the class of arrays is kt.GradArray",
    "dot": "use kt.matmul, kt.tensordot or kt.vecdot, or keratorch.numpy.dot",
    "inner": "use kt.vecdot or kt.tensordot, or keratorch.numpy.inner",
    "outer": "use kt.linalg.outer, or keratorch.numpy.outer",
    "norm": "use kt.linalg.vector_norm or kt.linalg.matrix_norm, or keratorch.numpy.linalg.norm",
    "concatenate": "use kt.concat",
    **dict.fromkeys(("vstack", "hstack", "dstack", "column_stack"), _JOIN),
    "transpose": "use x.T or kt.permute_dims, or keratorch.numpy.transpose",
    "swapaxes": "use x.swapaxes(i, j) or kt.moveaxis, or keratorch.numpy.swapaxes",
    "ravel": "use x.ravel() or kt.reshape(x, (-1,))",
    "cumsum": "use kt.cumulative_sum, or keratorch.numpy.cumsum",
    "cumprod": "use kt.cumulative_prod, or keratorch.numpy.cumprod",
    "amax": "use kt.max",
    "amin": "use kt.min",
    "mod": "use kt.remainder",
    "fabs": "use kt.abs",
    "around": "use kt.round",
    "unique": "use kt.unique_values, kt.unique_counts or kt.unique_inverse",
    "argwhere": "use kt.nonzero, or keratorch.numpy.argwhere",
    "random": _RANDOM,
    "rand": _RANDOM,
    "randn": _RANDOM,
    "manual_seed": _RANDOM,
    "numpy": _OWN_MODULE,
    "cupy": _OWN_MODULE,
    "math": _OWN_MODULE,
    "testing": _OWN_MODULE,
    # PyTorch's
    **dict.fromkeys(("tensor", "Tensor", "as_tensor", "Variable"), _ARRAY),
    "from_numpy": "use kt.GradArray(a) or kt.asarray(a), which take NumPy arrays without a copy",
    "is_tensor": "use isinstance(x, kt.GradArray)",
    "cat": "use kt.concat",
    "mul": "use kt.multiply",
    "sub": "use kt.subtract",
    "div": "use kt.divide",
    "neg": "use kt.negative",
    "clamp": "use kt.clip",
    "rsqrt": "use 1 / kt.sqrt(x)",
    **dict.fromkeys(("mm", "bmm", "mv"), "use kt.matmul"),
    "permute": "use kt.permute_dims",
    "view": "use kt.reshape for another shape, or kt.astype for another dtype",
    "flatten": "use x.ravel() or kt.reshape(x, (-1,))",
    "unsqueeze": "use kt.expand_dims",
    "gather": "use kt.take_along_axis",
    "index_select": "use kt.take",
    "masked_fill": "use kt.where",
    "topk": "use kt.sort or kt.argsort",
    "lgamma": "use kt.special.gammaln",
    "autograd": "use kt.gradients(outputs, inputs), y.backward() or kt.grad(f)",
    "inference_mode": "use kt.no_grad",
    "set_grad_enabled": "use kt.no_grad or kt.enable_grad",
    "optim": _OPTIMIZERS,
    "cuda": 'use device="cuda", as in kt.GradArray(data, device="cuda"); kt.devices() lists them',
    "device": "use kt.Device, or a name such as 'cuda'",
    **dict.fromkeys(("float", "double", "half", "long", "dtype"), _DTYPE),
    "gradcheck": "use keratorch.testing.check_grads",
    # JAX's and autograd's
    "check_grads": "use keratorch.testing.check_grads",
    **dict.fromkeys(("vmap", "pmap"), _BATCHES),
    "jit": "keratorch does not compile: jax.jit and torch.compile take functions that call it",
    "device_put": "use kt.to_device",
    "primitive": "use kt.custom_vjp or kt.custom_jvp, or a subclass of kt.Grad",
    "defvjp": "use kt.custom_vjp",
    "defjvp": "use kt.custom_jvp",
    "make_vjp": "use kt.vjp",
    "make_jvp": "use kt.jvp",
    "make_hvp": "use kt.hvp",
    "make_ggnvp": "use kt.ggnvp",
    "hessian_vector_product": "use kt.hvp",
    "vector_jacobian_product": "use kt.vjp",
    "jacobian_vector_product": "use kt.jvp",
    "grad_and_aux": "use kt.grad(f, has_aux=True)",
    "egrad": "use kt.elementwise_grad",
}
#: The same for the namespaces in it.
SUBMODULES: dict[str, dict[str, str]] = {
    "linalg": {
        "norm": (
            "use kt.linalg.vector_norm or kt.linalg.matrix_norm, or keratorch.numpy.linalg.norm"
        ),
        "inverse": "use kt.linalg.inv",
        "logdet": "use kt.linalg.slogdet(x).logabsdet",
        "solve_triangular": "use kt.linalg.solve",
    },
    "fft": {
        name: f"use kt.fft.{name[:-1]}n(x, axes=(-2, -1)), or keratorch.numpy.fft.{name}"
        for name in ("fft2", "ifft2", "rfft2", "irfft2")
    },
    "special": {
        "sigmoid": "use kt.special.expit",
        "psi": "use kt.special.digamma",
        "loggamma": "use kt.special.gammaln",
        "lgamma": "use kt.special.gammaln",
    },
    "nn": dict.fromkeys(("Module", "Linear", "Parameter", "Sequential"), _LAYERS),
    "nn.functional": {
        "linear": "use x @ weight.mT + bias",
        "mse_loss": "use ((x - y) ** 2).mean()",
        "cross_entropy": (
            "with targets of 0 and 1 use -(y * kt.special.log_softmax(x, axis=-1)).sum(axis=-1)"
            ".mean(); with labels use "
            "-kt.take_along_axis(kt.special.log_softmax(x, axis=-1), labels[:, None]).mean()"
        ),
        "nll_loss": "use -kt.take_along_axis(log_p, labels[:, None]).mean()",
        "binary_cross_entropy": (
            "use -(kt.special.xlogy(y, p) + kt.special.xlog1py(1 - y, -p)).mean()"
        ),
        "binary_cross_entropy_with_logits": "use (kt.special.softplus(x) - y * x).mean()",
        "elu": "use kt.where(x > 0, x, kt.expm1(kt.minimum(x, 0)))",
        "gelu": "use x * kt.special.ndtr(x)",
        "leaky_relu": "use kt.where(x > 0, x, 0.01 * x)",
        "silu": "use x * kt.special.expit(x)",
        "dropout": "use x * mask / (1 - p) with a mask of the array library's random numbers",
        "embedding": "use weight[indices]",
        "layer_norm": (
            "use (x - x.mean(-1, keepdims=True)) / kt.sqrt(x.var(-1, keepdims=True) + 1e-5)"
        ),
        "batch_norm": (
            "use (x - x.mean(0, keepdims=True)) / kt.sqrt(x.var(0, keepdims=True) + 1e-5)"
        ),
        "pad": "use keratorch.numpy.pad(x, width)",
        "one_hot": "use kt.eye(n)[labels]",
    },
}
#: Functions of keratorch that other libraries have as methods.
FUNCTIONS = (
    *("abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "broadcast_to", "ceil"),
    *("cos", "cosh", "diff", "exp", "expand_dims", "expm1", "flip", "floor", "isfinite", "isinf"),
    *("isnan", "log", "log10", "log1p", "log2", "maximum", "minimum", "moveaxis", "pow", "roll"),
    *("sign", "sin", "sinh", "sqrt", "square", "tan", "tanh", "tensordot", "tile", "tril", "triu"),
    *("trunc", "vecdot", "where"),
)
_MEMORY = (
    "the layout in memory is the library's: use x.detach()._array.{}, or give code that looks at "
    "it x.numpy()"
)
#: Attributes and methods of the arrays of NumPy, PyTorch and JAX that a `GradArray` has not.
ATTRIBUTES = {
    **{name: f"use kt.{name}(x)" for name in FUNCTIONS},
    # NumPy's
    "__array_interface__": "memory has no gradient: give the library x.numpy()",
    "base": _MEMORY.format("base"),
    "byteswap": "an array of keratorch has the byte order of the machine",
    "ctypes": "an address has no gradient: use x.numpy().ctypes",
    "data": "use x.detach(), which shares the memory; write x[...] = value inside kt.no_grad()",
    "dump": "use pickle",
    "dumps": "use pickle",
    "flags": _MEMORY.format("flags"),
    "getfield": "the dtypes of keratorch have no fields",
    "resize": "an array keeps its size: use numpy.resize(x, shape), which returns another",
    "setfield": "the dtypes of keratorch have no fields",
    "setflags": _MEMORY.format("setflags"),
    "strides": _MEMORY.format("strides"),
    "tobytes": "bytes have no gradient: use x.numpy().tobytes()",
    "tofile": "bytes have no gradient: use x.numpy().tofile(file)",
    "view": "use x.reshape(shape) for another shape, or x.astype(dtype) for another dtype",
    # PyTorch's
    "cpu": "use x.to_device('cpu')",
    "cuda": "use x.to_device('cuda')",
    "to": "use x.to_device(device) or x.astype(dtype)",
    "type": "use x.astype(dtype)",
    "float": "use x.astype('float32')",
    "double": "use x.astype('float64')",
    "half": "use x.astype('float16')",
    "int": "use x.astype('int32')",
    "long": "use x.astype('int64')",
    "bool": "use x.astype('bool')",
    "requires_grad_": "write x.requires_grad = True",
    "detach_": "use x.detach()",
    "clone": "use x.copy()",
    "contiguous": "leave it out: keratorch and the library see to the layout in memory",
    "retain_grad": "leave it out: results keep their gradient in y.grad too",
    "grad_fn": "use x.grad_op",
    "is_cuda": "compare x.device with 'cuda'",
    "is_contiguous": "the layout in memory is the library's",
    "numel": "use x.size",
    "dim": "use x.ndim",
    "t": "use x.T",
    "permute": "use x.transpose(axes)",
    "unsqueeze": "use kt.expand_dims(x, axis=axis), or None in an index, as in x[:, None]",
    "expand": "use kt.broadcast_to(x, shape)",
    "view_as": "use x.reshape(y.shape)",
    "norm": "use kt.linalg.vector_norm(x) or kt.linalg.matrix_norm(x)",
    "mm": "use x @ y",
    "matmul": "use x @ y",
    "clamp": "use x.clip(low, high)",
    "masked_fill": "use kt.where(mask, value, x)",
    "gather": "use kt.take_along_axis(x, indices, axis=axis)",
    "index_select": "use x.take(indices, axis)",
    "relu": "use kt.nn.functional.relu(x)",
    "sigmoid": "use kt.special.expit(x)",
    "softmax": "use kt.special.softmax(x, axis=axis)",
    "log_softmax": "use kt.special.log_softmax(x, axis=axis)",
    "logsumexp": "use kt.special.logsumexp(x, axis=axis)",
    "erf": "use kt.special.erf(x)",
    "inverse": "use kt.linalg.inv(x)",
    "det": "use kt.linalg.det(x)",
    **dict.fromkeys(("add_", "sub_", "mul_", "div_"), "write x += y, or with -=, *= or /="),
    **dict.fromkeys(("copy_", "fill_"), "write x[...] = value"),
    "zero_": "write x[...] = 0; x.zero_grad() forgets a gradient",
    # JAX's
    "at": "write y = x.copy(), and y[i] = value or y[i] += value, which are recorded",
    "block_until_ready": "leave it out: x.numpy() and x.item() wait for the device",
}
#: The names of the module `keratorch`; it sets them during its import (`install`).
_public: Mapping[str, Any] = {}
#: The namespaces of keratorch, in the order in which they are searched.
_SCOPES = ("", "linalg", "fft", "special", "nn.functional")


def _names(path: str) -> list[str]:
    """The public names of the module `keratorch`, or of a namespace in it."""
    if not path:
        return [name for name in _public if not name.startswith("_")]
    module, _, inner = path.partition(".")
    return list((getattr(_public[module], inner) if inner else _public[module]).__all__)


def of_keratorch(scope: str | None, name: str) -> str | None:
    """The function of that name, or of NumPy's, in a namespace of keratorch but `scope`."""
    for path in _SCOPES:
        if path != scope and name in _names(path):
            return f"use {'.'.join(filter(None, ('kt', path, name)))}"
    renamed = _RENAMED.get(name)
    return None if renamed is None else f"use kt.{renamed}"


def _of_numpy(scope: str, name: str) -> str | None:
    """The function of `keratorch.numpy`, with a rule or without."""
    import numpy as np

    for part in ("", "linalg", "fft") if scope in ("", "linalg", "fft") else ():
        # Not by getattr: NumPy warns of names that it is about to drop, and imports modules.
        theirs = vars(getattr(np, part) if part else np).get(name)
        if not callable(theirs) or isinstance(theirs, type):
            continue
        path = f"{part}.{name}" if part else name
        ufunc = ufunc_function(theirs) if isinstance(theirs, np.ufunc) else None
        if ufunc is not None or table_function(path) is not None:
            return f"use keratorch.numpy.{path}"
        return f"use keratorch.numpy.{path} for arrays without a gradient: it has no derivative"
    return None


@functools.lru_cache(maxsize=1024)
def instead(scope: str, name: str) -> str:
    """What to use in place of `name`, which a namespace of keratorch has not; "" for no idea.

    scope : ``""`` for the module `keratorch`, or ``"linalg"``, ``"fft"``, ``"special"``, ``"nn"``.
    """
    table = SUBMODULES.get(scope, MODULE)
    if name in table:
        return table[name].format(name)
    if name in _names(scope):  # asked of a backend's namespace, which has less than the module
        return f"use {'.'.join(filter(None, ('kt', scope, name)))}"
    if scope == "special" and name in special_functions():
        return f"use scipy.special.{name}, which takes GradArrays"
    found = of_keratorch(scope, name) or _of_numpy(scope, name)
    if found is not None:
        return found
    import difflib  # it loads much, and is seldom needed

    near = difflib.get_close_matches(name, [*_names(scope), *table], n=1, cutoff=0.8)
    if not near:
        return ""
    return table[near[0]].format(near[0]) if near[0] in table else f"did you mean {near[0]!r}?"


class Missing:
    """An attribute that arrays have not: looked up, it says what to use.

    A subclass may give its arrays an attribute of the name. This is no ``__getattr__``, with which
    each look at an attribute that is there takes longer.
    """

    def __init__(self, name: str, use: str) -> None:
        self.name = name
        self.use = use

    def __get__(self, x: Any, cls: type) -> Any:
        try:
            return x.__dict__[self.name]
        except (AttributeError, KeyError):
            raise self._error() from None

    def __set__(self, x: Any, value: Any) -> None:
        try:
            x.__dict__[self.name] = value
        except AttributeError:
            raise self._error() from None

    def __delete__(self, x: Any) -> None:
        try:
            del x.__dict__[self.name]
        except (AttributeError, KeyError):
            raise self._error() from None

    def _error(self) -> AttributeError:
        return AttributeError(
            f"'GradArray' object has no attribute {self.name!r}: {self.use}", name=self.name
        )


def present(self: GradArray) -> list[str]:
    """The attributes that there are, for ``dir(x)``."""
    own = getattr(self, "__dict__", ())
    return [n for n in object.__dir__(self) if n not in ATTRIBUTES or n in own]


def install(public: Mapping[str, Any]) -> None:
    """Give `GradArray` the messages; `public` has the names of the module `keratorch`."""
    global _public
    _public = public
    for name, use in ATTRIBUTES.items():
        setattr(GradArray, name, Missing(name, use))
    GradArray.__dir__ = present


__all__ = ["ATTRIBUTES", "MODULE", "install", "instead", "of_keratorch"]
