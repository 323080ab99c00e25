"""Protocols of other libraries, through which their functions reach keratorch."""
