"""Verdicts of runs that never were: drawn from a seed, shaped like real ones."""

import random
from typing import Any

from l2s.analysis.analyse import Report, analyse
from l2s.analysis.inputs.facts import Facts
from l2s.analysis.settings import AnalysisParams
from l2s.records import Verdicts, table_of

ACCURACY = {"base": 0.1, "quick": 0.4, "slow": 0.98, "average": 0.98, "ta-s70": 0.85}
LENGTH = {"base": 90, "quick": 30, "slow": 115, "average": 42, "ta-s70": 85}


def verdict_rows(
    runs: dict[str, float] = ACCURACY, per_benchmark: dict[str, int] | None = None, samples: int = 1, seed: int = 0
) -> list[dict[str, Any]]:
    """One row a run, problem and sample."""
    rng = random.Random(seed)
    rows = []
    for benchmark, count in (per_benchmark or {"validation": 100, "test": 200}).items():
        for run, accuracy in runs.items():
            for number in range(count):
                for sample in range(samples):
                    level = 1 + number % 5
                    cut = rng.random() < 0.01
                    correct = not cut and rng.random() < accuracy
                    text = (
                        "<think> 3+4=7. Wait, let me double-check: 3+4=7. Yes.</think>"
                        if run in ("slow", "ta-s70")
                        else ""
                    )
                    rows.append(
                        {
                            "run": run, "model": run.partition("-budget")[0], "benchmark": benchmark,
                            "id": str(number), "sample": sample,
                            "gold": "7", "prompt": "Wait, what is 3+4?",
                            "response": f"{text} The answer is \\boxed{{7}}.",
                            "tokens": int(LENGTH.get(run, 50) * (0.5 + level / 5) * rng.uniform(0.8, 1.2)) + 1,
                            "response_tokens": 1, "think_tokens": 0, "finish": "length" if cut else "stop",
                            "closed": True, "seed": 0, "engine": "none", "level": level,
                            "answer": None if cut else "7", "correct": correct, "grader": "l2s",
                            "status": "truncated" if cut else "correct" if correct else "incorrect",
                        }
                    )  # fmt: skip
    return rows


def analysed(rows: list[dict[str, Any]], settings: AnalysisParams, facts: Facts | None = None) -> Report:
    """What the analysis makes of rows."""
    return analyse(table_of(rows, Verdicts, "rows"), settings, facts)
