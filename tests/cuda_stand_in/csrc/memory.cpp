// Devices and their memory, which is memory of the host.
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "capture.h"

extern "C" Counters stand_in_counters = {};
std::vector<Device> devices;
thread_local int current_device = 0;
PyObject *runtime_error, *driver_error, *pointer_attributes;

namespace {
struct Block {
    size_t size;
    int device; // -1: pinned memory of the host
};
std::map<uintptr_t, Block> blocks;

const Block* find(intptr_t pointer) {
    auto next = blocks.upper_bound(pointer);
    if (next == blocks.begin()) return nullptr;
    --next;
    return (uintptr_t)pointer < next->first + next->second.size ? &next->second : nullptr;
}

intptr_t allocate(size_t size, int device, int fill) {
    void* pointer;
    size_t room = size ? size : 1;
    if (posix_memalign(&pointer, 256, room)) return 0;
    memset(pointer, fill, room);
    blocks[(uintptr_t)pointer] = {room, device};
    return (intptr_t)pointer;
}

void release(intptr_t pointer) {
    blocks.erase((uintptr_t)pointer);
    free((void*)pointer);
}
} // namespace

PyObject* fail(int status) {
    PyObject* error = PyObject_CallFunction(runtime_error, "i", status);
    if (error) {
        PyErr_SetObject(runtime_error, error);
        Py_DecRef(error);
    }
    return nullptr;
}

bool known_device(int device) { return 0 <= device && device < (int)devices.size(); }

int owner(intptr_t pointer) {
    const Block* block = find(pointer);
    return block ? block->device : -1;
}

extern "C" {

void stand_in_set_up(int count, size_t limit, PyObject* error, PyObject* attributes) {
    devices.assign(count, Device());
    for (Device& device : devices) device.limit = limit;
    Py_IncRef(runtime_error = error);
    Py_IncRef(pointer_attributes = attributes);
}

Device* stand_in_device(int device) { return known_device(device) ? &devices[device] : nullptr; }

bool stand_in_reachable(const void* pointer) {
    if (!pointer) return true;
    const Block* block = find((intptr_t)pointer);
    return !block || block->device < 0 || block->device == current_device;
}

// -- devices --------------------------------------------------------------------------------

int getDevice(int) { return current_device; }
int getDeviceCount(int) { return devices.size(); }

PyObject* setDevice(int device, int) {
    if (!known_device(device)) return fail(invalid_device);
    current_device = device;
    return none();
}

// Compute capability 9.0, 132 multiprocessors, 1024 threads: an H100's.
int deviceGetAttribute(int attribute, int device, int) {
    if (!known_device(device)) return fail(invalid_device), -1;
    switch (attribute) {
    case 1: return 1024;        // maxThreadsPerBlock
    case 2: case 3: return 1024; // maxBlockDimX, Y
    case 4: return 64;          // maxBlockDimZ
    case 5: return 2147483647;  // maxGridDimX
    case 6: case 7: return 65535;
    case 8: return 49152;       // maxSharedMemoryPerBlock
    case 10: return 32;         // warpSize
    case 16: return 132;        // multiProcessorCount
    case 75: return 9;          // computeCapabilityMajor
    case 76: return 0;          // computeCapabilityMinor
    case 97: return 232448;     // maxSharedMemoryPerBlockOptin
    default: return 0;
    }
}

PyObject* getDeviceProperties(int device, int) {
    if (!known_device(device)) return fail(invalid_device);
    return Py_BuildValue(
        "{s:y,s:i,s:i,s:i,s:i,s:i,s:n,s:n,s:(iii),s:(iii)}", "name", "stand-in on the CPU",
        "warpSize", 32, "multiProcessorCount", 132, "maxThreadsPerBlock", 1024, "major", 9,
        "minor", 0, "sharedMemPerBlock", (size_t)49152, "totalGlobalMem", devices[device].limit,
        "maxGridSize", 2147483647, 65535, 65535, "maxThreadsDim", 1024, 1024, 64);
}

int driverGetVersion(int) { return 12090; }

int deviceCanAccessPeer(int device, int peer, int) {
    if (!known_device(device) || !known_device(peer)) return fail(invalid_device), -1;
    return 0; // so that reading another device's memory is an error, as without NVLink
}

PyObject* deviceEnablePeerAccess(int, int) { return fail(217); } // peerAccessUnsupported
PyObject* _deviceEnsurePeerAccess(int, int) { return fail(217); }
PyObject* _ensure_context() { return none(); }

// -- allocation -----------------------------------------------------------------------------

intptr_t malloc_(size_t size, int) {
    Device& device = devices[current_device];
    if (!allocation_allowed()) return fail(capture_unsupported), 0;
    if (size > device.limit - device.live) return fail(out_of_memory), 0;
    intptr_t pointer = allocate(size, current_device, 0xFF); // NaN: what is not written shows
    if (!pointer) return fail(out_of_memory), 0;
    ++stand_in_counters.allocations;
    ++device.blocks;
    device.live += size ? size : 1;
    if (device.live > device.peak) device.peak = device.live;
    return pointer;
}

PyObject* free_(intptr_t pointer, int) {
    if (!pointer) return none();
    auto found = blocks.find(pointer);
    if (found == blocks.end() || found->second.device < 0) return fail(invalid_value);
    ++stand_in_counters.frees;
    Device& device = devices[found->second.device];
    --device.blocks;
    device.live -= found->second.size;
    release(pointer);
    return none();
}

intptr_t hostAlloc(size_t size, unsigned, int) {
    intptr_t pointer = allocate(size, -1, 0xFF);
    return pointer ? pointer : (fail(out_of_memory), 0);
}

PyObject* freeHost(intptr_t pointer, int) {
    release(pointer);
    return none();
}

PyObject* memGetInfo(int) {
    Device& device = devices[current_device];
    return Py_BuildValue("(nn)", device.limit - device.live, device.limit);
}

PyObject* pointerGetAttributes(intptr_t pointer, int) {
    const Block* block = find(pointer);
    int device = block && block->device >= 0 ? block->device : block ? current_device : -2;
    int type = !block ? 0 : block->device < 0 ? 1 : 2;
    intptr_t on_device = block ? pointer : 0, on_host = type == 1 ? pointer : 0;
    return PyObject_CallFunction(pointer_attributes, "inni", device, on_device, on_host, type);
}

int pointerGetMemoryType(intptr_t pointer, int) {
    const Block* block = find(pointer);
    return !block ? 0 : block->device < 0 ? 1 : 2;
}

// -- copies ---------------------------------------------------------------------------------

static PyObject* copy(intptr_t to, intptr_t from, size_t size, int kind, bool peer) {
    bool to_device = owner(to) >= 0, from_device = owner(from) >= 0;
    // Kind 4 (default) asks where the pointers lead; the others say it, and must be right.
    const bool said[4][2] = {{false, false}, {false, true}, {true, false}, {true, true}};
    if (kind < 0 || kind > 4) return fail(21); // invalidMemcpyDirection
    if (size && kind != 4 && (said[kind][0] != from_device || said[kind][1] != to_device))
        return fail(invalid_value);
    memmove((void*)to, (const void*)from, size);
    Counters& c = stand_in_counters;
    if (from_device && to_device) ++c.device_to_device, c.bytes_device_to_device += size;
    else if (to_device) ++c.host_to_device, c.bytes_host_to_device += size;
    else if (from_device) ++c.device_to_host, c.bytes_device_to_host += size;
    return none();
}

PyObject* memcpy_(intptr_t to, intptr_t from, size_t size, int kind, int) {
    if (implicit(0)) return fail(capture_implicit);
    return copy(to, from, size, kind, false);
}
PyObject* memcpyAsync(intptr_t to, intptr_t from, size_t size, int kind, intptr_t stream, int) {
    if (implicit(stream)) return fail(capture_implicit);
    if (capture_of(stream) && !(find(to) && find(from))) return fail(capture_unsupported);
    if (captured(stream, [=] { return copy(to, from, size, kind, false); })) return none();
    return copy(to, from, size, kind, false);
}
PyObject* memcpyPeer(intptr_t to, int to_id, intptr_t from, int from_id, size_t size, int) {
    if (!known_device(to_id) || !known_device(from_id)) return fail(invalid_device);
    return copy(to, from, size, 3, true);
}
PyObject* memcpyPeerAsync(intptr_t to, int to_id, intptr_t from, int from_id, size_t size,
                          intptr_t stream, int) {
    if (!known_device(to_id) || !known_device(from_id)) return fail(invalid_device);
    if (implicit(stream)) return fail(capture_implicit);
    if (captured(stream, [=] { return copy(to, from, size, 3, true); })) return none();
    return copy(to, from, size, 3, true);
}
PyObject* memset_(intptr_t to, int value, size_t size, int) {
    if (size && !stand_in_reachable((void*)to)) return fail(illegal_address);
    memset((void*)to, value, size);
    return none();
}
PyObject* memsetAsync(intptr_t to, int value, size_t size, intptr_t stream, int skip) {
    if (implicit(stream)) return fail(capture_implicit);
    if (captured(stream, [=] { return memset_(to, value, size, 0); })) return none();
    return memset_(to, value, size, skip);
}
} // extern "C"
