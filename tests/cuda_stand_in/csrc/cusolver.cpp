// A stand-in for the part of cuSOLVER that CuPy calls; LAPACK, which SciPy has, does the work.
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "dense.h"

namespace {
enum { ok = 0, invalid_value = 3, failed = 6, unsupported = 9 };
const bool vectors = true;
std::map<std::string, void*> table;

template <class T> struct Real { typedef T type; };
template <> struct Real<C> { typedef float type; };
template <> struct Real<Z> { typedef double type; };
template <class T> const bool complex = !std::is_same<T, typename Real<T>::type>::value;
template <class T> char prefix() {
    return std::is_same<T, float>::value ? 's' : std::is_same<T, double>::value ? 'd'
         : std::is_same<T, C>::value     ? 'c' : 'z';
}

// Calls LAPACK's routine for T; all its arguments are pointers.
template <class T, class... A> void lapack(const std::string& name, A*... arguments) {
    ((void (*)(A*...))table.at(prefix<T>() + name))(arguments...);
}
// The same for routines that want to be asked first how much workspace they need.
template <class T, class F> void with_work(F call) {
    T size;
    int query = -1;
    call(&size, &query);
    int n = (int)std::real(size);
    std::vector<T> work(n > 1 ? n : 1);
    call(work.data(), &n);
}

template <class T> int potrf(int fill, int n, T* a, int lda) {
    char uplo = fill == lower ? 'L' : 'U';
    int info = 0;
    lapack<T>("potrf", &uplo, &n, a, &lda, &info);
    return info;
}
template <class T> void potrs(int fill, int n, int columns, const T* a, int lda, T* b, int ldb) {
    bool is_lower = fill == lower;
    solve_triangle(is_lower, is_lower ? op_n : op_c, false, n, columns, a, lda, b, ldb);
    solve_triangle(is_lower, is_lower ? op_c : op_n, false, n, columns, a, lda, b, ldb);
}

template <class T> int geqrf(int m, int n, T* a, int lda, T* tau) {
    int info = 0;
    with_work<T>([&](T* w, int* size) { lapack<T>("geqrf", &m, &n, a, &lda, tau, w, size, &info); });
    return info;
}
template <class T> int orgqr(int m, int n, int k, T* a, int lda, const T* tau) {
    int info = 0;
    with_work<T>([&](T* w, int* size) {
        lapack<T>(complex<T> ? "ungqr" : "orgqr", &m, &n, &k, a, &lda, (T*)tau, w, size, &info);
    });
    return info;
}
template <class T>
int ormqr(int side, int op, int m, int n, int k, const T* a, int lda, const T* tau, T* c, int ldc) {
    char s = side == left ? 'L' : 'R', t = op == op_n ? 'N' : complex<T> ? 'C' : 'T';
    int info = 0;
    with_work<T>([&](T* w, int* size) {
        lapack<T>(complex<T> ? "unmqr" : "ormqr", &s, &t, &m, &n, &k, (T*)a, &lda, (T*)tau, c, &ldc,
                  w, size, &info);
    });
    return info;
}

template <class T, class R>
int gesvd(char job_u, char job_vt, int m, int n, T* a, int lda, R* s, T* u, int ldu, T* vt,
          int ldvt) {
    int info = 0, one = 1;
    if (!u) ldu = one;
    if (!vt) ldvt = one;
    std::vector<R> real_work(5 * (m < n ? m : n) + 1);
    with_work<T>([&](T* w, int* size) {
        if constexpr (complex<T>)
            lapack<T>("gesvd", &job_u, &job_vt, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, w, size,
                      real_work.data(), &info);
        else
            lapack<T>("gesvd", &job_u, &job_vt, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, w, size,
                      &info);
    });
    return info;
}

// The Jacobi routines give V where gesvd gives its adjoint.
template <class T, class R>
int gesvdj(bool with_vectors, bool economy, int m, int n, T* a, int lda, R* s, T* u, int ldu, T* v,
           int ldv) {
    int k = m < n ? m : n, rows = economy ? k : n;
    char job = !with_vectors ? 'N' : economy ? 'S' : 'A';
    std::vector<T> vt((size_t)rows * n + 1);
    int info = gesvd(job, job, m, n, a, lda, s, u, ldu, vt.data(), rows > 1 ? rows : 1);
    for (int i = 0; with_vectors && i < rows; i++)
        for (int j = 0; j < n; j++) v[j + (i64)i * ldv] = conj_of(vt[i + (i64)j * rows]);
    return info;
}

template <class T, class R> int syevd(bool with_vectors, int fill, int n, T* a, int lda, R* w) {
    char job = with_vectors ? 'V' : 'N', uplo = fill == lower ? 'L' : 'U';
    int info = 0, many = 3 + 6 * n + 2 * n * n;
    std::vector<T> work(many);
    std::vector<R> real_work(many);
    std::vector<int> int_work(many);
    if constexpr (complex<T>)
        lapack<T>("heevd", &job, &uplo, &n, a, &lda, w, work.data(), &many, real_work.data(), &many,
                  int_work.data(), &many, &info);
    else
        lapack<T>("syevd", &job, &uplo, &n, a, &lda, w, work.data(), &many, int_work.data(), &many,
                  &info);
    return info;
}

// Eigenvalues of any matrix. The vectors of a real one are real, conjugate ones in pairs.
template <class T> int geev(bool with_vectors, int n, T* a, int lda, void* w, T* vr, int ldvr) {
    typedef typename Real<T>::type R;
    char no = 'N', job = with_vectors ? 'V' : 'N';
    int info = 0, one = 1;
    std::vector<R> re(n + 1), im(2 * n + 1);
    std::complex<R>* values = (std::complex<R>*)w;
    with_work<T>([&](T* work, int* size) {
        if constexpr (complex<T>)
            lapack<T>("geev", &no, &job, &n, a, &lda, values, vr, &one, vr, &ldvr, work, size,
                      im.data(), &info);
        else
            lapack<T>("geev", &no, &job, &n, a, &lda, re.data(), im.data(), vr, &one, vr, &ldvr,
                      work, size, &info);
    });
    for (int i = 0; !complex<T> && i < n; i++) values[i] = {re[i], im[i]};
    return info;
}
} // namespace

extern "C" {
void stand_in_set_lapack(const char* name, void* routine) { table[name] = routine; }

int cusolverDnCreate(void** handle) { return *handle = (void*)0x20, ok; }
int cusolverDnDestroy(void*) { return ok; }
static thread_local void* stream = nullptr;
int cusolverDnSetStream(void*, void* s) { return stream = s, ok; }
int cusolverDnGetStream(void*, void** s) { return *s = stream, ok; }
int cusolverDnCreateParams(void** params) { return *params = (void*)0x30, ok; }
int cusolverDnDestroyParams(void*) { return ok; }
int cusolverDnCreateGesvdjInfo(void** info) { return *info = (void*)0x40, ok; }
int cusolverDnDestroyGesvdjInfo(void*) { return ok; }
int cusolverDnCreateSyevjInfo(void** info) { return *info = (void*)0x50, ok; }
int cusolverDnDestroySyevjInfo(void*) { return ok; }
int cusolverGetProperty(int which, int* value) { // version 11.7.5, that of CUDA 12.9
    const int version[] = {11, 7, 5};
    return *value = version[which], ok;
}

// NAME_bufferSize with arguments ARGS: no workspace is needed.
#define NO_WORK(NAME, ...)                                                                         \
    int cusolverDn##NAME##_bufferSize(void*, __VA_ARGS__) { return *size = 1, ok; }

#define SOLVERS(P, T, R, QR, MQR, EIG)                                                             \
    NO_WORK(P##getrf, int, int, T*, int, int* size)                                                \
    int cusolverDn##P##getrf(void*, int m, int n, T* a, int lda, T*, int* pivots, int* info) {     \
        if (!library_call(a, pivots, info)) return failed;                                         \
        return *info = lu(m, n, a, lda, pivots), ok;                                               \
    }                                                                                              \
    int cusolverDn##P##getrs(void*, int op, int n, int columns, const T* a, int lda,               \
                             const int* pivots, T* b, int ldb, int* info) {                        \
        if (!library_call(a, pivots, b, info)) return failed;                                      \
        solve_lu(op, n, columns, a, lda, pivots, b, ldb);                                          \
        return *info = 0, ok;                                                                      \
    }                                                                                              \
    NO_WORK(P##potrf, int, int, T*, int, int* size)                                                \
    int cusolverDn##P##potrf(void*, int fill, int n, T* a, int lda, T*, int, int* info) {          \
        if (!library_call(a, info)) return failed;                                                 \
        return *info = potrf(fill, n, a, lda), ok;                                                 \
    }                                                                                              \
    int cusolverDn##P##potrfBatched(void*, int fill, int n, T** a, int lda, int* info, int batch) { \
        if (!library_call(a, info)) return failed;                                                 \
        for (int i = 0; i < batch; i++) info[i] = potrf(fill, n, a[i], lda);                       \
        return ok;                                                                                 \
    }                                                                                              \
    int cusolverDn##P##potrs(void*, int fill, int n, int columns, const T* a, int lda, T* b,       \
                             int ldb, int* info) {                                                 \
        if (!library_call(a, b, info)) return failed;                                              \
        potrs(fill, n, columns, a, lda, b, ldb);                                                   \
        return *info = 0, ok;                                                                      \
    }                                                                                              \
    int cusolverDn##P##potrsBatched(void*, int fill, int n, int columns, T** a, int lda, T** b,    \
                                    int ldb, int* info, int batch) {                               \
        if (!library_call(a, b, info)) return failed;                                              \
        for (int i = 0; i < batch; i++) potrs(fill, n, columns, a[i], lda, b[i], ldb);             \
        return *info = 0, ok;                                                                      \
    }                                                                                              \
    NO_WORK(P##geqrf, int, int, T*, int, int* size)                                                \
    int cusolverDn##P##geqrf(void*, int m, int n, T* a, int lda, T* tau, T*, int, int* info) {     \
        if (!library_call(a, tau, info)) return failed;                                            \
        return *info = geqrf(m, n, a, lda, tau), ok;                                               \
    }                                                                                              \
    NO_WORK(P##QR, int, int, int, const T*, int, const T*, int* size)                              \
    int cusolverDn##P##QR(void*, int m, int n, int k, T* a, int lda, const T* tau, T*, int,        \
                          int* info) {                                                             \
        if (!library_call(a, tau, info)) return failed;                                            \
        return *info = orgqr(m, n, k, a, lda, tau), ok;                                            \
    }                                                                                              \
    NO_WORK(P##MQR, int, int, int, int, int, const T*, int, const T*, const T*, int, int* size)    \
    int cusolverDn##P##MQR(void*, int side, int op, int m, int n, int k, const T* a, int lda,      \
                           const T* tau, T* c, int ldc, T*, int, int* info) {                      \
        if (!library_call(a, tau, c, info)) return failed;                                         \
        return *info = ormqr(side, op, m, n, k, a, lda, tau, c, ldc), ok;                          \
    }                                                                                              \
    NO_WORK(P##gesvd, int, int, int* size)                                                         \
    int cusolverDn##P##gesvd(void*, signed char job_u, signed char job_vt, int m, int n, T* a,     \
                             int lda, R* s, T* u, int ldu, T* vt, int ldvt, T*, int, R*,           \
                             int* info) {                                                          \
        if (!library_call(a, s, u, vt, info)) return failed;                                       \
        if (m < n) return invalid_value;                                                           \
        return *info = gesvd(job_u, job_vt, m, n, a, lda, s, u, ldu, vt, ldvt), ok;                \
    }                                                                                              \
    NO_WORK(P##gesvdj, int, int, int, int, const T*, int, const R*, const T*, int, const T*, int,  \
            int* size, void*)                                                                      \
    int cusolverDn##P##gesvdj(void*, int job, int economy, int m, int n, T* a, int lda, R* s,      \
                              T* u, int ldu, T* v, int ldv, T*, int, int* info, void*) {           \
        if (!library_call(a, s, u, v, info)) return failed;                                        \
        return *info = gesvdj(job, economy, m, n, a, lda, s, u, ldu, v, ldv), ok;                  \
    }                                                                                              \
    NO_WORK(P##gesvdjBatched, int, int, int, const T*, int, const R*, const T*, int, const T*,     \
            int, int* size, void*, int)                                                            \
    int cusolverDn##P##gesvdjBatched(void*, int job, int m, int n, T* a, int lda, R* s, T* u,      \
                                     int ldu, T* v, int ldv, T*, int, int* info, void*,            \
                                     int batch) {                                                  \
        if (!library_call(a, s, u, v, info)) return failed;                                        \
        if (m > 32 || n > 32) return invalid_value;                                                \
        for (i64 i = 0; i < batch; i++)                                                            \
            info[i] = gesvdj(job, false, m, n, a + i * lda * n, lda, s + i * (m < n ? m : n),      \
                             u + i * ldu * m, ldu, v + i * ldv * n, ldv);                          \
        return ok;                                                                                 \
    }                                                                                              \
    NO_WORK(P##EIG##d, int, int, int, const T*, int, const R*, int* size)                          \
    int cusolverDn##P##EIG##d(void*, int job, int fill, int n, T* a, int lda, R* w, T*, int,       \
                              int* info) {                                                         \
        if (!library_call(a, w, info)) return failed;                                              \
        return *info = syevd(job, fill, n, a, lda, w), ok;                                         \
    }                                                                                              \
    NO_WORK(P##EIG##j, int, int, int, const T*, int, const R*, int* size, void*)                   \
    int cusolverDn##P##EIG##j(void*, int job, int fill, int n, T* a, int lda, R* w, T*, int,       \
                              int* info, void*) {                                                  \
        if (!library_call(a, w, info)) return failed;                                              \
        return *info = syevd(job, fill, n, a, lda, w), ok;                                         \
    }                                                                                              \
    NO_WORK(P##EIG##jBatched, int, int, int, const T*, int, const R*, int* size, void*, int)       \
    int cusolverDn##P##EIG##jBatched(void*, int job, int fill, int n, T* a, int lda, R* w, T*,     \
                                     int, int* info, void*, int batch) {                           \
        if (!library_call(a, w, info)) return failed;                                              \
        for (i64 i = 0; i < batch; i++)                                                            \
            info[i] = syevd(job, fill, n, a + i * lda * n, lda, w + i * n);                        \
        return ok;                                                                                 \
    }
SOLVERS(S, float, float, orgqr, ormqr, syev)
SOLVERS(D, double, double, orgqr, ormqr, syev)
SOLVERS(C, C, float, ungqr, unmqr, heev)
SOLVERS(Z, Z, double, ungqr, unmqr, heev)

// Calls F with its T for one of CUDA's names of types.
#define FOR_TYPE(TYPE, CALL)                                                                       \
    switch (TYPE) {                                                                                \
    case 0: { typedef float T; CALL; } break;                                                      \
    case 1: { typedef double T; CALL; } break;                                                     \
    case 4: { typedef C T; CALL; } break;                                                          \
    case 5: { typedef Z T; CALL; } break;                                                          \
    default: return unsupported;                                                                   \
    }

int cusolverDnXsyevd_bufferSize(void*, void*, int, int, i64, int, const void*, i64, int,
                                const void*, int, size_t* on_device, size_t* on_host) {
    return *on_device = *on_host = 1, ok;
}
int cusolverDnXsyevd(void*, void*, int job, int fill, i64 n, int type, void* a, i64 lda, int,
                     void* w, int, void*, size_t, void*, size_t, int* info) {
    if (!library_call((char*)a, (char*)w, info)) return failed;
    FOR_TYPE(type, *info = syevd(job, fill, n, (T*)a, lda, (Real<T>::type*)w))
    return ok;
}
int cusolverDnXgeev_bufferSize(void*, void*, int, int, i64, int, const void*, i64, int, const void*,
                               int, const void*, i64, int, const void*, i64, int, size_t* on_device,
                               size_t* on_host) {
    return *on_device = *on_host = 1, ok;
}
int cusolverDnXgeev(void*, void*, int job_left, int job, i64 n, int type, void* a, i64 lda, int,
                    void* w, int, void*, i64, int, void* vr, i64 ldvr, int, void*, size_t, void*,
                    size_t, int* info) {
    if (!library_call((char*)a, (char*)w, (char*)vr, info)) return failed;
    if (job_left) return unsupported;
    FOR_TYPE(type, *info = geev(job, n, (T*)a, lda, w, (T*)vr, ldvr))
    return ok;
}
} // extern "C"
