// Mathematical functions that CUDA has and C++ has not.
#pragma once

static inline double normcdf(double x) { return 0.5 * std::erfc(-x * 0.70710678118654752440); }
static inline float normcdff(float x) { return (float)normcdf((double)x); }
static inline double erfcx(double x) {
    if (x < 25) return std::exp(x * x) * std::erfc(x);
    double y = 1 / (x * x); // the asymptotic series
    return 0.56418958354775628695 / x * (1 - y / 2 * (1 - 1.5 * y * (1 - 2.5 * y * (1 - 3.5 * y))));
}
static inline float erfcxf(float x) { return (float)erfcx((double)x); }

// The inverse of the error function: Giles' starting value, then Newton's and Halley's steps.
static inline double erfinv(double x) {
    if (!(x > -1 && x < 1)) return x == 1 ? INFINITY : x == -1 ? -INFINITY : NAN;
    if (x == 0) return x;
    double w = -std::log((1 - x) * (1 + x)), a = 2 / (M_PI * 0.147) - w / 2;
    double y = std::copysign(std::sqrt(std::sqrt(a * a + w / 0.147) - a), x);
    for (int i = 0; i < 4; i++) {
        double error = std::erf(y) - x;
        if (std::fabs(x) > 0.5) { // near 1 the complement is the more exact
            error = 1 - std::fabs(x) - std::erfc(std::fabs(y));
            if (x < 0) error = -error;
        }
        double step = error / (1.1283791670955126 * std::exp(-y * y));
        y -= step / (1 + y * step);
    }
    return y;
}
static inline double erfcinv(double x) {
    if (!(x > 0 && x < 2)) return x == 0 ? INFINITY : x == 2 ? -INFINITY : NAN;
    if (x > 0.1) return erfinv(1 - x);
    double y = std::sqrt(-std::log(x * 1.7724538509055160 * std::sqrt(-std::log(x))));
    for (int i = 0; i < 6; i++) {
        double step = (x - std::erfc(y)) / (1.1283791670955126 * std::exp(-y * y));
        y -= step / (1 + y * step);
    }
    return y;
}
static inline double normcdfinv(double x) { return -1.4142135623730951 * erfcinv(2 * x); }
static inline float erfinvf(float x) { return (float)erfinv((double)x); }
static inline float erfcinvf(float x) { return (float)erfcinv((double)x); }
static inline float normcdfinvf(float x) { return (float)normcdfinv((double)x); }
static inline float erfinv(float x) { return (float)erfinv((double)x); }
static inline float erfcinv(float x) { return (float)erfcinv((double)x); }
static inline float erfcx(float x) { return (float)erfcx((double)x); }
static inline float normcdf(float x) { return (float)normcdf((double)x); }
static inline float normcdfinv(float x) { return (float)normcdfinv((double)x); }
// Modified Bessel functions; j0, j1, jn, y0, y1 and yn are in C's library.
// Those of the C++ library throw for large numbers.
static inline double cyl_bessel_i(double order, double x) {
    if (!(x < 600)) {
        double m = 4 * order * order, t = 1 / (8 * x), half = std::exp(x / 2);
        double series = 1 - (m - 1) * t * (1 - (m - 9) * t / 2 * (1 - (m - 25) * t / 3));
        return half * (half / std::sqrt(2 * M_PI * x) * series);
    }
    return std::cyl_bessel_i(order, x);
}
static inline double cyl_bessel_i0(double x) { return cyl_bessel_i(0.0, std::fabs(x)); }
static inline double cyl_bessel_i1(double x) {
    return std::copysign(cyl_bessel_i(1.0, std::fabs(x)), x);
}
static inline float cyl_bessel_i0f(float x) { return (float)cyl_bessel_i0((double)x); }
static inline float cyl_bessel_i1f(float x) { return (float)cyl_bessel_i1((double)x); }
static inline float cyl_bessel_i0(float x) { return (float)cyl_bessel_i0((double)x); }
static inline float cyl_bessel_i1(float x) { return (float)cyl_bessel_i1((double)x); }
