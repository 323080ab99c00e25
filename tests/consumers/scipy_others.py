"""The rest of SciPy, where it takes arrays of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import constants, differentiate, fft, integrate, linalg, ndimage, optimize
from scipy.cluster import hierarchy, vq
from scipy.interpolate import (
    Akima1DInterpolator,
    BSpline,
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
    PPoly,
    RBFInterpolator,
    RegularGridInterpolator,
    make_interp_spline,
)
from scipy.optimize import elementwise
from scipy.spatial.transform import RigidTransform, Rotation, Slerp

from tests.consumers.case import Case

X = np.array([0.51, 1.32, 2.23, 0.94, 3.15])
T = np.array([0.0, 0.7, 1.5, 2.0, 3.1])
A = np.array([[0.5, 1.3, 2.2], [1.7, 0.4, 3.1], [2.7, 1.4, 0.2], [0.3, 2.1, 1.1]])
SQUARE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
IMAGE = np.sin(np.arange(36.0)).reshape(6, 6)
Q = np.array([0.1, 0.2, 0.3, 0.9])
V = np.array([0.3, -0.5, 0.2])
QUATERNIONS = np.array(
    [[0.1, 0.2, 0.3, 0.9], [0.9, 0.2, 0.1, 0.3], [0.2, 0.8, 0.1, 0.4], [0.3, 0.1, 0.7, 0.5]]
)
E3 = np.array([[0.9, 0.3, -0.2], [-0.2, 1.1, 0.1], [0.3, 0.1, 0.8]])


def xp_of(x: Any) -> Any:
    """The namespace of an array, as a consumer finds it."""
    from array_api_compat import array_namespace

    return array_namespace(x)


def case(name: str, function: Any, *inputs: Any, **more: Any) -> Case:
    return Case(f"scipy.{name}", function, inputs, **more)


def rotation(name: str, function: Any, *inputs: Any, **more: Any) -> Case:
    inputs = inputs or (Q,)
    return case(f"spatial.transform.Rotation.{name}", function, *inputs, **more)


CLUSTER = [
    case("cluster.vq.whiten", vq.whiten, A),
    case("cluster.vq.vq", lambda a: vq.vq(a, a[:2, :])[1], A),
    case("cluster.vq.kmeans", lambda a: vq.kmeans(a, a[:2, :])[0], A),
    case("cluster.hierarchy.linkage", hierarchy.linkage, A),
]

INTEGRATE = [
    case("integrate.trapezoid", integrate.trapezoid, X, T),
    case("integrate.simpson", lambda y: integrate.simpson(y, dx=0.5), X),
    case("integrate.simpson, of points", lambda y, x: integrate.simpson(y, x=x), X, T),
    case("integrate.cumulative_trapezoid", integrate.cumulative_trapezoid, X, T),
    case("integrate.cumulative_simpson", lambda y: integrate.cumulative_simpson(y, dx=0.5), X),
    case("integrate.romb", lambda y: integrate.romb(y, dx=0.5), X),
    case(
        "integrate.fixed_quad", lambda a: integrate.fixed_quad(lambda t: t * a[0], 0.0, 1.0)[0], X
    ),
    case(
        "integrate.quad_vec",
        lambda a: integrate.quad_vec(lambda t: xp_of(a).exp(-t * a), 0.0, 1.0)[0],
        X,
    ),
    case(
        "integrate.cubature",
        lambda a: (
            integrate.cubature(
                lambda t: xp_of(a).exp(-t * a), xp_of(a).asarray([0.0]), xp_of(a).asarray([1.0])
            ).estimate
        ),
        X,
    ),
    case(
        "integrate.tanhsinh",
        lambda a, b: integrate.tanhsinh(lambda t: xp_of(t).exp(-t * t), a, b).integral,
        np.zeros(3),
        X[:3],
    ),
    case(
        "integrate.tanhsinh, of a parameter",
        lambda c: (
            integrate.tanhsinh(
                lambda t, c: xp_of(t).exp(-c * t),
                xp_of(c).asarray(0.0),
                xp_of(c).asarray(1.0),
                args=(c,),
            ).integral
        ),
        X,
    ),
    case(
        "integrate.nsum",
        lambda c: (
            integrate.nsum(
                lambda k, c: xp_of(c).exp(-c * k),
                xp_of(c).asarray(1.0),
                xp_of(c).asarray(20.0),
                args=(c,),
            ).sum
        ),
        X,
    ),
    case(
        "integrate.solve_ivp",
        lambda y: integrate.solve_ivp(lambda t, y: -y, (0.0, 1.0), y).y,
        X,
    ),
    case("integrate.quad", lambda a: integrate.quad(lambda t: t * a[0], 0.0, 1.0)[0], X),
]

OPTIMIZE = [
    case("optimize.rosen", optimize.rosen, X),
    case("optimize.rosen_der", optimize.rosen_der, X),
    case("optimize.rosen_hess", optimize.rosen_hess, X),
    case("optimize.rosen_hess_prod", optimize.rosen_hess_prod, X, T),
    case(
        "optimize.elementwise.find_root",
        lambda c: (
            elementwise.find_root(
                lambda x, c: x * x - c, (xp_of(c).zeros_like(c), c + 1.0), args=(c,)
            ).x
        ),
        X,
    ),
    case(
        "optimize.elementwise.find_minimum",
        lambda c: (
            elementwise.find_minimum(
                lambda x, c: (x - c) ** 2, (c - 1.0, c + 0.1, c + 2.0), args=(c,)
            ).x
        ),
        X,
    ),
    case(
        "optimize.elementwise.bracket_root",
        lambda c: elementwise.bracket_root(lambda x, c: x * x - c, c, args=(c,)).bracket,
        X,
    ),
    case(
        "optimize.elementwise.bracket_minimum",
        lambda c: (
            elementwise.bracket_minimum(lambda x, c: (x - c) ** 2, c + 1.37, args=(c,)).bracket
        ),
        X,
    ),
    case(
        "differentiate.derivative",
        lambda x: differentiate.derivative(lambda x: xp_of(x).exp(x), x).df,
        X,
    ),
    case(
        "differentiate.jacobian",
        lambda x: differentiate.jacobian(lambda x: x[0, ...] * x[1, ...], x).df,
        X,
    ),
]

LINALG = [
    case("linalg.block_diag", lambda a, b: linalg.block_diag(a, b), SQUARE, A),
    case("linalg.fiedler", linalg.fiedler, X),
    case(
        "linalg.orthogonal_procrustes",
        lambda a, b: linalg.orthogonal_procrustes(a, b),
        SQUARE,
        SQUARE @ SQUARE + A[:3, :],
    ),
    case("linalg.solve", lambda a, b: linalg.solve(a, b), SQUARE, X[:3]),
    case("linalg.expm", linalg.expm, SQUARE),
]

SPECTRUM = X + 0.5j * T
TRANSFORMS = {
    "fft": X,
    "fft2": A,
    "fftn": A,
    "ifft": X,
    "ifft2": A,
    "ifftn": A,
    "rfft": X,
    "rfft2": A,
    "rfftn": A,
    "irfft": SPECTRUM,
    "irfft2": A + 0j,
    "irfftn": A + 0j,
    "hfft": SPECTRUM,
    "hfft2": A + 0j,
    "hfftn": A + 0j,
    "ihfft": X,
    "ihfft2": A,
    "ihfftn": A,
    "fftshift": X,
    "ifftshift": X,
    "dct": X,
    "dctn": A,
    "dst": X,
    "dstn": A,
    "idct": X,
    "idctn": A,
    "idst": X,
    "idstn": A,
}
FFT = [
    *(case(f"fft.{name}", getattr(fft, name), x) for name, x in TRANSFORMS.items()),
    case("fft.fht", lambda x: fft.fht(x, 0.1, 0.5), X),
    case("fft.ifht", lambda x: fft.ifht(x, 0.1, 0.5), X),
]

INTERPOLATE = [
    case("interpolate.CubicSpline", lambda y, t: CubicSpline(t, y)(t + 0.1), X, T),
    case("interpolate.PchipInterpolator", lambda y, t: PchipInterpolator(t, y)(t[:4] + 0.1), X, T),
    case(
        "interpolate.Akima1DInterpolator",
        lambda y, t: Akima1DInterpolator(t, y)(t[:4] + 0.1),
        X,
        T,
    ),
    case(
        "interpolate.CubicHermiteSpline",
        lambda y, t: CubicHermiteSpline(t, y, y)(t + 0.1),
        X,
        T,
    ),
    case("interpolate.BSpline", lambda c, t: BSpline(t, c, 3)(c + 3.0), X, np.arange(9.0)),
    case("interpolate.PPoly", lambda c, t: PPoly(c, t)(t + 0.1), A, T[:4]),
    case("interpolate.make_interp_spline", lambda y, t: make_interp_spline(t, y)(t + 0.1), X, T),
    case("interpolate.RBFInterpolator", lambda y, a: RBFInterpolator(a, y)(a + 0.1), X[:4], A),
    case(
        "interpolate.RegularGridInterpolator",
        lambda v, t, p: RegularGridInterpolator((t, t), v)(p),
        IMAGE,
        np.arange(6.0),
        np.array([[1.5, 2.5]]),
    ),
]

IMAGES = {
    "affine_transform": lambda x: ndimage.affine_transform(x, x[:2, :2]),
    "center_of_mass": lambda x: ndimage.center_of_mass(x + 3.0),
    "convolve": lambda x: ndimage.convolve(x, x[:3, :3]),
    "convolve1d": lambda x: ndimage.convolve1d(x, x[0, :3]),
    "correlate": lambda x: ndimage.correlate(x, x[:3, :3]),
    "correlate1d": lambda x: ndimage.correlate1d(x, x[0, :3]),
    "fourier_gaussian": lambda x: ndimage.fourier_gaussian(x, 1.0),
    "gaussian_filter": lambda x: ndimage.gaussian_filter(x, 1.0),
    "gaussian_filter1d": lambda x: ndimage.gaussian_filter1d(x, 1.0),
    "gaussian_gradient_magnitude": lambda x: ndimage.gaussian_gradient_magnitude(x, 1.0),
    "gaussian_laplace": lambda x: ndimage.gaussian_laplace(x, 1.0),
    "grey_dilation": lambda x: ndimage.grey_dilation(x, 3),
    "laplace": ndimage.laplace,
    "map_coordinates": lambda x: ndimage.map_coordinates(x, x[:2, :] + 2.0),
    "maximum_filter": lambda x: ndimage.maximum_filter(x, 3),
    "mean": ndimage.mean,
    "median_filter": lambda x: ndimage.median_filter(x, 3),
    "prewitt": ndimage.prewitt,
    "rotate": lambda x: ndimage.rotate(x, 30.0),
    "shift": lambda x: ndimage.shift(x, 0.5),
    "sobel": ndimage.sobel,
    "spline_filter": ndimage.spline_filter,
    "standard_deviation": ndimage.standard_deviation,
    "sum": ndimage.sum,
    "uniform_filter": lambda x: ndimage.uniform_filter(x, 3),
    "variance": ndimage.variance,
    "vectorized_filter": lambda x: ndimage.vectorized_filter(x, np.mean, size=3),
    "zoom": lambda x: ndimage.zoom(x, 1.5),
}
NDIMAGE = [case(f"ndimage.{name}", function, IMAGE) for name, function in IMAGES.items()]

R = Rotation.from_quat
ROTATIONS = [
    rotation("from_quat", lambda q: R(q).as_quat()),
    rotation("as_matrix", lambda q: R(q).as_matrix()),
    rotation("as_rotvec", lambda q: R(q).as_rotvec()),
    rotation("as_mrp", lambda q: R(q).as_mrp()),
    rotation("as_euler", lambda q: R(q).as_euler("xyz")),
    rotation("as_davenport", lambda q: R(q).as_davenport(np.eye(3), "extrinsic")),
    rotation("from_matrix", lambda m: Rotation.from_matrix(m).as_quat(), E3),
    rotation("from_matrix, of a result", lambda m: Rotation.from_matrix(m * 1.0).as_quat(), E3),
    rotation("from_rotvec", lambda v: Rotation.from_rotvec(v).as_quat(), V),
    rotation("from_mrp", lambda v: Rotation.from_mrp(v).as_matrix(), V),
    rotation("from_euler", lambda v: Rotation.from_euler("zyx", v).as_quat(), V),
    rotation("apply", lambda q, v: R(q).apply(v), Q, V),
    rotation("inv", lambda q: R(q).inv().as_quat()),
    rotation("magnitude", lambda q: R(q).magnitude()),
    rotation("mean", lambda q: R(q).mean().as_matrix(), QUATERNIONS),
    rotation("__mul__", lambda q, r: (R(q) * R(r)).as_quat(), Q, Q[::-1] + 0.1),
    rotation("__pow__", lambda q: (R(q) ** 0.5).as_quat()),
    rotation("reduce", lambda q: R(q).reduce().as_quat()),
    rotation(
        "align_vectors",
        lambda a, b: Rotation.align_vectors(a, b)[0].as_matrix(),
        E3,
        E3 @ SQUARE + A[:3, :],
    ),
    case(
        "spatial.transform.Slerp",
        lambda q: Slerp(np.array([0.0, 1.0]), R(q))(0.3).as_quat(),
        np.stack([Q, Q[::-1] + 0.1]),
    ),
    case(
        "spatial.transform.RigidTransform.apply",
        lambda t, q, v: RigidTransform.from_components(t, R(q)).apply(v),
        V + 1.0,
        Q,
        V,
    ),
    case(
        "spatial.transform.RigidTransform.inv",
        lambda t, q: RigidTransform.from_components(t, R(q)).inv().as_matrix(),
        V + 1.0,
        Q,
    ),
    case(
        "spatial.transform.RigidTransform.as_exp_coords",
        lambda t, q: RigidTransform.from_components(t, R(q)).as_exp_coords(),
        V + 1.0,
        Q,
    ),
]

CONSTANTS = [
    case("constants.convert_temperature", lambda x: constants.convert_temperature(x, "C", "K"), X),
    case("constants.lambda2nu", constants.lambda2nu, X),
    case("constants.nu2lambda", constants.nu2lambda, X),
]

CASES = [
    *CLUSTER, *CONSTANTS, *OPTIMIZE, *FFT, *INTEGRATE, *INTERPOLATE, *LINALG, *NDIMAGE, *ROTATIONS
]  # fmt: skip
