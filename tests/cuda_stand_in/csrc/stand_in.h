// What the stand-in's own libraries share: the state of the devices, and the counters.
#pragma once
#include <cstddef>
#include <cstdint>

typedef int64_t i64;

// The order is that of `_counters.FIELDS`.
struct Counters {
    i64 launches, library_calls;
    i64 host_to_device, device_to_host, device_to_device, bytes_host_to_device,
        bytes_device_to_host, bytes_device_to_device;
    i64 stream_syncs, device_syncs, event_syncs;
    i64 allocations, frees;
    i64 event_records, stream_waits, graph_launches;
};
extern "C" Counters stand_in_counters;

// Whether the current device may use `pointer`: it is in memory of its own, or of the host.
extern "C" bool stand_in_reachable(const void* pointer);
// Whether a stream is captured into a graph. The stand-in cannot capture calls of libraries.
extern "C" bool stand_in_capturing();
// Called by cuBLAS and its like: counts, and says whether all pointers may be used.
template <class... P> bool library_call(const P*... pointers) {
    if (stand_in_capturing()) return false;
    ++stand_in_counters.library_calls;
    return (stand_in_reachable(pointers) && ... && true);
}
