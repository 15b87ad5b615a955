"""Rows of nights that never were, and what they would rest on."""

import random
from typing import Any

import polars as pl

from l2s.nightly.made import Made, RunMade
from l2s.nightly.rows import NightRows
from l2s.records import table_of


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "run": "slow", "benchmark": "test", "id": str(number), "sample": 0, "fresh": False, "problem": f"p{number}",
        "response": f"r{number}", "status": "correct", "correct": True, "tokens": 10, "finish": "stop", **changes,
    }  # fmt: skip


def wrong(number: int, **changes: Any) -> dict[str, Any]:
    return row(number, **{"status": "incorrect", "correct": False, "response": f"w{number}", **changes})


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return table_of(rows, NightRows, "night")


def sampled(seed: int, problems: int, samples: int, shift: float = 0.0, fresh: bool = False) -> list[dict[str, Any]]:
    """Each problem has a chance of its own of being solved, the same every night but for ``shift``."""
    rng, rows = random.Random(seed), []
    for number in range(problems):
        chance = min(1.0, max(0.0, random.Random(1000 + number).uniform(0.3, 1.0) + shift))
        for sample in range(samples):
            right = rng.random() < chance
            text, tokens = f"{seed} {number} {sample}", rng.randint(50, 150)
            kind = row if right else wrong
            rows.append(kind(number, sample=sample, response=text, tokens=tokens, fresh=fresh))
    return rows


def made(**changes: Any) -> Made:
    run = {
        "model": "merged/a", "weights": "sha256:" + "1" * 64, "files": "sha256:" + "2" * 64,
        "control": {"kind": "none"}, "engine": "transformers 5 torch 2 r1",
    }  # fmt: skip
    found = {
        "runs": {"slow": run, "chosen": {**run, "weights": "sha256:" + "3" * 64}},
        "benchmarks": {"test": "b1"},
        "decoding": {"engine": "auto", "sampling": {"temperature": 0.0, "seed": 0}},
        "grader": {"name": "l2s", "code": "sha256:" + "4" * 64},
        "generation": "sha256:" + "5" * 64,
        "libraries": {"torch": "2.13.0", "sympy": "1.14.0"},
        "machine": {"cpu": "one", "device": "cpu"},
        **changes,
    }
    return Made.model_validate(found)


def with_run(before: Made, run: str, **changes: Any) -> Made:
    runs = {**before.runs, run: RunMade.model_validate({**before.runs[run].model_dump(), **changes})}
    return before.model_copy(update={"runs": runs})
