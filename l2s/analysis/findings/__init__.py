"""Findings: what the paper claims, tested on the user's runs and on its own tables."""
