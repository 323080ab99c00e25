// The capture of CUDA graphs, for the parts of the runtime that give work to streams.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "runtime.h"

typedef std::function<PyObject*()> Work;
struct Step {
    int device;
    Work work;
};
typedef std::vector<Step> Graph;

struct Capture {
    std::shared_ptr<Graph> graph = std::make_shared<Graph>();
    intptr_t origin = 0;
    int mode = 0;
    bool active = true;
    // The streams of the capture, and whether their work is before later work of the others.
    std::map<intptr_t, bool> joined;
};

// The capture that `stream` is in, or null.
std::shared_ptr<Capture> capture_of(intptr_t stream);
// Keeps `work` for the replays, and says so, if `stream` is captured.
bool captured(intptr_t stream, Work work);
void join_capture(intptr_t stream, const std::shared_ptr<Capture>& capture);
// Whether use of a default stream would wait for a stream that is captured, which CUDA refuses.
bool implicit(intptr_t stream);
bool allocation_allowed();
extern "C" unsigned streamGetFlags(intptr_t stream, int);
