"""SciPy's functions that take a `GradArray` where SCIPY_ARRAY_API is set, and not without.

`tests/unit/test_remedies.py` compares them with `docs/consumers.md`, which says so from calls.
"""

from __future__ import annotations

#: Subpackage -> the names of its functions.
WITH_ARRAY_API: dict[str, str] = {
    "scipy.cluster.vq": "whiten",
    "scipy.constants": "convert_temperature lambda2nu nu2lambda",
    "scipy.fft": (
        "fft fft2 fftn fftshift fht hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ifht "
        "ihfft ihfft2 ihfftn irfft irfft2 irfftn rfft rfft2 rfftn"
    ),
    "scipy.integrate": "cubature cumulative_simpson cumulative_trapezoid nsum tanhsinh trapezoid",
    "scipy.linalg": "block_diag fiedler orthogonal_procrustes",
    "scipy.optimize": "rosen rosen_der rosen_hess rosen_hess_prod",
    "scipy.signal": (
        "abcd_normalize bilinear_zpk convolve correlate envelope fftconvolve firwin freqs "
        "freqs_zpk freqz freqz_sos freqz_zpk gauss_spline group_delay hilbert hilbert2 "
        "lfiltic lp2bp lp2bp_zpk lp2bs lp2bs_zpk lp2hp lp2hp_zpk lp2lp lp2lp_zpk "
        "minimum_phase normalize resample sos2tf sos2zpk tf2zpk vectorstrength zpk2tf"
    ),
    "scipy.spatial.transform": (
        "Slerp align_vectors apply as_davenport as_euler as_exp_coords as_matrix as_mrp "
        "as_rotvec from_euler from_matrix from_mrp from_quat from_rotvec inv magnitude "
        "mean reduce"
    ),
    "scipy.special": (
        "betaincc chdtr chdtrc log_softmax logsumexp polygamma softmax stdtr stdtrit zeta"
    ),
    "scipy.stats": (
        "alexandergovern ansari bartlett bootstrap boxcox_llf brunnermunzel chatterjeexi "
        "chisquare circmean circstd circvar combine_pvalues cramervonmises_2samp describe "
        "differential_entropy directional_stats entropy epps_singleton_2samp f_oneway "
        "false_discovery_control fligner friedmanchisquare gmean gstd gzscore hmean iqr "
        "jarque_bera kruskal kstat kstatvar kurtosis kurtosistest levene lmoment "
        "mannwhitneyu median_abs_deviation mode moment monte_carlo_test mood normaltest "
        "pearsonr permutation_test pmean power_divergence quantile rankdata sem sigmaclip "
        "skew skewtest spearmanrho tmax tmean tmin trim_mean tsem tstd ttest_1samp "
        "ttest_ind ttest_ind_from_stats ttest_rel tvar variation wilcoxon yeojohnson_llf "
        "zmap zscore"
    ),
}

__all__ = ["WITH_ARRAY_API"]
