// A stand-in for cuRAND: the distributions, from the C++ library's generators; not its sequences.
#include <random>

#include "stand_in.h"

namespace {
enum { ok = 0, failed = 201 };
struct Generator {
    std::mt19937_64 bits;
};

template <class T, class D> int fill(Generator* g, T* out, size_t n, D distribution) {
    if (!library_call(out)) return failed;
    for (size_t i = 0; i < n; i++) out[i] = (T)distribution(g->bits);
    return ok;
}
// cuRAND's uniform numbers are in (0, 1].
template <class T> int uniform(Generator* g, T* out, size_t n) {
    if (!library_call(out)) return failed;
    for (size_t i = 0; i < n; i++) out[i] = 1 - std::generate_canonical<T, 64>(g->bits);
    return ok;
}
} // namespace

extern "C" {
int curandCreateGenerator(Generator** g, int) {
    *g = new Generator;
    return ok;
}
int curandDestroyGenerator(Generator* g) {
    delete g;
    return ok;
}
int curandGetVersion(int* version) {
    *version = 10300;
    return ok;
}
int curandSetStream(Generator*, void*) { return ok; }
int curandSetPseudoRandomGeneratorSeed(Generator* g, unsigned long long seed) {
    g->bits.seed(seed);
    return ok;
}
int curandSetGeneratorOffset(Generator* g, unsigned long long offset) {
    g->bits.discard(offset);
    return ok;
}
int curandSetGeneratorOrdering(Generator*, int) { return ok; }
int curandGenerate(Generator* g, unsigned* out, size_t n) {
    return fill(g, out, n, [](auto& bits) { return bits() >> 32; });
}
int curandGenerateLongLong(Generator* g, unsigned long long* out, size_t n) {
    return fill(g, out, n, [](auto& bits) { return bits(); });
}
int curandGenerateUniform(Generator* g, float* out, size_t n) { return uniform(g, out, n); }
int curandGenerateUniformDouble(Generator* g, double* out, size_t n) { return uniform(g, out, n); }
int curandGenerateNormal(Generator* g, float* out, size_t n, float mean, float deviation) {
    return fill(g, out, n, std::normal_distribution<float>(mean, deviation));
}
int curandGenerateNormalDouble(Generator* g, double* out, size_t n, double mean, double deviation) {
    return fill(g, out, n, std::normal_distribution<double>(mean, deviation));
}
int curandGenerateLogNormal(Generator* g, float* out, size_t n, float mean, float deviation) {
    return fill(g, out, n, std::lognormal_distribution<float>(mean, deviation));
}
int curandGenerateLogNormalDouble(Generator* g, double* out, size_t n, double mean,
                                  double deviation) {
    return fill(g, out, n, std::lognormal_distribution<double>(mean, deviation));
}
int curandGeneratePoisson(Generator* g, unsigned* out, size_t n, double mean) {
    return fill(g, out, n, std::poisson_distribution<unsigned>(mean));
}
} // extern "C"
