"""NumPy's functions on `GradArray`s, compared with NumPy and with finite differences."""
