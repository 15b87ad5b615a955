"""A lineage in formats of others."""
