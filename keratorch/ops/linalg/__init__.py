"""Linear algebra: every function of the Array API's ``linalg``, with its derivative."""
