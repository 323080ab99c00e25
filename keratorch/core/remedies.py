"""What to write in place of a call that would lose a gradient: one row for each caller.

`losing.lost` looks up who asks, and makes the error. `python -m tests.remedy_table` writes the rows
into `docs/plain-values.md`.
"""

from __future__ import annotations

from typing import NamedTuple

#: How to make an array that tracked values can be written into.
FILLED = (
    "make that array with {zeros}, or inside a transformation such as kt.grad, and inside "
    "`with kt.fillable():`, with zeros, empty or full of {mirror}"
)


#: What is said of a write, also of one by a library.
WRITING = (
    "writing a tracked array of shape {shape} into a plain array (a[i] = x), or indexing a plain "
    "array with it to write there (a[x] = v), would lose its gradient"
)


class Row(NamedTuple):
    """A place that asks for plain values, and the cure.

    place : what the user wrote, or the library that asks, for the table in the documentation.
    callers : ``"module"`` for everything in a module and below it, or ``"module:name,name"`` for
        some of its functions and methods.
    cure : the end of the message. ``{mirror}`` stands for `keratorch.numpy`, or `keratorch.cupy` if
        the array is CuPy's; ``{np}`` for its usual short name; ``{lists}`` for a sentence about
        lists; ``{zeros}`` for the call that makes an array to write into; ``{called}`` for the
        name of the function that asks.
    head : the begin of the message, if it is not "float() of a tracked array of shape … would lose
        its gradient".
    asked : the question, as "float()", if the row is for one question only.
    """

    place: str
    callers: str
    cure: str
    head: str = ""
    asked: str = ""


LISTS = (
    "write `import {mirror} as {np}`, whose functions take tracked arrays, and lists that hold them"
)
STACKS = "make an array of x and y with kt.stack([x, y]), and compute with kt's functions"
_VALUES = "the values alone are x.numpy() or x.detach()"
_ROOT = (
    "for the derivative of the solution write kt.implicit_root(f, solve)(p), where f(x, p) is 0 at "
    "the solution, and solve(p) calls SciPy: its p is a constant"
)
_OPTIMUM = (
    "for the derivative of the optimum write kt.implicit_root(kt.grad(loss), solve)(p), where "
    "loss(x, p) is minimised, and solve(p) calls SciPy: its p is a constant"
)
_SAMPLE = (
    "a generator takes constants: draw standard numbers and scale them, as in "
    "loc + scale * rng.normal(size=n), or give it x.numpy()"
)

#: The rows. The first that fits counts; of several functions behind a call, the outermost.
ROWS = [
    # -- what a file or a picture gets ------------------------------------------------------------
    Row(
        "`numpy.save`, `savez`, `savetxt`; `scipy.io`",
        "numpy:save,savez,savez_compressed,savetxt cupy:save,savez,savez_compressed,savetxt "
        "scipy.io",
        "a file has values and no gradient: pass x.numpy() in place of x, which copies the values "
        "to the host",
        "{called} of a tracked array of shape {shape}",
    ),
    Row(
        "Matplotlib, seaborn",
        "matplotlib mpl_toolkits seaborn",
        "a plot has no gradient: give it x.numpy()",
    ),
    Row(
        "pandas",
        "pandas",
        "a table has values and no gradient: give it x.numpy(), or x.item() for one element",
    ),
    Row("Pillow, h5py", "PIL h5py", "a file has values and no gradient: give it x.numpy()"),
    Row(
        "`pickle`, `ctypes`, `struct`, `array.array`, `bytes`",
        "pickle _pickle ctypes _ctypes struct _struct array builtins:bytes,bytearray,memoryview",
        "bytes have no gradient: give it x.item() for one number, x.tolist() for several",
    ),
    # -- SciPy ------------------------------------------------------------------------------------
    Row(
        "`brentq`, `bisect`, `newton`, `root_scalar`, `root`, `fsolve`, `broyden1` of "
        "`scipy.optimize`",
        "scipy.optimize:brentq,brenth,bisect,ridder,toms748,newton,root_scalar,root,fsolve,"
        "fixed_point,broyden1,broyden2,anderson,newton_krylov,linearmixing,diagbroyden,"
        "excitingmixing,df_sane",
        _ROOT,
    ),
    Row(
        "`linprog`, `milp`, `nnls`, `lsq_linear`, `linear_sum_assignment` of `scipy.optimize`",
        "scipy.optimize:linprog,milp,nnls,lsq_linear,linear_sum_assignment,quadratic_assignment",
        "keratorch has no rule for it: give it x.numpy(), or a rule with kt.custom_vjp",
    ),
    Row(
        "`minimize`, `minimize_scalar`, `least_squares`, `curve_fit` and the rest of "
        "`scipy.optimize`",
        "scipy.optimize",
        _OPTIMUM,
    ),
    Row(
        "`quad`, `dblquad`, `nquad` of `scipy.integrate`",
        "scipy.integrate:quad,dblquad,tplquad,nquad,quad_vec,qmc_quad,romberg,quadrature,tanhsinh,"
        "cubature",
        "write scipy.integrate.quad_vec(f, a, b)[0], whose f may return tracked arrays; for "
        "tracked limits (b - a) * quad_vec(lambda s: f(a + (b - a) * s), 0.0, 1.0)[0]",
    ),
    Row(
        "`solve_ivp`, `odeint`, `ode`, `solve_bvp` of `scipy.integrate`",
        "scipy.integrate:solve_ivp,odeint,ode,solve_bvp,IntegratorBase,OdeSolver,RK45,RK23,DOP853,"
        "Radau,BDF,LSODA,complex_ode scipy.integrate._ivp scipy.integrate._ode",
        "write the steps as a loop, such as the four lines of Runge and Kutta's method, or give "
        "the solver a rule with kt.custom_vjp; solve_ivp itself works on x.numpy()",
    ),
    Row(
        "`trapezoid`, `simpson` and the rest of `scipy.integrate`",
        "scipy.integrate",
        "write np.trapezoid(y, x) or np.cumsum(y), which take tracked arrays from NumPy too",
    ),
    Row(
        "`scipy.interpolate`",
        "scipy.interpolate",
        "np.interp takes tracked arrays. A spline through y is linear in y: for fixed knots t and "
        "points s write CubicSpline(t, np.eye(len(t)))(s) @ y; for a tracked number s write "
        "np.polyval(spline.c[:, i], s - t[i]) with i = np.searchsorted(t, s.item()) - 1",
    ),
    Row(
        "`scipy.linalg`",
        "scipy.linalg",
        "np.linalg and kt.linalg take tracked arrays: solve, inv, det, slogdet, cholesky, eigh, "
        "svd, qr, pinv and others; give other functions a rule with kt.custom_vjp",
    ),
    Row(
        "`scipy.sparse`",
        "scipy.sparse",
        "a sparse matrix holds constants: A @ x is differentiable in x, and A * s is s * (A @ x); "
        "for the solution of A x = b write kt.implicit_root(lambda x, b: A @ x - b, lambda b: "
        "spsolve(A, b.numpy()))(b)",
    ),
    Row(
        "`scipy.stats`",
        "scipy.stats",
        "write the formula in keratorch's functions: kt.special has gammaln, betaln, ndtr, "
        "log_ndtr, xlogy and others, as in kt.special.ndtr((x - loc) / scale) for norm.cdf; what "
        "needs no gradient, such as a test, takes x.numpy()",
    ),
    Row(
        "`scipy.special`",
        "scipy.special",
        "kt.special has logsumexp, softmax, log_softmax, polygamma, zeta and others; give a "
        "function that it lacks a rule with kt.custom_jvp",
    ),
    Row("`scipy.fft`", "scipy.fft", "np.fft and kt.fft take tracked arrays"),
    Row(
        "`scipy.signal`, `scipy.ndimage`",
        "scipy.signal scipy.ndimage",
        "np.convolve takes tracked arrays, kt.nn.functional.conv1d and conv2d take stacks of them; "
        "a filter with constant coefficients is a product with a constant matrix",
    ),
    Row(
        "`scipy.spatial`, `scipy.cluster`",
        "scipy.spatial scipy.cluster",
        "write distances as kt.linalg.vector_norm(a[:, None] - b[None, :], axis=-1); what finds "
        "indices, such as a tree, takes x.numpy()",
    ),
    Row(
        "any other module of SciPy",
        "scipy",
        "write it in functions of keratorch, or give SciPy x.numpy()",
    ),
    # -- other libraries --------------------------------------------------------------------------
    Row(
        "scikit-learn",
        "sklearn",
        "give it x.numpy(): its estimators compute on plain arrays; docs/consumers.md says which "
        "functions take tracked arrays under sklearn.set_config(array_api_dispatch=True)",
    ),
    Row(
        "PyTorch's functions",
        "torch torchvision",
        "write keratorch's function, as in kt.sin(x), with x = kt.GradArray(tensor); PyTorch's own "
        "take torch.asarray(x.detach()), without a gradient",
    ),
    Row(
        "JAX's functions",
        "jax jaxlib flax optax equinox",
        "write keratorch's function, as in kt.sin(x), with x = kt.GradArray(array); JAX's own take "
        "jnp.asarray(x.numpy()), without a gradient",
    ),
    Row(
        "TensorFlow's functions",
        "tensorflow keras",
        "write keratorch's function, as in kt.sin(x); TensorFlow's own take x.numpy()",
    ),
    Row("`array_api_strict`", "array_api_strict", "write keratorch's function, as in kt.sin(x)"),
    Row(
        "HIPS autograd",
        "autograd",
        "write `import keratorch.autograd.numpy as np` and `from keratorch.autograd import grad`",
    ),
    Row(
        "Numba",
        "numba",
        "compiled code takes x.numpy(): give the compiled function a rule with kt.custom_vjp",
    ),
    Row(
        "SymPy",
        "sympy",
        "a symbol takes numbers: make a function of the expression with "
        "sympy.lambdify(symbols, expression, 'numpy'), and call it with x",
    ),
    Row("mpmath", "mpmath", "its numbers have no gradient: give it x.item(), or use kt.special"),
    Row(
        "`logging`",
        "logging",
        'write the number with an f-string, as in f"{{x:.3f}}", or give x.item()',
    ),
    Row(
        "`statistics`",
        "statistics",
        "write x.mean(), x.var(correction=1), x.std(correction=1) or np.median(x), and the formula "
        "of a distribution in keratorch's functions",
    ),
    Row(
        "`fractions`, `decimal`",
        "fractions decimal _decimal",
        "its numbers have no gradient: give it x.item()",
    ),
    Row("`time`, `datetime`", "time datetime _datetime", "time has no gradient: give it x.item()"),
    Row(
        "`random`",
        "random",
        "random.gauss(mu, sigma) and random.uniform(a, b) take tracked numbers; give the others "
        "x.item(), or weights as x.tolist()",
    ),
    # -- NumPy ------------------------------------------------------------------------------------
    Row("`numpy.random`, `cupy.random`", "numpy.random cupy.random", _SAMPLE),
    Row(
        "`numpy.testing`, `cupy.testing`",
        "numpy.testing cupy.testing",
        "a test compares values: give it x.numpy() or x.detach()",
    ),
    Row(
        "`numpy.vectorize`",
        "numpy:vectorize._vectorize_call,vectorize.__call__,vectorize._call_as_normal",
        "write {mirror}.vectorize(f), whose f gets tracked arrays of shape ()",
    ),
    Row(
        "`numpy.ma`, `numpy.matrix`, `numpy.rec`",
        "numpy.ma numpy:matrix,matrix.__new__,fromarrays,fromrecords numpy.rec",
        "a GradArray is a plain array: select with kt.where(mask, x, 0.0)",
    ),
    Row(
        "`numpy.float64(x)` and other types",
        "numpy:float64,float32,float16,longdouble,complex128,complex64,int64,int32,double,single",
        "write x.astype(dtype) for another dtype, or x.detach() for the value alone",
    ),
    Row(
        "`numpy.arange`, `numpy.fromiter`",
        "numpy:arange,fromiter",
        "write start + step * np.arange(n), or kt.stack(list(values)) of tracked values",
    ),
    Row(
        "`numpy.nditer`, `numpy.ndenumerate`, `numpy.broadcast`",
        "numpy:nditer,ndenumerate,ndenumerate.__new__,ndenumerate.__init__,broadcast",
        "loop over indices, as in `for i in numpy.ndindex(x.shape): x[i]`",
    ),
    Row(
        "`a.fill(x)`, `a.put(i, x)`, `a.flat[i] = x`, `a.itemset(x)`",
        "numpy:ndarray.fill,ndarray.put,ndarray.itemset,ndarray.__setitem__,fill_diagonal,put "
        "cupy:ndarray.fill,ndarray.put,ndarray.__setitem__,fill_diagonal,put,place,putmask",
        FILLED + ", or write the value x.detach()",
        "writing a tracked array of shape {shape} into a plain array would lose its gradient",
    ),
    Row(
        "`numpy.asarray(x)`, `numpy.array([x, y])`",
        "numpy:asarray,array,asanyarray,ascontiguousarray,asfortranarray,asarray_chkfinite,require,"
        "copy",
        "{lists}; " + _VALUES,
        asked="np.asarray",
    ),
    Row(
        "NumPy's functions of lists, as `numpy.sin([x, y])`",
        "numpy",
        "{lists}; " + _VALUES,
        asked="np.asarray",
    ),
    Row(
        "CuPy's functions",
        "cupy cupyx",
        "write `import keratorch.cupy as cp`, whose array and asarray take tracked arrays, and "
        "lists that hold them; the values alone are x.detach()",
    ),
    Row(
        "functions of keratorch",
        "keratorch",
        "here it takes plain values: make one array of what holds x, as in kt.stack(list(values)), "
        "or pass x.detach()",
        asked="np.asarray",
    ),
    # -- Python -----------------------------------------------------------------------------------
    Row(
        "`float(x)`",
        "builtins:float",
        "use item() for its value, or detach() first; in a formula leave float out, as x itself is "
        "a number for arithmetic and for keratorch's functions",
    ),
    Row(
        "`int(x)`",
        "builtins:int",
        "an integer has no gradient: use item() for its value, or detach() first; kt.trunc takes "
        "arrays",
    ),
    Row(
        "`complex(x)`, `complex(x, y)`",
        "builtins:complex",
        "use item() for its value, or detach() first; with a gradient write x.astype('complex128') "
        "or x + 1j * y",
    ),
    Row(
        "`math.sin(x)`",
        "math",
        "write `from keratorch import math`, which has the functions of math for tracked numbers; "
        "kt.sin and others take arrays of any shape; x.item() and x.detach() have the value "
        "alone",
        "{called} of a tracked array of shape {shape} would lose its gradient",
    ),
    Row(
        "`cmath.exp(x)`",
        "cmath",
        "write kt.exp(x.astype('complex128')) and the like: of a real x, kt.sqrt(x) and kt.log(x) "
        "are NaN where the result is complex",
        "{called} of a tracked array of shape {shape} would lose its gradient",
    ),
    Row(
        "`range(x)`, `[0] * x`, `chr(x)`, `hex(x)`",
        "builtins:range,chr,hex,oct,bin,ord operator:index",
        "an index, a count or an axis must be one integer: write int(x.detach()), which has no "
        "gradient",
    ),
    Row(
        '`"%.3f" % x`',
        "operator:%",
        'text has no gradient: write f"{{x:.3f}}", or give x.item()',
        "formatting of a tracked array of shape {shape} with %",
        "float()",
    ),
    Row(
        "`a[i] = x`, where `a` is a plain array",
        "operator:[]=",
        FILLED + ", or write a[i] = x.detach()",
        WRITING,
    ),
    Row(
        "`a @ [x, y]`, `a * [x, y]`, where `a` is a plain array",
        "operator:@,*,+,-,/,**,//,%,@=,*=,+=,-=,/=,<,>,<=,>=,==,!=",
        "make one array of the list first, with {np}.array([x, y]) of `import {mirror} as {np}`, "
        "or with kt.stack([x, y])",
        "a list with a tracked array of shape {shape} beside a plain array, as in a @ [x, y]: "
        "NumPy makes a plain array of the list, which would lose the gradient",
        "np.asarray",
    ),
]
#: What counts where no row fits, by the question.
DEFAULTS = {
    "float()": "use item() for its value, or detach() first; `from keratorch import math` has the "
    "functions of math for tracked numbers",
    "int()": "an integer has no gradient: use item() for its value, or detach() first",
    "complex()": "use item() for its value, or detach() first; keratorch's functions take complex "
    "arrays",
    "np.asarray": "{lists}; " + _VALUES,
    "__index__": "an index, a count or an axis must be one integer: write int(x.detach()), which "
    "has no gradient",
}

__all__ = ["DEFAULTS", "FILLED", "LISTS", "ROWS", "STACKS", "WRITING", "Row"]
