"""Benchmarks: where problems and gold answers come from."""

from l2s.benchmarks.benchmark import (
    BenchmarkParams,
    ProblemParams,
    TrainingProblems,
    problems_digest,
    write_problems,
)
from l2s.benchmarks.sources import SOURCES

__all__ = [
    "SOURCES",
    "BenchmarkParams",
    "ProblemParams",
    "TrainingProblems",
    "problems_digest",
    "write_problems",
]
