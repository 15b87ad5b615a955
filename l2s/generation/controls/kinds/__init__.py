"""The kinds of length control."""
