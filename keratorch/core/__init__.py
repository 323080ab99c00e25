"""The graph: arrays, nodes, recording, and the walks."""
