"""`scipy.stats`: each function that takes arrays of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from tests.consumers.case import Case

X = np.array([0.51, 1.32, 2.23, 0.94, 3.15, 1.76, 2.87, 0.18, 1.09])
Y = np.array([1.7, 0.4, 3.1, 2.2, 0.9, 1.1, 2.6, 1.9, 0.2])
W = np.array([2.7, 1.4, 0.1, 3.2, 2.9, 0.1 + 0.02, 1.6, 0.6, 2.2])
A = np.stack([X, Y, W])
P = np.array([0.03, 0.2, 0.45, 0.011])
F = np.array([12.0, 15.0, 9.0, 14.0])
RNG = 7
LONG = np.sin(np.arange(25.0) ** 2) + np.arange(25.0) / 10
STEP = "ranks and counts: a step function"


def both(result: Any) -> tuple[Any, Any]:
    """The statistic and the p-value of a test."""
    return result.statistic, result.pvalue


def statistic(result: Any) -> Any:
    return result.statistic


def case(name: str, function: Any = None, inputs: tuple[Any, ...] = (X,), **more: Any) -> Case:
    return Case(f"scipy.stats.{name}", function or getattr(stats, name), inputs, **more)


CASES = [
    case("alexandergovern", lambda x, y: both(stats.alexandergovern(x, y)), (X, Y)),
    case("ansari", lambda x, y: both(stats.ansari(x, y)), (X, Y), constant=STEP),
    case("bartlett", lambda x, y: both(stats.bartlett(x, y)), (X, Y)),
    case(
        "bootstrap",
        lambda x: (
            stats.bootstrap(
                (x,),
                lambda x, axis: x.mean(axis=axis),
                n_resamples=20,
                rng=RNG,
                method="percentile",
            ).standard_error
        ),
    ),
    case("boxcox_llf", lambda x: stats.boxcox_llf(0.7, x)),
    case("brunnermunzel", lambda x, y: both(stats.brunnermunzel(x, y)), (X, Y), constant=STEP),
    case("chatterjeexi", lambda x, y: statistic(stats.chatterjeexi(x, y)), (X, Y), constant=STEP),
    case("chisquare", lambda f: both(stats.chisquare(f)), (F,)),
    case("circmean"),
    case("circstd"),
    case("circvar"),
    case("combine_pvalues", lambda p: both(stats.combine_pvalues(p)), (P,)),
    case("cramervonmises", lambda x: both(stats.cramervonmises(x, stats.norm.cdf))),
    case(
        "cramervonmises_2samp",
        lambda x, y: both(stats.cramervonmises_2samp(x, y)),
        (X, Y),
        constant=STEP,
    ),
    case(
        "describe",
        lambda x: (lambda r: (r.mean, r.variance, r.skewness, r.kurtosis, *r.minmax))(
            stats.describe(x)
        ),
    ),
    case("differential_entropy"),
    case(
        "directional_stats",
        lambda a: (lambda r: (r.mean_direction, r.mean_resultant_length))(
            stats.directional_stats(a)
        ),
        (A,),
    ),
    case("entropy"),
    case("entropy, of two", stats.entropy, (X, Y)),
    case("epps_singleton_2samp", lambda x, y: both(stats.epps_singleton_2samp(x, y)), (X, Y)),
    case("f_oneway", lambda x, y: both(stats.f_oneway(x, y)), (X, Y)),
    case("false_discovery_control", inputs=(P,)),
    case("fligner", lambda x, y: both(stats.fligner(x, y)), (X, Y), constant=STEP),
    case(
        "friedmanchisquare",
        lambda x, y, w: both(stats.friedmanchisquare(x, y, w)),
        (X, Y, W),
        constant=STEP,
    ),
    case("gmean"),
    case("gmean, weighted", lambda x, w: stats.gmean(x, weights=w), (X, Y)),
    case("gstd"),
    case("gzscore"),
    case("hmean"),
    case("hmean, weighted", lambda x, w: stats.hmean(x, weights=w), (X, Y)),
    case("iqr"),
    case("jarque_bera", lambda x: both(stats.jarque_bera(x))),
    case("kruskal", lambda x, y: both(stats.kruskal(x, y)), (X, Y), constant=STEP),
    case("ks_1samp", lambda x: both(stats.ks_1samp(x, stats.norm.cdf))),
    case("kstat", lambda x: tuple(stats.kstat(x, n) for n in (1, 2, 3, 4))),
    case("kstatvar", lambda x: tuple(stats.kstatvar(x, n) for n in (1, 2))),
    case("kurtosis"),
    case("kurtosis, unbiased", lambda x: stats.kurtosis(x, bias=False)),
    case("kurtosistest", lambda x: both(stats.kurtosistest(x)), (LONG,)),
    case("levene", lambda x, y: both(stats.levene(x, y)), (X, Y)),
    case("lmoment", stats.lmoment),
    case("mannwhitneyu", lambda x, y: both(stats.mannwhitneyu(x, y)), (X, Y), constant=STEP),
    case("median_abs_deviation"),
    case("mode", lambda x: stats.mode(x).mode),
    case("moment", lambda x: tuple(stats.moment(x, n) for n in (1, 2, 3, 4)), outputs=(1, 2, 3)),
    case(
        "monte_carlo_test",
        lambda x: both(
            stats.monte_carlo_test(
                x,
                np.random.default_rng(1).standard_normal,
                lambda x, axis: x.mean(axis=axis),
                n_resamples=20,
            )
        ),
        outputs=(0,),
        note="the statistic; the p-value is a count",
    ),
    case("mood", lambda x, y: both(stats.mood(x, y)), (X, Y), constant=STEP),
    case("normaltest", lambda x: both(stats.normaltest(x)), (LONG,)),
    case("pearsonr", lambda x, y: statistic(stats.pearsonr(x, y)), (X, Y), note="the statistic"),
    case("pearsonr, p-value", lambda x, y: stats.pearsonr(x, y).pvalue, (X, Y)),
    case(
        "permutation_test",
        lambda x, y: statistic(
            stats.permutation_test(
                (x, y),
                lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
                vectorized=True,
                n_resamples=20,
                rng=RNG,
            )
        ),
        (X, Y),
    ),
    case("pmean", lambda x: stats.pmean(x, 3)),
    case("power_divergence", lambda f: both(stats.power_divergence(f, lambda_=0.5)), (F,)),
    case("quantile", lambda x: stats.quantile(x, 0.3)),
    case("rankdata", constant=STEP),
    case("sem"),
    case("sigmaclip", lambda x: stats.sigmaclip(x, 1.5, 1.5)),
    case("skew"),
    case("skew, unbiased", lambda x: stats.skew(x, bias=False)),
    case("skewtest", lambda x: both(stats.skewtest(x)), (LONG,)),
    case("spearmanrho", lambda x, y: statistic(stats.spearmanrho(x, y)), (X, Y), constant=STEP),
    case("tmax", lambda x: stats.tmax(x, 3.0)),
    case("tmean", lambda x: stats.tmean(x, (0.4, 3.0))),
    case("tmin", lambda x: stats.tmin(x, 0.4)),
    case("trim_mean", lambda x: stats.trim_mean(x, 0.2)),
    case("tsem", lambda x: stats.tsem(x, (0.4, 3.0))),
    case("tstd", lambda x: stats.tstd(x, (0.4, 3.0))),
    case("ttest_1samp", lambda x: statistic(stats.ttest_1samp(x, 1.0)), note="the statistic"),
    case("ttest_1samp, p-value", lambda x: stats.ttest_1samp(x, 1.0).pvalue),
    case("ttest_ind", lambda x, y: statistic(stats.ttest_ind(x, y)), (X, Y)),
    case("ttest_ind, p-value", lambda x, y: stats.ttest_ind(x, y).pvalue, (X, Y)),
    case(
        "ttest_ind_from_stats",
        lambda m, s: statistic(stats.ttest_ind_from_stats(m, s, 9, m + 1.0, 2.0 * s, 8)),
        (X[:3], Y[:3]),
    ),
    case("ttest_rel", lambda x, y: statistic(stats.ttest_rel(x, y)), (X, Y)),
    case("ttest_rel, p-value", lambda x, y: stats.ttest_rel(x, y).pvalue, (X, Y)),
    case("tvar", lambda x: stats.tvar(x, (0.4, 3.0))),
    case("variation"),
    case("wilcoxon", lambda x, y: both(stats.wilcoxon(x, y)), (X, Y), constant=STEP),
    case("yeojohnson_llf", lambda x: stats.yeojohnson_llf(0.7, x)),
    case("zmap", inputs=(X, Y)),
    case("zscore"),
]
