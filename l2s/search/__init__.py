"""Search: from ranges of coefficients to the shortest recipe at certified parity with the slow model."""
