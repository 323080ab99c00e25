"""The same three workloads, once per library.

Each module here offers ``version()`` and the functions ``chain``, ``mlp`` and ``memory``. Given
inputs (NumPy arrays, see ``inputs.py``) they put whatever may be prepared in place and return a
``Step``: a function that runs the workload forward and backward once, forgets the gradients, and
returns them.
"""
