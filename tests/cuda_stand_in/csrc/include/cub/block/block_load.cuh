// What CuPy's reductions take from CUB's BlockLoad: each thread loads `ITEMS` neighbours.
#pragma once

namespace cub {
enum BlockLoadAlgorithm { BLOCK_LOAD_DIRECT };

template <class T, int THREADS, int ITEMS, BlockLoadAlgorithm = BLOCK_LOAD_DIRECT>
struct BlockLoad {
    struct TempStorage {};
    explicit BlockLoad(TempStorage&) {}

    template <class Source>
    void Load(const Source* source, T (&items)[ITEMS], int valid, T beyond) {
        for (int k = 0; k < ITEMS; k++) {
            const int place = threadIdx.x * ITEMS + k;
            items[k] = place < valid ? static_cast<T>(source[place]) : beyond;
        }
    }
};
} // namespace cub
