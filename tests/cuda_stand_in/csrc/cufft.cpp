// A stand-in for cuFFT: plans of any rank with strides, by recursion over the factors of each length.
#include <complex>
#include <map>
#include <type_traits>
#include <vector>

#include "stand_in.h"

namespace {
enum { ok = 0, invalid_plan = 1, failed = 6, unsupported = 16 };
enum Type { c2c = 0x29, r2c = 0x2a, c2r = 0x2c, z2z = 0x69, d2z = 0x6a, z2d = 0x6c };
typedef std::complex<double> Z;

struct Plan {
    int type = 0;
    std::vector<i64> n, in_size, out_size; // out_size, in_size: of the arrays, by axis
    i64 in_stride = 1, in_distance = 0, out_stride = 1, out_distance = 0, batch = 0;
};
std::map<int, Plan> plans;
int last_plan = 0;

// The transform of every `stride`-th element of x, of which there are n.
std::vector<Z> transform(const Z* x, i64 n, i64 stride, int sign) {
    if (n == 1) return {x[0]};
    i64 p = 2;
    while (n % p) p++;
    i64 m = n / p;
    std::vector<std::vector<Z>> parts(p);
    if (p == n) {
        for (i64 i = 0; i < n; i++) parts[i] = {x[i * stride]};
    } else
        for (i64 i = 0; i < p; i++) parts[i] = transform(x + i * stride, m, stride * p, sign);
    std::vector<Z> out(n);
    for (i64 k = 0; k < n; k++)
        for (i64 i = 0; i < p; i++) {
            double angle = sign * 6.283185307179586476925 * double(i * k % n) / double(n);
            out[k] += parts[i][k % m] * Z(std::cos(angle), std::sin(angle));
        }
    return out;
}

void along(std::vector<Z>& data, const std::vector<i64>& n, size_t axis, int sign) {
    i64 inner = 1, outer = 1;
    for (size_t i = 0; i < axis; i++) outer *= n[i];
    for (size_t i = axis + 1; i < n.size(); i++) inner *= n[i];
    for (i64 o = 0; o < outer; o++)
        for (i64 i = 0; i < inner; i++) {
            Z* start = &data[o * n[axis] * inner + i];
            std::vector<Z> out = transform(start, n[axis], inner, sign);
            for (i64 k = 0; k < n[axis]; k++) start[k * inner] = out[k];
        }
}

// Calls f(position in n, position in an array whose last axes are `size`) for each element.
template <class F> void each(const std::vector<i64>& n, const std::vector<i64>& size, i64 last, F f) {
    std::vector<i64> index(n.size(), 0), limit = n;
    limit.back() = last;
    for (;;) {
        i64 dense = 0, place = 0;
        for (size_t i = 0; i < n.size(); i++) {
            dense = dense * n[i] + index[i];
            place = (i ? place * size[i] : 0) + index[i];
        }
        f(dense, place);
        size_t axis = n.size();
        while (axis-- > 0 && ++index[axis] == limit[axis]) index[axis] = 0;
        if (axis == (size_t)-1) return;
    }
}

template <class T> Z read(T x) { return Z(x); }
template <class T> void write(std::complex<T>& to, Z x) { to = std::complex<T>(x); }
template <class T> void write(T& to, Z x) { to = (T)x.real(); }
template <class T> const bool is_real = std::is_floating_point<T>::value;

template <class In, class Out> int execute(int handle, const In* in, Out* out, int sign) {
    auto found = plans.find(handle);
    if (found == plans.end()) return invalid_plan;
    if (!library_call(in, out)) return failed;
    const Plan& p = found->second;
    const size_t axes = p.n.size();
    i64 total = 1, last = p.n.back();
    for (i64 n : p.n) total *= n;
    std::vector<Z> data;
    for (i64 b = 0; b < p.batch; b++) {
        data.assign(total, 0);
        each(p.n, p.in_size, is_real<Out> ? last / 2 + 1 : last, [&](i64 dense, i64 place) {
            data[dense] = read(in[b * p.in_distance + place * p.in_stride]);
        });
        for (size_t i = 0; i + 1 < axes; i++) along(data, p.n, i, sign);
        if (is_real<Out>) // half of each row is given: the rest follows, the signal being real
            for (Z* x = data.data(); x < data.data() + total; x += last) {
                x[0] = x[0].real();
                if (last % 2 == 0) x[last / 2] = x[last / 2].real();
                for (i64 k = last / 2 + 1; k < last; k++) x[k] = std::conj(x[last - k]);
            }
        along(data, p.n, axes - 1, sign);
        each(p.n, p.out_size, is_real<In> ? last / 2 + 1 : last, [&](i64 dense, i64 place) {
            write(out[b * p.out_distance + place * p.out_stride], data[dense]);
        });
    }
    return ok;
}
typedef std::complex<float> C;
} // namespace

extern "C" {
int cufftCreate(int* handle) {
    plans[*handle = ++last_plan];
    return ok;
}
int cufftDestroy(int handle) { return plans.erase(handle) ? ok : invalid_plan; }
int cufftSetAutoAllocation(int, int) { return ok; }
int cufftSetWorkArea(int, void*) { return ok; }
int cufftSetStream(int, void*) { return ok; }
int cufftGetVersion(int* version) {
    *version = 11400;
    return ok;
}
int cufftMakePlanMany(int handle, int rank, int* n, int* in_size, int in_stride, int in_distance,
                      int* out_size, int out_stride, int out_distance, int type, int batch,
                      size_t* work) {
    if (!plans.count(handle)) return invalid_plan;
    Plan& p = plans[handle];
    p.type = type;
    p.batch = batch;
    p.n.assign(n, n + rank);
    p.in_size = p.out_size = p.n;
    if (type == r2c || type == d2z) p.out_size.back() = p.n.back() / 2 + 1;
    if (type == c2r || type == z2d) p.in_size.back() = p.n.back() / 2 + 1;
    p.in_distance = p.out_distance = 1;
    for (int i = 0; i < rank; i++) p.in_distance *= p.in_size[i], p.out_distance *= p.out_size[i];
    if (in_size && out_size) { // as in cuFFT, without them the strides are ignored
        p.in_size.assign(in_size, in_size + rank);
        p.out_size.assign(out_size, out_size + rank);
        p.in_stride = in_stride, p.in_distance = in_distance;
        p.out_stride = out_stride, p.out_distance = out_distance;
    }
    *work = 0;
    return ok;
}
int cufftMakePlan1d(int handle, int n, int type, int batch, size_t* work) {
    return cufftMakePlanMany(handle, 1, &n, nullptr, 1, 0, nullptr, 1, 0, type, batch, work);
}
int cufftExecC2C(int p, const C* in, C* out, int sign) { return execute(p, in, out, sign); }
int cufftExecZ2Z(int p, const Z* in, Z* out, int sign) { return execute(p, in, out, sign); }
int cufftExecR2C(int p, const float* in, C* out) { return execute(p, in, out, -1); }
int cufftExecD2Z(int p, const double* in, Z* out) { return execute(p, in, out, -1); }
int cufftExecC2R(int p, const C* in, float* out) { return execute(p, in, out, 1); }
int cufftExecZ2D(int p, const Z* in, double* out) { return execute(p, in, out, 1); }
} // extern "C"
