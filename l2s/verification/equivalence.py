"""Equivalence: is an answer equal to the gold answer? Nothing untrusted is evaluated in this process.

Plain numbers and equal texts are settled exactly and at once; what is left passes limits on its text
and is then compared by algebra in a worker process, within a time and a memory limit.
"""

from typing import Literal, cast

from l2s.verification.exact import settle
from l2s.verification.limits import LONGEST, exceeds_limits
from l2s.verification.workers import POOL

Outcome = Literal["correct", "incorrect", "unparsed", "limit"]
"""``unparsed``: one side is not a formula as a whole; ``limit``: too large to parse, or stopped while comparing."""


def equivalent(gold: str, answer: str) -> Outcome:
    """Whether ``answer`` equals ``gold``; the order matters, since the gold answer sets the type."""
    if len(gold) > LONGEST or len(answer) > LONGEST:
        return "correct" if gold == answer else "limit"
    if not gold.strip() or not answer.strip():
        return "unparsed"
    settled = settle(gold, answer)
    if settled is not None:
        return "correct" if settled else "incorrect"
    return compared_by("l2s", gold, answer)


def equivalent_by_math_verify(gold: str, answer: str) -> Outcome:
    """Plain Math-Verify on both as ``$…$``, with its own opinion of numbers; the limits are ours."""
    return compared_by("math-verify", gold, answer)


def compared_by(grader: str, gold: str, answer: str) -> Outcome:
    """What a worker process says, unless the text of either side is beyond the limits."""
    if exceeds_limits(gold) or exceeds_limits(answer):
        return "limit"
    return cast(Outcome, POOL.ask({"grader": grader, "gold": gold, "answer": answer}))
