// Kernels: modules, launches, and the threads of a block, which take turns as fibers.
#include <ucontext.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <cstdlib>
#include <string>
#include <vector>

#include "capture.h"
#include "device.h"

// What a kernel reads of its launch (cuda.h declares it to kernels).
Dim3 threadIdx, blockIdx, blockDim, gridDim;
char stand_in_shared[1 << 18] __attribute__((aligned(128)));

namespace {
enum State { ready, at_block, at_warp, done };

struct Fiber {
    ucontext_t context;
    State state;
    unsigned mask; // of the warp's threads that are waited for
};

const size_t stack_size = 1 << 18; // only what is touched takes memory
const unsigned warp = 32;
std::vector<Fiber> fibers;
char* stacks = nullptr;
size_t stack_count = 0, current_fiber = 0;
ucontext_t scheduler;
Kernel running;
void** arguments;

void place(size_t thread) {
    threadIdx.x = thread % blockDim.x;
    threadIdx.y = thread / blockDim.x % blockDim.y;
    threadIdx.z = thread / blockDim.x / blockDim.y;
}

void body() {
    running(arguments);
    fibers[current_fiber].state = done;
}

void wait(State state, unsigned mask) {
    size_t me = current_fiber;
    fibers[me].state = state;
    fibers[me].mask = mask;
    swapcontext(&fibers[me].context, &scheduler);
}

// Lets those go on whose barrier all have reached; threads that ended count as having reached it.
bool release() {
    const size_t n = fibers.size();
    bool any = false, all_at_block = true;
    for (Fiber& f : fibers) all_at_block &= f.state == at_block || f.state == done;
    for (size_t first = 0; first < n; first += warp) {
        const size_t end = first + warp < n ? first + warp : n;
        unsigned arrived = 0;
        for (size_t i = first; i < first + warp; i++)
            if (i >= n || fibers[i].state == done || fibers[i].state == at_warp)
                arrived |= 1u << (i - first);
        for (size_t i = first; i < end; i++) {
            Fiber& f = fibers[i];
            if ((f.state == at_warp && !(f.mask & ~arrived))
                || (f.state == at_block && all_at_block)) {
                f.state = ready;
                any = true;
            }
        }
    }
    return any;
}

bool run_fibers(size_t n) {
    if (n > stack_count) {
        free(stacks);
        stacks = (char*)malloc(n * stack_size);
        stack_count = n;
    }
    fibers.resize(n);
    for (size_t t = 0; t < n; t++) {
        Fiber& f = fibers[t];
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = stacks + t * stack_size;
        f.context.uc_stack.ss_size = stack_size;
        f.context.uc_link = &scheduler;
        makecontext(&f.context, body, 0);
        f.state = ready;
        f.mask = 0;
    }
    for (size_t left = n; left;) {
        for (size_t t = 0; t < n; t++)
            if (fibers[t].state == ready) {
                current_fiber = t;
                place(t);
                swapcontext(&scheduler, &fibers[t].context);
                left -= fibers[t].state == done;
            }
        if (left && !release()) return false; // a barrier that some threads never reach
    }
    return true;
}

PyObject *load_module, *get_function, *get_sizes;

struct Function {
    Kernel kernel;
    Pointers pointers;
    bool barriers;
    std::string name;
    std::vector<size_t> sizes; // of its arguments, once they are known
};
struct Launch {
    const Function* function;
    intptr_t stream;
    int device;
};
std::vector<Launch> launches;
bool recording = false, flushing = false;

// While it lives, subnormal numbers count as 0, as in float32 kernels that NVRTC compiles with
// -ftz=true. (Here the processor does the same to float64, where a GPU does not.)
struct Flushed {
#if defined(__SSE__)
    unsigned before = _mm_getcsr();
    Flushed() {
        if (flushing) _mm_setcsr(before | 0x8040);
    }
    ~Flushed() { _mm_setcsr(before); }
#endif
};

PyObject* run(const Function& f, void** params) {
    void* pointers[256];
    int n = f.pointers(params, pointers);
    for (int i = 0; i < n; i++)
        if (!stand_in_reachable(pointers[i])) return fail(illegal_address);
    Flushed flushed;
    running = f.kernel;
    arguments = params;
    size_t threads = (size_t)blockDim.x * blockDim.y * blockDim.z;
    for (unsigned z = 0; z < gridDim.z; z++)
        for (unsigned y = 0; y < gridDim.y; y++)
            for (unsigned x = 0; x < gridDim.x; x++) {
                blockIdx = {x, y, z};
                if (f.barriers) {
                    if (!run_fibers(threads)) return fail(launch_failure);
                } else
                    for (size_t t = 0; t < threads; t++) place(t), f.kernel(params);
            }
    return none();
}
} // namespace

// -- what kernels call ----------------------------------------------------------------------

void stand_in_sync_block() { wait(at_block, 0); }
void stand_in_sync_warp(unsigned mask) { wait(at_warp, mask); }
unsigned stand_in_thread() { return current_fiber; }

extern "C" {

void stand_in_set_loaders(PyObject* load, PyObject* get, PyObject* sizes) {
    Py_IncRef(load_module = load);
    Py_IncRef(get_function = get);
    Py_IncRef(get_sizes = sizes);
}
void stand_in_set_sizes(intptr_t function, const size_t* sizes, int count) {
    ((Function*)function)->sizes.assign(sizes, sizes + count);
}
intptr_t stand_in_new_function(Kernel kernel, Pointers pointers, int barriers, const char* name) {
    return (intptr_t) new Function{kernel, pointers, (bool)barriers, name, {}};
}
void stand_in_record(int on) {
    recording = on;
    if (on) launches.clear();
}
void stand_in_flush(int on) { flushing = on; }
i64 stand_in_recorded() { return launches.size(); }
const char* stand_in_launch(i64 i, intptr_t* stream, int* device) {
    *stream = launches[i].stream;
    *device = launches[i].device;
    return launches[i].function->name.c_str();
}

// -- the driver's functions -----------------------------------------------------------------

static intptr_t handle(PyObject* number) {
    if (!number) return 0;
    intptr_t value = PyLong_AsLongLong(number);
    Py_DecRef(number);
    return value;
}
intptr_t moduleLoadData(PyObject* image, int) {
    return handle(PyObject_CallFunction(load_module, "O", image));
}
intptr_t moduleGetFunction(intptr_t module, PyObject* name, int) {
    return handle(PyObject_CallFunction(get_function, "nO", module, name));
}
PyObject* moduleUnload(intptr_t, int) { return none(); }

PyObject* launchKernel(intptr_t f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                       unsigned bz, unsigned shared, intptr_t stream, intptr_t params, intptr_t,
                       int) {
    if (!gx || !gy || !gz || !bx || !by || !bz || (size_t)bx * by * bz > 1024 || gy > 65535
        || gz > 65535 || bz > 64 || shared > sizeof stand_in_shared - 1024)
        return fail(invalid_value);
    if (stream_device(stream) != current_device) return fail(invalid_handle);
    if (implicit(stream)) return fail(capture_implicit);
    const Function& function = *(const Function*)f;
    ++stand_in_counters.launches;
    if (recording) launches.push_back({&function, stream, current_device});
    const Dim3 grid = {gx, gy, gz}, block = {bx, by, bz};
    if (capture_of(stream)) {
        if (function.sizes.empty()) {
            PyObject* done = PyObject_CallFunction(get_sizes, "n", f);
            if (!done) return nullptr;
            Py_DecRef(done);
        }
        std::vector<std::vector<char>> kept;
        for (size_t i = 0; i < function.sizes.size(); i++) {
            const char* argument = ((const char**)params)[i];
            kept.emplace_back(argument, argument + function.sizes[i]);
        }
        captured(stream, [&function, grid, block, kept] {
            std::vector<void*> arguments;
            for (auto& argument : kept) arguments.push_back((void*)argument.data());
            gridDim = grid;
            blockDim = block;
            return run(function, arguments.data());
        });
        return none();
    }
    gridDim = grid;
    blockDim = block;
    return run(function, (void**)params);
}
PyObject* launchCooperativeKernel(intptr_t, unsigned, unsigned, unsigned, unsigned, unsigned,
                                  unsigned, unsigned, intptr_t, intptr_t, int) {
    return fail(not_supported); // blocks run one after the other
}
intptr_t ctxGetCurrent(int) { return 1; }
int ctxGetDevice(int) { return current_device; }
int funcGetAttribute(int attribute, intptr_t, int) { return attribute == 0 ? 1024 : 0; }
PyObject* funcSetAttribute(intptr_t, int, int, int) { return none(); }
int occupancyMaxActiveBlocksPerMultiprocessor(intptr_t, int, size_t, int) { return 16; }
PyObject* occupancyMaxPotentialBlockSize(intptr_t, size_t, int, int) {
    return Py_BuildValue("(ii)", 132, 256);
}
} // extern "C"
