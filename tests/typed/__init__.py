"""Programs for type checkers: one without mistakes, and one with mistakes alone."""
