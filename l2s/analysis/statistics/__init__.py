"""Statistics: means, differences and intervals, whatever they are of."""
