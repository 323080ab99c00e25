"""The core of autograd: arrays, the nodes of the graph, recording, and the walks."""
