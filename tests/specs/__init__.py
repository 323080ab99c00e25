"""The rows of the spec table, by subject; `tests.op_specs` puts them together."""
