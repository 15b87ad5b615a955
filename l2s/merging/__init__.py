"""Merging: several checkpoints into one, tensor by tensor."""
