"""Results: each table of the summary, from the frame and the statistics."""
