"""A summary with every table that a page can show, from simulated verdicts."""

from pathlib import Path
from typing import Any

from l2s.analysis.output.reading import read_summary
from l2s.analysis.output.summary import write_summary
from l2s.analysis.settings import AnalysisParams
from l2s.core.summary import with_ends
from l2s.report.parts.examples import Examples, pick_examples
from tests.analysis.simulate import ACCURACY, analysed, verdict_rows

RUNS = {**ACCURACY, "slow-budget-96": 0.6, "ties-d50": 0.97, "ta-s40": 0.96}
ONE = {"validation": 60, "test": 120}
TWO = {"validation": 60, "test": 120, "unseen": 80}


def summarised(rows: list[dict[str, Any]], folder: Path, **changed: Any) -> dict[str, Any]:
    runs = dict.fromkeys(row["run"] for row in rows)
    candidates = [run for run in runs if ("-" in run or run == "average") and "budget" not in run]
    settings = {"slow": "slow", "quick": "quick", "validation": "validation", "candidates": candidates}
    parsed = AnalysisParams.model_validate({**settings, "bootstrap": 200, **changed})
    write_summary(analysed(rows, parsed), folder)
    return read_summary(folder / "summary.json")


def rich(folder: Path, sizes: dict[str, int]) -> dict[str, Any]:
    """A summary of benchmarks of these sizes, and a row or two of every further table."""
    summary = summarised(verdict_rows(RUNS, sizes), folder)
    by_run = {(row["run"], row["benchmark"]): row for row in summary["rows"]}
    known = {"method": "task_arithmetic", "coefficients": {"share.slow": 0.4}, "parameters": 607360}

    def part(run: str, **more: Any) -> dict[str, Any]:
        row = by_run[run, "test"]
        return {key: row[key] for key in with_ends("run", "benchmark", "n", "accuracy~", "tokens~")} | more

    return summary | {
        "runs": [row | (known if row["run"] == "ta-s40" else {}) for row in summary["runs"]],
        "sensitivity": [part("ta-s40", method="task_arithmetic", coefficient="share.slow", value=0.4, step=None,
                             change=None, tokens_change_ratio=None),
                        part("ta-s70", method="task_arithmetic", coefficient="share.slow", value=0.7, step=0.3,
                             change=-0.1, change_low=-0.2, change_high=-0.05, tokens_change_ratio=2.0)],
        "controls": [part("slow-budget-96", model="slow", kind="budget", value=96.0, within=1.0, think_tokens=70.0),
                     part("slow", model="slow", kind="none", value=None, within=None, think_tokens=100.0)],
        "curves": [], "samples": [], "scale": [],
        "efficiency": [part("average", tokens_per_correct=41.2, tokens_per_correct_low=40.1,
                            tokens_per_correct_high=42.3, aes=0.63, aes_low=0.6, aes_high=0.65, seconds=None)],
        "pareto": [], "hypervolume": [{"benchmark": "test", "hypervolume": 0.66, "hypervolume_low": 0.65,
                                       "hypervolume_high": 0.67, "runs": 8}],
        "takeaways": [{"id": "half", "claim": "TIES halves the length.", "source": "table 1", "on": on,
                       "status": status, "sentence": f"{on} numbers.", "numbers": {}, "caveat": ""}
                      for on, status in (("study", "supported"), ("runs", "undecided"))],
        "notes": ["Prompts were not counted."],
    }  # fmt: skip


def manifest(base: str | None = "base") -> dict[str, Any]:
    def tensor(norm: float, *shape: int) -> dict[str, Any]:
        return {"shape": list(shape), "delta_norm": norm, "kept_share": 0.5, "sign_conflict_share": 0.25,
                "unchanged_share": 0.125, "digest": "sha256:0", "dtype": "BF16"}  # fmt: skip

    return {
        "recipe": {"merge_method": "ties", **({"base_model": base} if base else {})},
        "seed": 0,
        "inputs": {"slow": {"weights": "sha256:51"}},
        "output": {"weights": "sha256:42"},
        "versions": {"torch": "2"},
        "donor": {"model": "slow"},
        "tensors": {
            "model.norm.weight": tensor(0.1, 4),
            "model.layers.10.mlp.up_proj.weight": tensor(1.0, 4, 4),
            "model.layers.2.mlp.up_proj.weight": tensor(3.0, 4, 4),
            "model.layers.2.mlp.down_proj.weight": {**tensor(4.0, 4, 12), "kept_share": 0.9},
            "model.embed_tokens.weight": tensor(2.0, 8, 4),
            "copied.weight": {"shape": [2], "digest": "sha256:0"},
        },
    }


def examples_with(response: str, each: int = 2) -> Examples:
    """Problems of slow beside average, the first of which average lost with this response."""
    rows = [row for row in verdict_rows({"slow": 1.0, "average": 1.0}, {"test": 6}) if row["status"] == "correct"]
    for row in rows:
        if row["run"] == "average" and row["id"] in ("0", "1"):
            row |= {"response": response, "correct": False, "status": "incorrect", "answer": "<b>6</b>"}
    sides = ([row for row in rows if row["run"] == run] for run in ("slow", "average"))
    return pick_examples(*sides, ["test"], each)
