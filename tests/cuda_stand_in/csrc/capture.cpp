// CUDA graphs: what is launched on a stream that is captured is kept, and done at each replay.
#include "capture.h"

#include <cstring>

namespace {
std::map<intptr_t, std::shared_ptr<Capture>> captures; // by stream
std::map<intptr_t, std::shared_ptr<Graph>> graphs;     // graphs and their executables
intptr_t next_graph = 1;

const int relaxed = 2; // cudaStreamCaptureModeRelaxed
} // namespace

std::shared_ptr<Capture> capture_of(intptr_t stream) {
    auto found = captures.find(stream);
    return found == captures.end() ? nullptr : found->second;
}

bool captured(intptr_t stream, Work work) {
    auto capture = capture_of(stream);
    if (!capture) return false;
    capture->joined[stream] = stream == capture->origin;
    capture->graph->push_back({current_device, std::move(work)});
    return true;
}

void join_capture(intptr_t stream, const std::shared_ptr<Capture>& capture) {
    captures[stream] = capture;
    capture->joined[stream] = false;
}

bool implicit(intptr_t stream) {
    if (stream > 1) return false;
    for (auto& c : captures)
        if (!(streamGetFlags(c.first, 0) & 1)) return true; // not cudaStreamNonBlocking
    return false;
}

bool allocation_allowed() {
    for (auto& c : captures)
        if (c.second->mode != relaxed) return false;
    return true;
}

extern "C" {
bool stand_in_capturing() { return !captures.empty(); }

// `options` is how Cython passes arguments with defaults: how many there are, then their values.
PyObject* streamBeginCapture(intptr_t stream, int, const int* options) {
    if (stream < 2 || stream_device(stream) < 0) return fail(capture_unsupported);
    if (captures.count(stream)) return fail(illegal_state);
    auto capture = std::make_shared<Capture>();
    capture->mode = options && options[0] ? options[1] : relaxed;
    capture->origin = stream;
    capture->joined[stream] = true;
    captures[stream] = capture;
    return none();
}

intptr_t streamEndCapture(intptr_t stream, int) {
    auto capture = capture_of(stream);
    if (!capture) return fail(illegal_state), 0;
    if (capture->origin != stream) return fail(capture_unmatched), 0;
    bool joined = true;
    for (auto& s : capture->joined) {
        joined &= s.second;
        captures.erase(s.first);
    }
    capture->active = false;
    if (!joined) return fail(capture_unjoined), 0;
    graphs[++next_graph] = capture->graph;
    return next_graph;
}

int streamIsCapturing(intptr_t stream, int) {
    if (implicit(stream)) return fail(capture_implicit), -1;
    return captures.count(stream);
}

intptr_t graphInstantiate(intptr_t graph, int) {
    if (!graphs.count(graph)) return fail(invalid_value), 0;
    graphs[++next_graph] = graphs[graph];
    return next_graph;
}

PyObject* graphLaunch(intptr_t graph, intptr_t stream, int) {
    auto found = graphs.find(graph);
    if (found == graphs.end() || stream_device(stream) < 0) return fail(invalid_value);
    if (implicit(stream)) return fail(capture_implicit);
    if (captures.count(stream)) return fail(not_supported); // CUDA makes a graph in a graph
    ++stand_in_counters.graph_launches;
    const int device = current_device;
    PyObject* done = none();
    for (const Step& step : *found->second) {
        current_device = step.device;
        Py_DecRef(done);
        if (!(done = step.work())) break;
    }
    current_device = device;
    return done;
}
PyObject* graphUpload(intptr_t graph, intptr_t, int) {
    return graphs.count(graph) ? none() : fail(invalid_value);
}
PyObject* graphDestroy(intptr_t graph, int) {
    return graphs.erase(graph) ? none() : fail(invalid_value);
}
PyObject* graphExecDestroy(intptr_t graph, int skip) { return graphDestroy(graph, skip); }
} // extern "C"
