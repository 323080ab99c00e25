// Streams and events. Everything is done when it is asked for, so nothing is ever waited for;
// what would wait is counted.
#include <ctime>
#include <map>

#include "capture.h"

namespace {
struct Stream {
    int device;
    unsigned flags;
    int priority;
};
struct Event {
    int device;
    double time; // milliseconds; negative: not recorded
    std::shared_ptr<Capture> capture; // of the stream on which it was recorded
    intptr_t stream;
};
std::map<intptr_t, Stream> streams;
std::map<intptr_t, Event> events;
intptr_t next_handle = 0x10000;
bool holding = false; // whether streams and events say that their work goes on

double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

intptr_t add_stream(unsigned flags, int priority) {
    streams[next_handle += 16] = {current_device, flags, priority};
    return next_handle;
}
} // namespace

int stream_device(intptr_t stream) {
    if (0 <= stream && stream <= 2) return current_device;
    auto found = streams.find(stream);
    return found == streams.end() ? -1 : found->second.device;
}

extern "C" {

void stand_in_hold(int on) { holding = on; }

intptr_t streamCreate(int) { return add_stream(0, 0); }
intptr_t streamCreateWithFlags(unsigned flags, int) { return add_stream(flags, 0); }
intptr_t streamCreateWithPriority(unsigned flags, int priority, int) {
    return add_stream(flags, priority);
}
unsigned streamGetFlags(intptr_t stream, int) {
    auto found = streams.find(stream);
    return found == streams.end() ? 0 : found->second.flags;
}
int streamGetPriority(intptr_t stream, int) {
    auto found = streams.find(stream);
    return found == streams.end() ? 0 : found->second.priority;
}
PyObject* streamDestroy(intptr_t stream, int) {
    return streams.erase(stream) ? none() : fail(invalid_handle);
}
PyObject* streamSynchronize(intptr_t stream, int) {
    if (stream_device(stream) < 0) return fail(invalid_handle);
    if (capture_of(stream)) return fail(capture_unsupported);
    if (implicit(stream)) return fail(capture_implicit);
    ++stand_in_counters.stream_syncs;
    return none();
}
PyObject* streamQuery(intptr_t stream, int) {
    if (capture_of(stream)) return fail(capture_unsupported);
    if (implicit(stream)) return fail(capture_implicit);
    return stream_device(stream) < 0 ? fail(invalid_handle)
                                     : Py_BuildValue("i", holding ? not_ready : success);
}
PyObject* streamWaitEvent(intptr_t stream, intptr_t event, int, void*) {
    if (stream_device(stream) < 0 || !events.count(event)) return fail(invalid_handle);
    const Event& waited = events[event];
    auto ours = capture_of(stream), theirs = waited.capture;
    if (implicit(stream)) return fail(capture_implicit);
    if (theirs && !theirs->active) return fail(captured_event);
    if (ours && theirs && ours != theirs) return fail(capture_merge);
    if (ours && !theirs && waited.time >= 0) return fail(capture_isolation);
    if (theirs && stream < 2) return fail(capture_implicit);
    if (theirs && !ours) join_capture(stream, theirs);
    if (theirs) theirs->joined[waited.stream] = true;
    ++stand_in_counters.stream_waits;
    return none();
}
PyObject* deviceSynchronize(int) {
    if (stand_in_capturing()) return fail(capture_unsupported);
    ++stand_in_counters.device_syncs;
    return none();
}

intptr_t eventCreate(int) {
    events[next_handle += 16] = {current_device, -1, nullptr, 0};
    return next_handle;
}
intptr_t eventCreateWithFlags(unsigned, int skip) { return eventCreate(skip); }
PyObject* eventDestroy(intptr_t event, int) {
    return events.erase(event) ? none() : fail(invalid_handle);
}
PyObject* eventRecord(intptr_t event, intptr_t stream, int) {
    auto found = events.find(event);
    // An event can only be recorded on a stream of its own device.
    if (found == events.end() || found->second.device != stream_device(stream))
        return fail(invalid_handle);
    if (implicit(stream)) return fail(capture_implicit);
    found->second.time = now();
    found->second.capture = capture_of(stream);
    found->second.stream = stream;
    ++stand_in_counters.event_records;
    return none();
}
PyObject* eventSynchronize(intptr_t event, int) {
    if (!events.count(event)) return fail(invalid_handle);
    if (events[event].capture) return fail(captured_event);
    ++stand_in_counters.event_syncs;
    return none();
}
PyObject* eventQuery(intptr_t event, int) {
    if (!events.count(event)) return fail(invalid_handle);
    if (events[event].capture) return fail(captured_event);
    return Py_BuildValue("i", holding ? not_ready : success);
}
float eventElapsedTime(intptr_t start, intptr_t end, int) {
    auto a = events.find(start), b = events.find(end);
    if (a == events.end() || b == events.end() || a->second.time < 0 || b->second.time < 0)
        return fail(invalid_handle), 0;
    return b->second.time - a->second.time;
}
} // extern "C"
