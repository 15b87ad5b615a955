"""Benchmarks: where problems and gold answers come from."""

from l2s.benchmarks.benchmark import BenchmarkParams, write_problems

__all__ = ["BenchmarkParams", "write_problems"]
