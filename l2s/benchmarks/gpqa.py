"""GPQA: graduate multiple choice (Rein et al., arXiv 2311.12022); from a local file only.

Its authors ask that items never appear in plain text online: we fetch none and write none but where you say.
The four choices are put in an order drawn from the seed and the question, so that the gold letter is spread.
"""

import random

from l2s.benchmarks.source import Source, made, text_of
from l2s.core.row import Row
from l2s.core.seeds import seed_for

_WRONG = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")


def problem(row: Row, number: int, seed: int) -> Row:
    """The published CSV's columns: ``Question``, ``Correct Answer``, ``Incorrect Answer 1`` to ``3``."""
    question, right = text_of(row, "Question"), text_of(row, "Correct Answer")
    choices = [right, *(text_of(row, key) for key in _WRONG)]
    order = random.Random(seed_for(seed, "gpqa", question)).sample(range(4), 4)
    lines = [f"({letter}) {choices[place]}" for letter, place in zip("ABCD", order, strict=True)]
    subject = row.get("Subdomain") or row.get("High-level domain")
    identity = text_of(row, "Record ID") if row.get("Record ID") else number
    return made(identity, "\n".join([question, "", *lines]), "ABCD"[order.index(0)], subject=subject)


SOURCE = Source(
    name="gpqa",
    title="GPQA (Diamond)",
    count=198,
    licence="CC BY 4.0, with the request not to publish items in plain text: a local file only",
    origin="Rein et al.; gpqa_diamond.csv",
    problem=problem,
)
