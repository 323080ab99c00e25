"""Rules that are faster than the general ones, for one array library each."""
