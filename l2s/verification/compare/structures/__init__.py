"""Answers that have parts: tuples, sets, intervals, matrices, vectors, equations."""
