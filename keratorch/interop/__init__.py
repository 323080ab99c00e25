"""The protocols of NumPy, CuPy and SciPy, through which their functions call keratorch."""
