"""The kinds of training data."""
