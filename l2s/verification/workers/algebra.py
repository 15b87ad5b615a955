"""Algebra: pairs handed to a worker process, unless their text is beyond the limits."""

from typing import cast

from l2s.verification.outcome import Outcome
from l2s.verification.parsing.limits import exceeds_limits
from l2s.verification.workers.pool import POOL


def compared_by(grader: str, gold: str, answer: str) -> Outcome:
    """What a worker process says of a pair, by the rules of ``l2s`` or of ``math-verify``."""
    if exceeds_limits(gold) or exceeds_limits(answer):
        return "limit"
    return cast(Outcome, POOL.ask({"grader": grader, "gold": gold, "answer": answer}))
