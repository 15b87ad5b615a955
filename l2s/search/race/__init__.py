"""The race: how far a trial is looked at, what its problems are evidence of, and which trials are certified."""
