"""Files of responses and pairs: read, graded, written."""
