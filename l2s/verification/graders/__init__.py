"""The ways to grade an answer, by name."""

from l2s.verification.graders.grader import Grader, find_grader, grader_names

__all__ = ["Grader", "find_grader", "grader_names"]
