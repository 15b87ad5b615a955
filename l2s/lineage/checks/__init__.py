"""Checks: each thing that an audit asks of the provenance graph, and what it finds."""
