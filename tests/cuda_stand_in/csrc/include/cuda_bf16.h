// The part of CUDA's bfloat16 that CuPy uses: the upper half of a float, rounded to nearest even.
#pragma once
#include <cstring>

struct __nv_bfloat16 {
    unsigned short bits;

    __nv_bfloat16() : bits(0) {}
    __nv_bfloat16(float x) {
        unsigned int wide;
        memcpy(&wide, &x, 4);
        bits = x != x ? 0x7fff : (wide + 0x7fff + (wide >> 16 & 1)) >> 16;
    }
    operator float() const {
        unsigned int wide = (unsigned int)bits << 16;
        float x;
        memcpy(&x, &wide, 4);
        return x;
    }
};
static inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits; }
static inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) {
    __nv_bfloat16 x;
    x.bits = bits;
    return x;
}
static inline bool __hisnan(__nv_bfloat16 x) { return (x.bits & 0x7fff) > 0x7f80; }
static inline int __hisinf(__nv_bfloat16 x) {
    return (x.bits & 0x7fff) != 0x7f80 ? 0 : x.bits & 0x8000 ? -1 : 1;
}
