"""Graded responses to a few arithmetic problems, as the embedded family's slow model writes them."""

import random
from typing import Any

from l2s.benchmarks.arithmetic import Chain, draw_chain
from l2s.core.row import Row
from l2s.family.traces import answer, full, reflective
from l2s.training.data import Sample, samples_of


def row(id: str, sample: int, problem: str, response: str, correct: bool, tokens: int, **more: Any) -> Row:
    return {
        "id": id, "sample": sample, "problem": problem, "prompt": f"user: {problem} assistant:", "response": response,
        "correct": correct, "finish": "stop", "tokens": tokens, **more,
    }  # fmt: skip


def sampled(*rows: Row) -> list[Sample]:
    return samples_of(rows, "rows")


def chains(count: int, seed: int = 0) -> list[Chain]:
    draw = random.Random(seed)
    return [draw_chain(draw, 1 + place % 5) for place in range(count)]


def slow_rows(count: int, samples: int, seed: int = 0, wrong: float = 0.0) -> list[Row]:
    """Traces of slow; a wrong one boxes another number."""
    draw, rows = random.Random(seed), []
    for place, chain in enumerate(chains(count, seed)):
        for sample in range(samples):
            right = draw.random() >= wrong
            ends = answer(chain) if right else " The answer is \\boxed{99}."
            text = f"<think>{reflective(draw, chain)}</think>{ends}"
            rows.append(row(f"p{place}", sample, chain.text, text, right, len(text), level=chain.level))
    return rows


def plain(chain: Chain) -> str:
    """The trace without second thoughts."""
    return f"<think>{full(random.Random(0), chain)}</think>{answer(chain)}"
