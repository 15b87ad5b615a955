"""Parsing: a formula as people write it, as a tree that nothing has evaluated; text that is none is refused."""
