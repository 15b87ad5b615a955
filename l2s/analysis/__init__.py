"""Analysis: what verdicts say about accuracy, length and their trade-off."""
