"""Compare: whether an answer equals the gold answer, in words, by value and by type, with bounded work."""
