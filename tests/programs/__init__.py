"""Complete numerical programs that know nothing of keratorch, and are differentiated.

They are written as CuPy's examples are: functions of an array module `xp` and of arrays. The
module is NumPy itself, or the namespace of the backend under test.
"""
