"""What a search writes and says."""
