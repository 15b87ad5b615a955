"""Running: a plan executed, tensor by tensor, and what it says of itself."""
