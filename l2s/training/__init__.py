"""Training: supervision and reinforcement that trade accuracy against tokens, beside merging and holding back."""
