"""Merging models: recipes in mergekit's dialect, methods as pure functions on one weight, and the loop."""
