// The border between the runtime and the kernels that are compiled for it.
#pragma once

struct Dim3 {
    unsigned x, y, z;
};
// One thread's run of a kernel, with its arguments where the launch left them.
typedef void (*Kernel)(void** arguments);
// Writes the pointers among the arguments to `found`; returns how many.
typedef int (*Pointers)(void** arguments, void** found);

extern Dim3 threadIdx, blockIdx, blockDim, gridDim;
// The memory of `extern __shared__` arrays.
extern char stand_in_shared[1 << 18];
void stand_in_sync_block();
void stand_in_sync_warp(unsigned mask);
// The number of the current thread in its block, while threads are fibers.
unsigned stand_in_thread();
