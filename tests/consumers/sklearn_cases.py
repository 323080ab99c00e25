"""scikit-learn, with ``array_api_dispatch=True``: metrics and estimators."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from sklearn import decomposition, discriminant_analysis, linear_model, metrics, preprocessing
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics import pairwise
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import extmath

from tests.consumers.case import Case

T = np.array([0.51, 1.32, 2.23, 0.94, 3.15, 1.11])
P = np.array([0.7, 1.14, 2.71, 1.2, 2.9, 0.6])
W = np.array([1.7, 0.4, 3.1, 2.2, 0.9, 1.5])
Q = np.array([0.3, 0.8, 0.6, 0.1, 0.9, 0.4])  # probabilities
L = np.array([0, 1, 1, 0, 1, 0])
rng = np.random.default_rng(3)
X = rng.standard_normal((6, 3))
Y = rng.standard_normal((4, 3))
COUNTED = "of classes: counts and ranks"


def dispatched(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with scikit-learn's array API switched on."""

    @functools.wraps(function)
    def inner(*args: Any) -> Any:
        with sklearn.config_context(array_api_dispatch=True):
            return function(*args)

    return inner


def case(name: str, function: Any, *inputs: Any, **more: Any) -> Case:
    return Case(f"sklearn.{name}", dispatched(function), inputs, **more)


def metric(name: str, *inputs: Any, **more: Any) -> Case:
    """The metric of this name, which older releases may not have."""

    def named(*args: Any) -> Any:
        return getattr(metrics, name)(*args)

    return case(f"metrics.{name}", named, *(inputs or (T, P)), **more)


def fitted(name: str, estimator: Any, function: Any, *inputs: Any, **more: Any) -> Case:
    """What `function` makes of the estimator, fitted to the inputs."""

    def inner(*args: Any) -> Any:
        return function(estimator().fit(*args), *args)

    return case(name, inner, *inputs, **more)


REGRESSION = [
    metric("mean_squared_error"),
    metric("root_mean_squared_error"),
    metric("mean_absolute_error"),
    metric("mean_squared_log_error"),
    metric("root_mean_squared_log_error"),
    metric("mean_absolute_percentage_error"),
    metric("median_absolute_error"),
    metric("max_error"),
    metric("r2_score"),
    metric("explained_variance_score"),
    metric("mean_pinball_loss"),
    metric("mean_poisson_deviance"),
    metric("mean_gamma_deviance"),
    metric("mean_tweedie_deviance"),
    metric("d2_tweedie_score"),
    metric("d2_absolute_error_score"),
    metric("d2_pinball_score"),
    case(
        "metrics.mean_squared_error, weighted",
        lambda t, p, w: metrics.mean_squared_error(t, p, sample_weight=w),
        T,
        P,
        W,
    ),
]


def raw_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """The metric as an array with one number per output, of which there is one."""
    return lambda t, p: function(t[:, None], p[:, None], multioutput="raw_values")


#: These return a Python number, unless asked for the number of every output.
RAW = [
    case(f"metrics.{name}, raw_values", raw_values(getattr(metrics, name)), T, P)
    for name in (
        "mean_squared_error",
        "root_mean_squared_error",
        "mean_absolute_error",
        "mean_squared_log_error",
        "root_mean_squared_log_error",
        "mean_absolute_percentage_error",
        "median_absolute_error",
        "r2_score",
        "explained_variance_score",
        "mean_pinball_loss",
        "d2_absolute_error_score",
        "d2_pinball_score",
    )
]
CLASSIFICATION = [
    metric("log_loss", L, Q),
    metric("brier_score_loss", L, Q),
    metric("d2_log_loss_score", L, Q),
    metric("d2_brier_score", L, Q),
    metric("hinge_loss", L, P),
    metric("roc_auc_score", L, Q, constant=COUNTED),
    metric("average_precision_score", L, Q, constant=COUNTED),
    metric("roc_curve", L, Q, outputs=(2,), note="the thresholds"),
    metric("precision_recall_curve", L, Q, outputs=(2,), note="the thresholds"),
    metric("det_curve", L, Q, outputs=(2,), note="the thresholds"),
    case("metrics.accuracy_score", lambda p: metrics.accuracy_score(p > 0.5, p > 0.3), Q,
         constant=COUNTED),
    case("metrics.f1_score", lambda p: metrics.f1_score(p > 0.5, p > 0.3), Q, constant=COUNTED),
    case("metrics.confusion_matrix", lambda p: metrics.confusion_matrix(p > 0.5, p > 0.3), Q,
         constant=COUNTED),
]  # fmt: skip
PAIRWISE = [
    case(f"metrics.pairwise.{name}", getattr(pairwise, name), X, Y)
    for name in (
        "euclidean_distances",
        "cosine_similarity",
        "cosine_distances",
        "linear_kernel",
        "polynomial_kernel",
        "sigmoid_kernel",
        "rbf_kernel",
        "laplacian_kernel",
        "manhattan_distances",
    )
] + [
    case("metrics.pairwise.additive_chi2_kernel", pairwise.additive_chi2_kernel, X**2, Y**2),
    case("metrics.pairwise.chi2_kernel", pairwise.chi2_kernel, X**2, Y**2),
    case("metrics.pairwise.paired_cosine_distances", pairwise.paired_cosine_distances, X[:4], Y),
    case(
        "metrics.pairwise.paired_euclidean_distances",
        pairwise.paired_euclidean_distances,
        X[:4],
        Y,
    ),
    case("metrics.pairwise_distances", lambda x, y: metrics.pairwise_distances(x, y), X, Y),
]


def transformed(estimator: Any, x: Any, *rest: Any) -> Any:
    return estimator.transform(x)


SCALERS = [
    fitted(f"preprocessing.{cls.__name__}", cls, transformed, X)
    for cls in (
        preprocessing.StandardScaler,
        preprocessing.MinMaxScaler,
        preprocessing.MaxAbsScaler,
        preprocessing.RobustScaler,
        preprocessing.Normalizer,
        preprocessing.PolynomialFeatures,
        preprocessing.PowerTransformer,
        preprocessing.QuantileTransformer,
    )
] + [
    fitted("preprocessing.KernelCenterer", preprocessing.KernelCenterer, transformed, X @ X.T),
    fitted("preprocessing.Binarizer", preprocessing.Binarizer, transformed, X,
           note="0: a step function, written into its copy"),
    case("preprocessing.scale", preprocessing.scale, X),
    case("preprocessing.normalize", preprocessing.normalize, X),
    case("preprocessing.minmax_scale", preprocessing.minmax_scale, X),
    case("preprocessing.maxabs_scale", preprocessing.maxabs_scale, X),
]  # fmt: skip

PCA = functools.partial(decomposition.PCA, 2, svd_solver="full")
LDA = discriminant_analysis.LinearDiscriminantAnalysis
ESTIMATORS = [
    fitted("decomposition.PCA", PCA, transformed, X),
    fitted(
        "decomposition.PCA, whitened",
        lambda: decomposition.PCA(2, whiten=True),
        transformed,
        X,
    ),
    fitted(
        "decomposition.PCA, by the covariance",
        lambda: decomposition.PCA(2, svd_solver="covariance_eigh"),
        lambda e, x: e.explained_variance_,
        X,
    ),
    fitted(
        "decomposition.PCA.explained_variance_", PCA, lambda e, x: e.explained_variance_, X
    ),
    fitted("decomposition.PCA.score_samples", PCA, lambda e, x: e.score_samples(x), X),
    fitted(
        "decomposition.PCA.inverse_transform",
        PCA,
        lambda e, x: e.inverse_transform(e.transform(x)),
        X,
    ),
    fitted("linear_model.Ridge", lambda: linear_model.Ridge(solver="svd"),
           lambda e, x, y: e.predict(x), X, T),
    fitted("linear_model.Ridge.coef_", lambda: linear_model.Ridge(solver="svd"),
           lambda e, x, y: (e.coef_, e.intercept_), X, T),
    fitted("linear_model.RidgeCV", linear_model.RidgeCV,
           lambda e, x, y: e.predict(x), X, T),
    fitted("linear_model.RidgeClassifier", lambda: linear_model.RidgeClassifier(solver="svd"),
           lambda e, x, y: e.decision_function(x), X, L),
    fitted("linear_model.LinearRegression", linear_model.LinearRegression,
           lambda e, x, y: e.predict(x), X, T),
    fitted("linear_model.LogisticRegression", linear_model.LogisticRegression,
           lambda e, x, y: e.decision_function(x), X, L),
    fitted("linear_model.PoissonRegressor", linear_model.PoissonRegressor,
           lambda e, x, y: e.predict(x), X, T),
    fitted("discriminant_analysis.LinearDiscriminantAnalysis", LDA,
           lambda e, x, y: e.decision_function(x), X, L),
    fitted("discriminant_analysis.LinearDiscriminantAnalysis.predict_proba", LDA,
           lambda e, x, y: e.predict_proba(x), X, L),
    fitted("naive_bayes.GaussianNB", GaussianNB,
           lambda e, x, y: e.predict_proba(x), X, L),
    fitted("mixture.GaussianMixture",
           lambda: GaussianMixture(2, init_params="random", random_state=0, max_iter=2),
           lambda e, x: e.score_samples(x), X),
    fitted("kernel_approximation.Nystroem", lambda: Nystroem(n_components=3, random_state=0),
           transformed, X),
]  # fmt: skip
UTILS = [
    case("utils.extmath.softmax", lambda x: extmath.softmax(x), X),
    case("utils.extmath.row_norms", extmath.row_norms, X),
    case("utils.extmath.safe_sparse_dot", lambda x, y: extmath.safe_sparse_dot(x, y.T), X, Y),
]

CASES = [*REGRESSION, *RAW, *CLASSIFICATION, *PAIRWISE, *SCALERS, *ESTIMATORS, *UTILS]
