"""Flows: the stages' plain commands, the pipeline and the command line."""
