"""Statistics of source models on a few texts, for the merge methods that use them."""
