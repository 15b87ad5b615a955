"""Tasks: l2s wrapped one to one, for Prefect."""
