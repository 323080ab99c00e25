// Small dense linear algebra in column order, shared by the stand-ins of cuBLAS and cuSOLVER.
#pragma once
#include <cmath>
#include <complex>
#include <cstring>
#include <utility>

#include "stand_in.h"

typedef std::complex<float> C;
typedef std::complex<double> Z;
typedef _Float16 H;
// bfloat16: the upper half of a float, rounded to the nearest, ties to even.
struct B {
    uint16_t bits;
    B(float x) {
        uint32_t all;
        std::memcpy(&all, &x, 4);
        bits = x != x ? 0x7fc0 : (all + 0x7fff + (all >> 16 & 1)) >> 16;
    }
    operator float() const {
        uint32_t all = (uint32_t)bits << 16;
        float x;
        std::memcpy(&x, &all, 4);
        return x;
    }
};

// Operations of cuBLAS: as it is, transposed, transposed and conjugated.
enum { op_n = 0, op_t = 1, op_c = 2 };
enum { lower = 0, upper = 1 };
enum { left = 0, right = 1 };

inline float conj_of(float x) { return x; }
inline double conj_of(double x) { return x; }
inline C conj_of(C x) { return std::conj(x); }
inline Z conj_of(Z x) { return std::conj(x); }
template <class T> auto size_of(T x) { return std::abs(x); }

// Element (i, j) of op(a).
template <class K, class T> K at(const T* a, int lda, int op, int i, int j) {
    K x = (K)(op == op_n ? a[i + (i64)j * lda] : a[j + (i64)i * lda]);
    return op == op_c ? conj_of(x) : x;
}

// P a = L U in place; pivots count from 1. Returns 0, or the first zero pivot's number.
template <class T> int lu(int m, int n, T* a, int lda, int* pivots) {
    int info = 0;
    for (int j = 0; j < m && j < n; j++) {
        int p = j;
        for (int i = j + 1; i < m; i++)
            if (size_of(a[i + (i64)j * lda]) > size_of(a[p + (i64)j * lda])) p = i;
        if (pivots) pivots[j] = p + 1;
        else p = j;
        if (p != j)
            for (int k = 0; k < n; k++) std::swap(a[j + (i64)k * lda], a[p + (i64)k * lda]);
        if (a[j + (i64)j * lda] == T(0)) {
            if (!info) info = j + 1;
            continue;
        }
        for (int i = j + 1; i < m; i++) {
            T factor = a[i + (i64)j * lda] /= a[j + (i64)j * lda];
            for (int k = j + 1; k < n; k++) a[i + (i64)k * lda] -= factor * a[j + (i64)k * lda];
        }
    }
    return info;
}

// Solves op(a) x = b for a triangle of a, in place in b.
template <class T>
void solve_triangle(bool is_lower, int op, bool unit, int n, int columns, const T* a, int lda, T* b,
                    int ldb) {
    bool forward = is_lower == (op == op_n);
    for (int c = 0; c < columns; c++)
        for (int step = 0; step < n; step++) {
            int i = forward ? step : n - 1 - step;
            T sum = b[i + (i64)c * ldb];
            for (int k = forward ? 0 : i + 1; k < (forward ? i : n); k++)
                sum -= at<T>(a, lda, op, i, k) * b[k + (i64)c * ldb];
            b[i + (i64)c * ldb] = unit ? sum : sum / at<T>(a, lda, op, i, i);
        }
}

// Solves op(A) x = b with A's factors.
template <class T>
void solve_lu(int op, int n, int columns, const T* a, int lda, const int* pivots, T* b, int ldb) {
    auto permute = [&](int i) {
        int p = pivots ? pivots[i] - 1 : i;
        if (p != i)
            for (int c = 0; c < columns; c++) std::swap(b[i + (i64)c * ldb], b[p + (i64)c * ldb]);
    };
    if (op == op_n) {
        for (int i = 0; i < n; i++) permute(i);
        solve_triangle(true, op, true, n, columns, a, lda, b, ldb);
        solve_triangle(false, op, false, n, columns, a, lda, b, ldb);
    } else {
        solve_triangle(false, op, false, n, columns, a, lda, b, ldb);
        solve_triangle(true, op, true, n, columns, a, lda, b, ldb);
        for (int i = n; i-- > 0;) permute(i);
    }
}
