"""Plain Math-Verify on both sides as ``$…$``, with its own opinion of numbers; the limits are ours."""

from l2s.verification.graders.grader import Grader
from l2s.verification.outcome import Outcome
from l2s.verification.workers.pool import compared_by


def equivalent(gold: str, answer: str) -> Outcome:
    """What Math-Verify says of the pair in a worker process."""
    return compared_by("math-verify", gold, answer)


GRADER = Grader("math-verify", equivalent)
