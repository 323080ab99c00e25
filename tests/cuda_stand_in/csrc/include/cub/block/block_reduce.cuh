// What CuPy's reductions take from CUB's BlockReduce. Thread 0 joins the values of all threads, in
// their order; as in CUB only thread 0 gets the result.
#pragma once
#include <new>

namespace cub {
template <class T, int THREADS> struct BlockReduce {
    struct TempStorage {
        alignas(T) char bytes[THREADS * sizeof(T)];
    };
    explicit BlockReduce(TempStorage& storage) : values(reinterpret_cast<T*>(storage.bytes)) {}

    template <class Join, int ITEMS> T Reduce(T (&items)[ITEMS], Join join) {
        T found = items[0];
        for (int k = 1; k < ITEMS; k++) found = join(found, items[k]);
        new (values + threadIdx.x) T(found);
        __syncthreads();
        if (threadIdx.x == 0)
            for (int thread = 1; thread < THREADS; thread++) found = join(found, values[thread]);
        __syncthreads();
        return found;
    }

private:
    T* values;
};
} // namespace cub
