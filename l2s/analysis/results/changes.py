"""Changes: the problems that a run lost or won against its slow run."""

import polars as pl

from l2s.analysis.results.comparisons import Couples

COLUMNS = {
    "benchmark": pl.String, "id": pl.String, "level": pl.String, "run": pl.String, "outcome": pl.String,
    "sample": pl.Int64, "gold": pl.String, "answer": pl.String, "answer_slow": pl.String, "tokens": pl.Float64,
    "tokens_slow": pl.Float64, "status": pl.String, "status_slow": pl.String,
}  # fmt: skip


def changed_problems(couples: Couples) -> pl.DataFrame:
    """One row per response that is right in one of the two runs alone: ``won`` here, or ``lost``."""
    frames = []
    for _, (part, slow) in sorted(couples.items()):
        differ = part["correct"] != slow["correct"]
        ours, theirs = part.filter(differ), slow.filter(differ)
        outcome = pl.when("correct").then(pl.lit("won")).otherwise(pl.lit("lost"))
        beside = theirs.select(pl.col("answer", "tokens", "status").name.suffix("_slow"))
        frame = ours.with_columns(outcome.alias("outcome")).hstack(beside)
        frames.append(frame.select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items()))
    return pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)
