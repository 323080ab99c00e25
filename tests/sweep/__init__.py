"""Every elementwise function over its whole domain, against references of high precision.

`points.py` has the grid, `references.py` the formulas, `exact.py` their derivatives by mpmath,
`table.py` the committed tables of what they say, and `exceptions.py` what is known to be off, with
the reason. ``python -m tests.sweep NAME`` writes the table of a row.
"""
