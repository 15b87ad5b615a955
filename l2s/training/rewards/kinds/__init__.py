"""The kinds of rewards."""
