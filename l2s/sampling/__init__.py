"""Sampling: several responses to every problem, graded, as trainings learn from them."""
