"""Efficiency: what an answer and a right answer cost, in tokens and in operations, alone and against the slow run.

Kinetics' eFLOPs (arXiv:2506.05333, as its code has it, weights' traffic left out): per response with L_i prompt
and L_o generated tokens, P parameters, n layers, h heads, g key-value heads of size d, and I FLOPs a byte-equivalent,

    compute  2 P L_o + 2 (2 L_i + L_o) L_o h d n
    memory   2 (2 L_i + L_o) L_o g d n I

Attention grows with the square of the length, so it is computed per response and then averaged. Departure: every
sample pays for its prompt's cache (the paper lets the samples of one prompt share it).
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from l2s.analysis.inputs.facts import RunFacts
from l2s.analysis.results.rows import Part, has_tokens, interval_of, known_mean, length, numbered
from l2s.analysis.settings import AesParams, AnalysisParams
from l2s.analysis.statistics.accuracy import Interval, columns
from l2s.analysis.statistics.resampling import percentiles, resampled_sums
from l2s.core.seeds import seed_for
from l2s.core.summary import with_ends

Column = NDArray[np.float64]
AGAINST_SLOW = with_ends("relative_cost_per_correct~", "aes~", "eflops_reduction~")


def efficiency_row(
    part: Part, couple: tuple[Part, Part] | None, facts: RunFacts, slow_facts: RunFacts, settings: AnalysisParams
) -> dict[str, Any]:
    """One run on one benchmark; what needs the slow run, the tokens or the model's size is null without them."""
    known = has_tokens(part)
    part = with_eflops(part, facts, settings.flops_per_byte)
    row: dict[str, Any] = {
        "run": part["run"][0],
        "benchmark": part["benchmark"][0],
        "n": part.height,
        **columns("tokens_per_correct", _per_correct(part, settings) if known else None),
    }
    if couple is not None and has_tokens(couple[0]) and has_tokens(couple[1]) and couple[1]["tokens"].sum():
        ours = with_eflops(couple[0], facts, settings.flops_per_byte)
        row |= _against_slow(ours, with_eflops(couple[1], slow_facts, settings.flops_per_byte), settings)
    else:
        row |= dict.fromkeys(AGAINST_SLOW)
    accuracy, tokens = float(part["correct"].mean() or 0.0), known_mean(part["tokens"])  # type: ignore[arg-type]
    size = facts.parameters
    return row | {
        "accuracy_per_1000_tokens": 1000 * accuracy / tokens if tokens else None,
        "acu": 1e12 * accuracy / (size * tokens) if tokens and size else None,
        "outcome_efficiency": _outcome(part) if known else None,
        **interval_of("eflops", part, pl.col("eflops"), settings),
        "prompt_tokens": known_mean(part["prompt_tokens"]),
        "total_tokens": float(part["tokens"].sum()) if known else None,
        "seconds": known_mean(part["seconds"]),
    }


def aes(accuracy: Column, slow_accuracy: Column, tokens: Column, slow_tokens: Column, constants: AesParams) -> Column:
    """Accuracy-efficiency score (arXiv:2501.12570): α ΔLen + β ΔAcc, γ for β where accuracy fell; both relative."""
    with np.errstate(invalid="ignore", divide="ignore"):
        saved = (slow_tokens - tokens) / slow_tokens
        gained = (accuracy - slow_accuracy) / slow_accuracy
    return constants.alpha * saved + np.where(gained >= 0, constants.beta, constants.gamma) * gained


def eflops(prompt: Column, generated: Column, facts: RunFacts, flops_per_byte: float) -> Column | None:
    """Work in eFLOPs of each response (see the module); None where the model's size is not known."""
    if None in (facts.parameters, facts.layers, facts.heads, facts.kv_heads, facts.head_dim):
        return None
    size = float(facts.parameters or 0)
    per_head = float(facts.head_dim or 0) * float(facts.layers or 0)
    attended = 2 * (2 * prompt + generated) * generated
    compute = 2 * size * generated + attended * float(facts.heads or 0) * per_head
    return compute + attended * float(facts.kv_heads or 0) * per_head * flops_per_byte


def with_eflops(part: Part, facts: RunFacts, flops_per_byte: float) -> Part:
    """The verdicts with columns ``prompt_tokens`` and ``eflops``, null where they cannot be known.

    Where prompts were not counted in tokens, they are taken to have the run's own characters a token.
    """
    characters, tokens = float(part["characters"].sum()), float(part.select(length().sum()).item() or 0.0)
    estimate = pl.col("prompt_characters") * (tokens / characters) if characters else pl.lit(None, dtype=pl.Float64)
    part = part.with_columns(prompt_tokens=pl.coalesce("prompt_tokens", estimate))
    if part["prompt_tokens"].null_count() or part["tokens"].null_count():
        return part.with_columns(eflops=pl.lit(None, dtype=pl.Float64))
    found = eflops(part["prompt_tokens"].to_numpy(), part["tokens"].to_numpy(), facts, flops_per_byte)
    return part.with_columns(eflops=pl.lit(None, dtype=pl.Float64) if found is None else pl.Series(found))


def _sums(part: Part) -> Column:
    """A problem's responses, right ones, tokens and eFLOPs, ``[problems, 4]``."""
    problem = numbered(part)
    values = (part["correct"].cast(pl.Float64), part["tokens"], part["eflops"].fill_null(0))
    return np.stack([np.bincount(problem), *(np.bincount(problem, value.to_numpy()) for value in values)], axis=1)


def _per_correct(part: Part, settings: AnalysisParams) -> Interval | None:
    """All tokens, those of wrong answers included, over right answers; None without a right answer."""
    if not part["correct"].any():
        return None
    seed = seed_for(settings.seed, str(part["benchmark"][0]))
    drawn = resampled_sums(_sums(part)[:, 1:3], settings.bootstrap, seed)
    value = float(part["tokens"].sum()) / float(part["correct"].sum())
    return Interval(value, *percentiles(_ratio(drawn[:, 1], drawn[:, 0]), settings.confidence))


def _against_slow(part: Part, slow: Part, settings: AnalysisParams) -> dict[str, float | None]:
    seed = seed_for(settings.seed, str(part["benchmark"][0]))
    sums = np.concatenate([_sums(part), _sums(slow)], axis=1)  # [problems, 8]
    drawn = np.vstack([sums.sum(axis=0), resampled_sums(sums, settings.bootstrap, seed)])
    n, right, tokens, work, n_slow, right_slow, tokens_slow, work_slow = drawn.T
    scores = {
        "relative_cost_per_correct": _ratio(_ratio(tokens, right), _ratio(tokens_slow, right_slow)),
        "aes": aes(right / n, right_slow / n_slow, tokens, tokens_slow, settings.aes),
        "eflops_reduction": 1 - _ratio(work, work_slow),
    }
    row: dict[str, float | None] = {}
    for name, draws in scores.items():
        defined = np.isfinite(draws[0]) and np.isfinite(draws[1:]).any()
        found = Interval(float(draws[0]), *percentiles(draws[1:], settings.confidence)) if defined else None
        row |= columns(name, found)
    return row


def _ratio(above: Column, below: Column) -> Column:
    """Where the denominator is 0 there is no ratio (nan)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / below, np.nan)


def _outcome(part: Part) -> float:
    """Outcome efficiency (arXiv:2412.21187): right answers' share of tokens up to the answer's first statement.

    A right answer that is nowhere stated in the text counts as needing all of it.
    """
    needed = pl.when("correct").then(pl.col("stated_share").fill_null(1.0)).otherwise(0.0)
    return float(part.select(needed.mean()).item())
