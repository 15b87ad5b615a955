"""The grader of this project: answers compared by type and value, with bounded work; see docs/grading.md."""

from l2s.verification.compare.equivalence import equivalent
from l2s.verification.graders.grader import Grader

GRADER = Grader("l2s", equivalent)
