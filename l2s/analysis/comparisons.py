"""Comparisons: every run against the slow one on the same problems, benchmark by benchmark."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from l2s.analysis.frame import KEY
from l2s.analysis.paired import Comparison, Pairs, compare, holm, verdict
from l2s.analysis.rows import Part, has_tokens, numbered
from l2s.analysis.settings import AnalysisParams
from l2s.errors import RecordError

Parts = Mapping[tuple[str, str], Part]
"""(run, benchmark) to its verdicts."""


def compare_all(parts: Parts, settings: AnalysisParams) -> list[dict[str, Any]]:
    """One row per run and benchmark that the slow run answered too.

    Raises:
        RecordError: names every run that did not answer the same problems as the slow one.
    """
    slow = {benchmark: part for (run, benchmark), part in parts.items() if run == settings.slow}
    compared = {key: part for key, part in parts.items() if key[0] != settings.slow and key[1] in slow}
    problems = [text for key, part in compared.items() for text in _unpaired(part, slow[key[1]])]
    if problems:
        raise RecordError("; ".join(problems))
    found = {
        key: compare(_pairs(part, slow[key[1]]), settings.confidence, settings.bootstrap, settings.seed)
        for key, part in compared.items()
    }
    adjusted = {
        (run, benchmark): p
        for benchmark in slow
        for family in _families(found, benchmark, settings)
        for run, p in holm(family).items()
    }
    return [
        {
            "run": run,
            "baseline": settings.slow,
            "benchmark": benchmark,
            "n": own.n,
            "problems": parts[run, benchmark]["id"].n_unique(),
            **_columns(own, adjusted[run, benchmark], settings, _measured_both(parts[run, benchmark], slow[benchmark])),
        }
        for (run, benchmark), own in found.items()
    ]


def _families(
    found: Mapping[tuple[str, str], Comparison], benchmark: str, settings: AnalysisParams
) -> Iterator[dict[str, float]]:
    """p-values that are adjusted together: those of the merges, and those of all other runs.

    Apart, because the quick model and the base differ from the slow one beyond doubt and would only add to
    the number of tests; without candidates everything is one family.
    """
    own = {run: comparison.p_value for (run, name), comparison in found.items() if name == benchmark}
    yield {run: p for run, p in own.items() if run in settings.candidates}
    yield {run: p for run, p in own.items() if run not in settings.candidates}


def _columns(own: Comparison, adjusted: float, settings: AnalysisParams, measured: bool) -> dict[str, Any]:
    ratio = own.ratio if measured else None
    return {
        "difference": own.difference.value,
        "difference_low": own.difference.low,
        "difference_high": own.difference.high,
        "won": own.won,
        "lost": own.lost,
        "p_value": own.p_value,
        "p_holm": adjusted,
        "minimum_detectable": own.minimum_detectable,
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
        "reduction": 1 - ratio.value if ratio else None,
        "reduction_low": 1 - ratio.high if ratio else None,
        "reduction_high": 1 - ratio.low if ratio else None,
        "verdict": verdict(own, adjusted, settings.margin, settings.confidence),
    }


def _measured_both(part: Part, slow: Part) -> bool:
    return has_tokens(part) and has_tokens(slow)


def _unpaired(part: Part, slow: Part) -> Iterator[str]:
    ours, theirs = part.select(KEY), slow.select(KEY)
    if ours.equals(theirs):
        return
    extra, lacking = ours.join(theirs, on=KEY, how="anti"), theirs.join(ours, on=KEY, how="anti")
    example = (extra if extra.height else lacking).row(0, named=True)
    yield (
        f"runs {part['run'][0]} and {slow['run'][0]} did not answer the same problems of {part['benchmark'][0]} "
        f"({extra.height} only in the first, {lacking.height} only in the second, e.g. id {example['id']} sample "
        f"{example['sample']}), so they cannot be paired; generate and verify what is missing, or leave the run out"
    )


def _pairs(part: Part, slow: Part) -> Pairs:
    """Both runs row by row; lengths that are not known count 1, and their ratio is not shown."""
    return Pairs(
        numbered(part),
        part["correct"].to_numpy(),
        slow["correct"].to_numpy(),
        part["tokens"].fill_null(1).cast(pl.Float64).to_numpy(),
        slow["tokens"].fill_null(1).cast(pl.Float64).to_numpy(),
    )
