"""Every elementwise function over its whole domain, against references of high precision.

`points.py` has the grid, `exact.py` the references by mpmath, `table.py` the committed table of what
they say, `exceptions.py` what is known to be off, with the reason. ``python -m tests.sweep`` writes
the table.
"""
