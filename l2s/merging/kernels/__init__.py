"""The fused loop of common methods on a CPU, compiled, and the random choices that it needs."""
