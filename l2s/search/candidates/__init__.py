"""What may be tried: ranges, the templates that they stand in, and the points that are proposed."""
