"""A night's evaluation of one run, and whom it tells."""
