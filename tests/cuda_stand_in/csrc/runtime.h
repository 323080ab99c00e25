// The parts of the runtime's stand-in that know one another.
#pragma once
#include <vector>

#include "python.h"
#include "stand_in.h"

// Names of the CUDA runtime's statuses.
enum Status {
    success = 0,
    invalid_value = 1,
    out_of_memory = 2,
    invalid_configuration = 9,
    invalid_device = 101,
    invalid_handle = 400,
    illegal_state = 401,
    not_ready = 600,
    illegal_address = 700,
    launch_failure = 719,
    not_supported = 801,
    capture_unsupported = 900,
    capture_merge = 902,
    capture_unmatched = 903,
    capture_unjoined = 904,
    capture_isolation = 905,
    capture_implicit = 906,
    captured_event = 907,
};

struct Device {
    size_t limit = 0; // bytes
    size_t live = 0, peak = 0;
    i64 blocks = 0;
};
extern std::vector<Device> devices;
extern thread_local int current_device;

// Sets a CUDARuntimeError, and returns what says so.
PyObject* fail(int status);
bool known_device(int device);
// The device whose memory `pointer` leads to, or -1.
int owner(intptr_t pointer);
// The device of a stream; the current one for the default streams, -1 for what is no stream.
int stream_device(intptr_t stream);
