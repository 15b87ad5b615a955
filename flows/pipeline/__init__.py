"""The DVC graph, and the Prefect flow that brings it up to date."""
