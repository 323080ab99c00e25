// A stand-in for the part of cuBLAS that CuPy calls. The scalars may be in memory of the host or of
// the device: here it is all the same. What is not here returns CUBLAS_STATUS_NOT_SUPPORTED.
#include "dense.h"

namespace {
enum { ok = 0, failed = 13, unsupported = 15 };

// c = alpha op(a) op(b) + beta c, computed in K.
template <class A, class O, class K>
void gemm(int ta, int tb, int m, int n, int k, K alpha, const A* a, int lda, const A* b, int ldb,
          K beta, O* c, int ldc) {
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            K sum = K(0);
            for (int l = 0; l < k; l++) sum += at<K>(a, lda, ta, i, l) * at<K>(b, ldb, tb, l, j);
            O& out = c[i + (i64)j * ldc];
            out = (O)(beta == K(0) ? alpha * sum : alpha * sum + beta * (K)out);
        }
}

// A batch of products of arrays whose types are known at run time.
int gemm_ex(int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int a_type,
            int lda, i64 sa, const void* b, int b_type, int ldb, i64 sb, const void* beta, void* c,
            int c_type, int ldc, i64 sc, int batch) {
    if (!library_call(a, b, c)) return failed;
    if (a_type != b_type) return unsupported;
    // CUDA_R_32F 0, CUDA_R_64F 1, CUDA_R_16F 2, CUDA_C_32F 4, CUDA_C_64F 5, CUDA_R_16BF 14
#define CASE(TA, A, TO, O, K)                                                                      \
    if (a_type == TA && c_type == TO) {                                                            \
        for (i64 i = 0; i < batch; i++)                                                            \
            gemm(ta, tb, m, n, k, *(const K*)alpha, (const A*)a + i * sa, lda,                     \
                 (const A*)b + i * sb, ldb, *(const K*)beta, (O*)c + i * sc, ldc);                 \
        return ok;                                                                                 \
    }
    CASE(0, float, 0, float, float)
    CASE(1, double, 1, double, double)
    CASE(2, H, 2, H, float)
    CASE(2, H, 0, float, float)
    CASE(14, B, 14, B, float)
    CASE(14, B, 0, float, float)
    CASE(4, C, 4, C, C)
    CASE(5, Z, 5, Z, Z)
    return unsupported;
}

template <class T>
int gemv(int op, int m, int n, T alpha, const T* a, int lda, const T* x, int ix, T beta, T* y,
         int iy) {
    if (!library_call(a, x, y)) return failed;
    int rows = op == op_n ? m : n, columns = op == op_n ? n : m;
    for (int i = 0; i < rows; i++) {
        T sum = 0;
        for (int j = 0; j < columns; j++) sum += at<T>(a, lda, op, i, j) * x[(i64)j * ix];
        T& out = y[(i64)i * iy];
        out = beta == T(0) ? alpha * sum : alpha * sum + beta * out;
    }
    return ok;
}

template <class T>
int dot(bool conjugate, int n, const T* x, int ix, const T* y, int iy, T* out) {
    if (!library_call(x, y, out)) return failed;
    T sum = 0;
    for (int i = 0; i < n; i++)
        sum += (conjugate ? conj_of(x[(i64)i * ix]) : x[(i64)i * ix]) * y[(i64)i * iy];
    *out = sum;
    return ok;
}

template <class T>
int ger(bool conjugate, int m, int n, T alpha, const T* x, int ix, const T* y, int iy, T* a,
        int lda) {
    if (!library_call(x, y, a)) return failed;
    for (int j = 0; j < n; j++) {
        T right = conjugate ? conj_of(y[(i64)j * iy]) : y[(i64)j * iy];
        for (int i = 0; i < m; i++) a[i + (i64)j * lda] += alpha * x[(i64)i * ix] * right;
    }
    return ok;
}

// c = alpha op(a) + beta op(b)
template <class T>
int geam(int ta, int tb, int m, int n, T alpha, const T* a, int lda, T beta, const T* b, int ldb,
         T* c, int ldc) {
    if (!library_call(a, b, c)) return failed;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            T sum = alpha == T(0) ? T(0) : alpha * at<T>(a, lda, ta, i, j);
            c[i + (i64)j * ldc] = beta == T(0) ? sum : sum + beta * at<T>(b, ldb, tb, i, j);
        }
    return ok;
}

// op(a) x = alpha b, or x op(a) = alpha b, in place in b.
template <class T>
int trsm(int side, int fill, int op, int diagonal, int m, int n, T alpha, const T* a, int lda, T* b,
         int ldb) {
    if (!library_call(a, b)) return failed;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) b[i + (i64)j * ldb] *= alpha;
    if (side == left) {
        solve_triangle(fill == lower, op, diagonal, m, n, a, lda, b, ldb);
        return ok;
    }
    bool forward = (fill == lower) != (op == op_n);
    for (int step = 0; step < n; step++) {
        int j = forward ? step : n - 1 - step;
        for (int i = 0; i < m; i++) {
            T sum = b[i + (i64)j * ldb];
            for (int k = forward ? 0 : j + 1; k < (forward ? j : n); k++)
                sum -= b[i + (i64)k * ldb] * at<T>(a, lda, op, k, j);
            b[i + (i64)j * ldb] = diagonal ? sum : sum / at<T>(a, lda, op, j, j);
        }
    }
    return ok;
}

template <class T> int getrf_batched(int n, T* const* a, int lda, int* pivots, int* info, int batch) {
    if (!library_call(a, pivots, info)) return failed;
    for (int i = 0; i < batch; i++)
        info[i] = lu(n, n, a[i], lda, pivots ? pivots + (i64)i * n : nullptr);
    return ok;
}

template <class T>
int getri_batched(int n, const T* const* a, int lda, const int* pivots, T* const* c, int ldc,
                  int* info, int batch) {
    if (!library_call(a, pivots, c, info)) return failed;
    for (int i = 0; i < batch; i++) {
        for (int j = 0; j < n; j++)
            for (int k = 0; k < n; k++) c[i][k + (i64)j * ldc] = T(j == k);
        solve_lu(op_n, n, n, a[i], lda, pivots ? pivots + (i64)i * n : nullptr, c[i], ldc);
        info[i] = 0;
        for (int j = n; j-- > 0;)
            if (a[i][j + (i64)j * lda] == T(0)) info[i] = j + 1;
    }
    return ok;
}

template <class T>
int getrs_batched(int op, int n, int columns, const T* const* a, int lda, const int* pivots,
                  T* const* b, int ldb, int* info, int batch) {
    if (!library_call(a, pivots, b)) return failed;
    for (int i = 0; i < batch; i++)
        solve_lu(op, n, columns, a[i], lda, pivots ? pivots + (i64)i * n : nullptr, b[i], ldb);
    *info = 0; // in memory of the host: it says whether the arguments make sense
    return ok;
}
} // namespace

extern "C" {
#define LEVEL_3(P, T)                                                                              \
    int cublas##P##gemm_v2(void*, int ta, int tb, int m, int n, int k, const T* alpha, const T* a, \
                           int lda, const T* b, int ldb, const T* beta, T* c, int ldc) {           \
        if (!library_call(a, b, c)) return failed;                                                 \
        gemm(ta, tb, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc);                              \
        return ok;                                                                                 \
    }                                                                                              \
    int cublas##P##gemmBatched(void*, int ta, int tb, int m, int n, int k, const T* alpha,         \
                               const T* const* a, int lda, const T* const* b, int ldb,             \
                               const T* beta, T* const* c, int ldc, int batch) {                   \
        if (!library_call(a, b, c)) return failed;                                                 \
        for (int i = 0; i < batch; i++)                                                            \
            gemm(ta, tb, m, n, k, *alpha, a[i], lda, b[i], ldb, *beta, c[i], ldc);                 \
        return ok;                                                                                 \
    }                                                                                              \
    int cublas##P##gemmStridedBatched(void*, int ta, int tb, int m, int n, int k, const T* alpha,  \
                                      const T* a, int lda, i64 sa, const T* b, int ldb, i64 sb,    \
                                      const T* beta, T* c, int ldc, i64 sc, int batch) {           \
        if (!library_call(a, b, c)) return failed;                                                 \
        for (int i = 0; i < batch; i++)                                                            \
            gemm(ta, tb, m, n, k, *alpha, a + i * sa, lda, b + i * sb, ldb, *beta, c + i * sc,     \
                 ldc);                                                                             \
        return ok;                                                                                 \
    }                                                                                              \
    int cublas##P##gemv_v2(void*, int op, int m, int n, const T* alpha, const T* a, int lda,       \
                           const T* x, int ix, const T* beta, T* y, int iy) {                      \
        return gemv(op, m, n, *alpha, a, lda, x, ix, *beta, y, iy);                                \
    }                                                                                              \
    int cublas##P##geam(void*, int ta, int tb, int m, int n, const T* alpha, const T* a, int lda,  \
                        const T* beta, const T* b, int ldb, T* c, int ldc) {                       \
        return geam(ta, tb, m, n, *alpha, a, lda, *beta, b, ldb, c, ldc);                          \
    }                                                                                              \
    int cublas##P##trsm_v2(void*, int side, int fill, int op, int diagonal, int m, int n,          \
                           const T* alpha, const T* a, int lda, T* b, int ldb) {                   \
        return trsm(side, fill, op, diagonal, m, n, *alpha, a, lda, b, ldb);                       \
    }                                                                                              \
    int cublas##P##getrfBatched(void*, int n, T* const* a, int lda, int* pivots, int* info,        \
                                int batch) {                                                       \
        return getrf_batched(n, a, lda, pivots, info, batch);                                      \
    }                                                                                              \
    int cublas##P##getriBatched(void*, int n, const T* const* a, int lda, const int* pivots,       \
                                T* const* c, int ldc, int* info, int batch) {                      \
        return getri_batched(n, a, lda, pivots, c, ldc, info, batch);                              \
    }                                                                                              \
    int cublas##P##getrsBatched(void*, int op, int n, int columns, const T* const* a, int lda,     \
                                const int* pivots, T* const* b, int ldb, int* info, int batch) {   \
        return getrs_batched(op, n, columns, a, lda, pivots, b, ldb, info, batch);                 \
    }
LEVEL_3(S, float)
LEVEL_3(D, double)
LEVEL_3(C, C)
LEVEL_3(Z, Z)

#define DOT(NAME, T, CONJUGATE)                                                                    \
    int cublas##NAME##_v2(void*, int n, const T* x, int ix, const T* y, int iy, T* out) {          \
        return dot(CONJUGATE, n, x, ix, y, iy, out);                                               \
    }
DOT(Sdot, float, false)
DOT(Ddot, double, false)
DOT(Cdotu, C, false)
DOT(Zdotu, Z, false)
DOT(Cdotc, C, true)
DOT(Zdotc, Z, true)

#define GER(NAME, T, CONJUGATE)                                                                    \
    int cublas##NAME##_v2(void*, int m, int n, const T* alpha, const T* x, int ix, const T* y,     \
                          int iy, T* a, int lda) {                                                 \
        return ger(CONJUGATE, m, n, *alpha, x, ix, y, iy, a, lda);                                 \
    }
GER(Sger, float, false)
GER(Dger, double, false)
GER(Cgeru, C, false)
GER(Zgeru, Z, false)
GER(Cgerc, C, true)
GER(Zgerc, Z, true)

int cublasGemmEx(void*, int ta, int tb, int m, int n, int k, const void* alpha, const void* a,
                 int a_type, int lda, const void* b, int b_type, int ldb, const void* beta, void* c,
                 int c_type, int ldc, int, int) {
    return gemm_ex(ta, tb, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta, c, c_type,
                   ldc, 0, 1);
}
int cublasSgemmEx(void*, int ta, int tb, int m, int n, int k, const float* alpha, const void* a,
                  int a_type, int lda, const void* b, int b_type, int ldb, const float* beta,
                  void* c, int c_type, int ldc) {
    return gemm_ex(ta, tb, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta, c, c_type,
                   ldc, 0, 1);
}
int cublasGemmStridedBatchedEx(void*, int ta, int tb, int m, int n, int k, const void* alpha,
                               const void* a, int a_type, int lda, i64 sa, const void* b,
                               int b_type, int ldb, i64 sb, const void* beta, void* c, int c_type,
                               int ldc, i64 sc, int batch, int, int) {
    return gemm_ex(ta, tb, m, n, k, alpha, a, a_type, lda, sa, b, b_type, ldb, sb, beta, c, c_type,
                   ldc, sc, batch);
}

int cublasCreate_v2(void** handle) {
    *handle = (void*)0x10;
    return ok;
}
int cublasDestroy_v2(void*) { return ok; }
static thread_local void* stream = nullptr;
int cublasSetStream_v2(void*, void* s) {
    stream = s;
    return ok;
}
int cublasGetStream_v2(void*, void** s) {
    *s = stream;
    return ok;
}
static thread_local int pointer_mode = 0, math_mode = 0;
int cublasSetPointerMode_v2(void*, int mode) {
    pointer_mode = mode;
    return ok;
}
int cublasGetPointerMode_v2(void*, int* mode) {
    *mode = pointer_mode;
    return ok;
}
int cublasSetMathMode(void*, int mode) {
    math_mode = mode;
    return ok;
}
int cublasGetMathMode(void*, int* mode) {
    *mode = math_mode;
    return ok;
}
int cublasGetVersion_v2(void*, int* version) {
    *version = 120900;
    return ok;
}
} // extern "C"
