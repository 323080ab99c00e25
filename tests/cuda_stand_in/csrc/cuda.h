// CUDA's language for a compiler of the host: what NVRTC gives to the kernels that CuPy writes.
#pragma once
#include <cassert>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "device.h"

#define __host__
#define __device__
#define __global__
#define __constant__ static const
#define __shared__ static
#define __managed__ static
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define __restrict__ __restrict

typedef Dim3 dim3;
static const int warpSize = 32;

// -- threads ----------------------------------------------------------------------------------

static inline void __syncthreads() { stand_in_sync_block(); }
static inline void __syncwarp(unsigned mask = 0xffffffffu) { stand_in_sync_warp(mask); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}

template <class T> static T stand_in_exchange(unsigned mask, T value, int lane_of_source, int width) {
    static T values[1024];
    unsigned thread = stand_in_thread(), first = thread & ~(width - 1u);
    values[thread] = value;
    stand_in_sync_warp(mask);
    T found = lane_of_source < 0 || lane_of_source >= width ? value : values[first + lane_of_source];
    stand_in_sync_warp(mask);
    return found;
}
template <class T> static T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
    return stand_in_exchange(mask, value, lane & (width - 1), width);
}
template <class T> static T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32) {
    return stand_in_exchange(mask, value, int(stand_in_thread() & (width - 1)) - int(by), width);
}
template <class T> static T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32) {
    return stand_in_exchange(mask, value, int(stand_in_thread() & (width - 1)) + int(by), width);
}
template <class T> static T __shfl_xor_sync(unsigned mask, T value, int by, int width = 32) {
    return stand_in_exchange(mask, value, int(stand_in_thread() & (width - 1)) ^ by, width);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate) {
    static unsigned votes[1024];
    unsigned thread = stand_in_thread(), first = thread & ~31u, found = 0;
    votes[thread] = predicate != 0;
    stand_in_sync_warp(mask);
    for (unsigned i = 0; i < 32; i++)
        if (mask >> i & 1) found |= votes[first + i] << i;
    stand_in_sync_warp(mask);
    return found;
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == mask; }
static inline unsigned __activemask() { return 0xffffffffu; }

// -- atomics: threads take turns only at barriers --------------------------------------------

#define STAND_IN_ATOMIC_FOR(NAME, T, NEW)                                                          \
    static inline T NAME(T* p, T v) {                                                              \
        T old = *p;                                                                                \
        *p = NEW;                                                                                  \
        return old;                                                                                \
    }
#define STAND_IN_ATOMICS(T)                                                                        \
    STAND_IN_ATOMIC_FOR(atomicAdd, T, old + v)                                                     \
    STAND_IN_ATOMIC_FOR(atomicSub, T, old - v)                                                     \
    STAND_IN_ATOMIC_FOR(atomicExch, T, v)                                                          \
    STAND_IN_ATOMIC_FOR(atomicMax, T, v > old ? v : old)                                           \
    STAND_IN_ATOMIC_FOR(atomicMin, T, v < old ? v : old)                                           \
    STAND_IN_ATOMIC_FOR(atomicAnd, T, old & v)                                                     \
    STAND_IN_ATOMIC_FOR(atomicOr, T, old | v)                                                      \
    STAND_IN_ATOMIC_FOR(atomicXor, T, old ^ v)                                                     \
    static inline T atomicCAS(T* p, T compare, T v) {                                              \
        T old = *p;                                                                                \
        if (old == compare) *p = v;                                                                \
        return old;                                                                                \
    }
STAND_IN_ATOMICS(int)
STAND_IN_ATOMICS(unsigned)
STAND_IN_ATOMICS(unsigned long long)
STAND_IN_ATOMIC_FOR(atomicAdd, float, old + v)
STAND_IN_ATOMIC_FOR(atomicAdd, double, old + v)
STAND_IN_ATOMIC_FOR(atomicExch, float, v)

// -- numbers ----------------------------------------------------------------------------------

template <class To, class From> static inline To stand_in_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "the same bits in another type");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
static inline float __int_as_float(int x) { return stand_in_bits<float>(x); }
static inline int __float_as_int(float x) { return stand_in_bits<int>(x); }
static inline float __uint_as_float(unsigned x) { return stand_in_bits<float>(x); }
static inline unsigned __float_as_uint(float x) { return stand_in_bits<unsigned>(x); }
static inline double __longlong_as_double(long long x) { return stand_in_bits<double>(x); }
static inline long long __double_as_longlong(double x) { return stand_in_bits<long long>(x); }
static inline unsigned short __float2half_rn(float x) { return stand_in_bits<unsigned short>((_Float16)x); }
static inline float __half2float(unsigned short x) { return (float)stand_in_bits<_Float16>(x); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
template <class T> static inline T __ldg(const T* p) { return *p; }

template <class A, class B> static inline typename std::common_type<A, B>::type min(A a, B b) {
    typedef typename std::common_type<A, B>::type T;
    return (T)b < (T)a ? (T)b : (T)a;
}
template <class A, class B> static inline typename std::common_type<A, B>::type max(A a, B b) {
    typedef typename std::common_type<A, B>::type T;
    return (T)a < (T)b ? (T)b : (T)a;
}
// NaN as CUDA has it: min and max of floating-point numbers prefer the number.
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
static inline double min(double a, double b) { return fmin(a, b); }
static inline double max(double a, double b) { return fmax(a, b); }

static inline double rsqrt(double x) { return 1 / std::sqrt(x); }
static inline float rsqrt(float x) { return 1 / std::sqrt(x); }
static inline float rsqrtf(float x) { return rsqrt(x); }
static inline double rcbrt(double x) { return 1 / std::cbrt(x); }
static inline float rcbrtf(float x) { return 1 / std::cbrt(x); }
static inline double sinpi(double x) {
    double r = std::fmod(x, 2.0);
    return r == std::trunc(r) ? std::copysign(0.0, x) : std::sin(3.141592653589793238 * r);
}
static inline double cospi(double x) {
    double r = std::fabs(std::fmod(x, 2.0));
    return r == 0.5 || r == 1.5 ? 0.0 : std::cos(3.141592653589793238 * r);
}
static inline float sinpi(float x) { return sinpi((double)x); }
static inline float cospi(float x) { return cospi((double)x); }
static inline float sinpif(float x) { return sinpi((double)x); }
static inline float cospif(float x) { return cospi((double)x); }
// CUDA's faster, less exact functions; C's library has private ones of these names.
#define __expf(x) std::exp((float)(x))
#define __logf(x) std::log((float)(x))
#define __sinf(x) std::sin((float)(x))
#define __cosf(x) std::cos((float)(x))
#define __powf(x, y) std::pow((float)(x), (float)(y))
static inline float __fdividef(float x, float y) { return x / y; }
static inline double __fma_rn(double x, double y, double z) { return std::fma(x, y, z); }
static inline float __fmaf_rn(float x, float y, float z) { return std::fma(x, y, z); }
static inline double __dadd_rn(double x, double y) { return x + y; }
static inline double __dmul_rn(double x, double y) { return x * y; }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline int __float2int_rn(float x) { return (int)std::nearbyint(x); }

using std::isnan; using std::isinf; using std::isfinite; using std::signbit; using std::abs;
using std::sin; using std::cos; using std::tan; using std::asin; using std::acos; using std::atan;
using std::sinh; using std::cosh; using std::tanh; using std::asinh; using std::acosh;
using std::atanh; using std::atan2; using std::exp; using std::exp2; using std::expm1;
using std::log; using std::log2; using std::log10; using std::log1p; using std::logb;
using std::pow; using std::sqrt; using std::cbrt; using std::hypot; using std::fma;
using std::floor; using std::ceil; using std::trunc; using std::round; using std::rint;
using std::nearbyint; using std::lrint; using std::llrint; using std::fabs; using std::fmod;
using std::remainder; using std::fmin; using std::fmax; using std::fdim; using std::copysign;
using std::nextafter; using std::ldexp; using std::frexp; using std::modf; using std::scalbn;
using std::ilogb; using std::erf; using std::erfc; using std::tgamma; using std::lgamma;

#include "special.h"

// -- CuPy's own headers, so that they are compiled once -----------------------------------------

struct half;
static inline unsigned short __half_as_ushort(const half&);
static inline half __ushort_as_half(unsigned short);
#include <cupy/complex.cuh>
#include <cupy/carray.cuh>
#include <cupy/float16.cuh>
#include <cupy/bfloat16.cuh>
#include <cupy/atomics.cuh>
#include <cupy/math_constants.h>
static inline unsigned short __half_as_ushort(const half& x) {
    unsigned short bits;
    memcpy(&bits, &x, 2);
    return bits;
}
static inline half __ushort_as_half(unsigned short bits) {
    half x;
    memcpy((void*)&x, &bits, 2);
    return x;
}

// -- launching ----------------------------------------------------------------------------------

template <class T> struct stand_in_pointer {
    static int find(const T&, void**) { return 0; }
};
template <class T> struct stand_in_pointer<T*> {
    static int find(T* p, void** found) { return *found = (void*)p, 1; }
};
template <class T, int n, bool c, bool i> struct stand_in_pointer<CArray<T, n, c, i>> {
    static int find(const CArray<T, n, c, i>& a, void** found) {
        memcpy(found, &a, sizeof(void*)); // its first member; an empty array's may lead anywhere
        return a.size() ? 1 : 0;
    }
};
template <class... A, std::size_t... I>
static void stand_in_call(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
    kernel(*(typename std::remove_const<A>::type*)arguments[I]...);
}
template <class... A> static void stand_in_run(void (*kernel)(A...), void** arguments) {
    stand_in_call(kernel, arguments, std::index_sequence_for<A...>());
}
template <class... A>
static int stand_in_pointers(void (*)(A...), void** arguments, void** found) {
    int n = 0, i = 0;
    (void)arguments, (void)i;
    ((n += stand_in_pointer<typename std::remove_const<A>::type>::find(
          *(typename std::remove_const<A>::type*)arguments[i++], found + n)), ...);
    return n;
}
#define STAND_IN_KERNEL(...)                                                                       \
    extern "C" void stand_in_kernel(void** a) { stand_in_run(__VA_ARGS__, a); }                    \
    extern "C" int stand_in_kernel_pointers(void** a, void** found) {                              \
        return stand_in_pointers(__VA_ARGS__, a, found);                                           \
    }
