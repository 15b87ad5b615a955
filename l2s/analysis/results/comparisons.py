"""Comparisons: every run against its slow one on the same problems, benchmark by benchmark."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from l2s.analysis.inputs.frame import KEY
from l2s.analysis.results.rows import Part, has_tokens, numbered
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import Interval, columns
from l2s.analysis.statistics.paired import Comparison, Pairs, compare, holm, verdict
from l2s.core.errors import RecordError
from l2s.core.seeds import seed_for

Parts = Mapping[tuple[str, str], Part]
"""(run, benchmark) to its verdicts."""
Couples = Mapping[tuple[str, str], tuple[Part, Part]]
"""(run, benchmark) to its verdicts and its slow run's, row by row on the same problems and samples."""


def baselines(settings: AnalysisParams) -> set[str]:
    """Runs that others are compared with, and which are compared with none themselves."""
    return {*settings.baselines.values(), *([settings.slow] if settings.slow else [])}


def slow_of(run: str, settings: AnalysisParams) -> str | None:
    """The run that this one is compared with."""
    return None if run in baselines(settings) else settings.baselines.get(run, settings.slow)


def couples_of(parts: Parts, settings: AnalysisParams) -> dict[tuple[str, str], tuple[Part, Part]]:
    """Every run beside its slow run, where that answered the benchmark too.

    Raises:
        RecordError: names every run that did not answer the same problems as the slow one, unless the
            settings say that runs are compared on shared problems.
    """
    found, problems = {}, []
    for (run, benchmark), part in parts.items():
        slow = parts.get((slow_of(run, settings) or "", benchmark))
        if slow is None:
            continue
        if not part.select(KEY).equals(slow.select(KEY)):
            if settings.pairing == "all":
                problems.append(_unpaired(part, slow))
                continue
            part, slow = part.join(slow.select(KEY), on=KEY, how="semi"), slow.join(part, on=KEY, how="semi")
        if part.height:
            found[run, benchmark] = (part, slow)
    if problems:
        raise RecordError("; ".join(problems))
    return found


def compare_all(couples: Couples, parts: Parts, settings: AnalysisParams) -> list[dict[str, Any]]:
    """One row per run and benchmark that its slow run answered too."""
    found = {key: compare_pair(*couple, settings, key[1]) for key, couple in couples.items()}
    p_holm = by_benchmark(found, settings)
    return [
        {
            "run": run,
            "baseline": couples[run, benchmark][1]["run"][0],
            "benchmark": benchmark,
            "n": own.n,
            "problems": couples[run, benchmark][0]["id"].n_unique(),
            "unpaired": parts[run, benchmark].height - own.n,
            **comparison_columns(own, p_holm[benchmark][run], settings),
        }
        for (run, benchmark), own in found.items()
    ]


def compare_pair(part: Part, slow: Part, settings: AnalysisParams, *names: str | int) -> Comparison:
    """One run against another, row by row.

    Args:
        part: its verdicts.
        slow: the other's, on the same problems and samples.
        settings: confidence, bootstrap and seed.
        names: of what is compared, e.g. the benchmark: equal names draw equal resamples.
    """
    known = has_tokens(part) and has_tokens(slow)
    found = compare(pairs_of(part, slow), settings.confidence, settings.bootstrap, seed_for(settings.seed, *names))
    return found if known else found._replace(ratio=None)


def by_benchmark(found: Mapping[tuple[str, str], Comparison], settings: AnalysisParams) -> dict[str, dict[str, float]]:
    """Benchmark and run to p-value, adjusted for all runs of the benchmark."""
    p_values = defaultdict[str, dict[str, float]](dict)
    for (run, benchmark), own in found.items():
        p_values[benchmark][run] = own.p_value
    return {benchmark: adjusted(own, settings) for benchmark, own in p_values.items()}


def adjusted(p_values: Mapping[str, float], settings: AnalysisParams) -> dict[str, float]:
    """Holm's p-values of runs: those of the merges together, and those of all other runs.

    Apart, because the quick model and the base differ from the slow one beyond doubt and would only add to
    the number of tests; without candidates everything is one family.
    """
    merges = {run: p for run, p in p_values.items() if run in settings.candidates}
    return holm(merges) | holm({run: p for run, p in p_values.items() if run not in merges})


def comparison_columns(own: Comparison, p_holm: float, settings: AnalysisParams) -> dict[str, Any]:
    """A comparison as a row shows it."""
    return {
        **columns("difference", own.difference),
        "won": own.won,
        "lost": own.lost,
        "p_value": own.p_value,
        "p_holm": p_holm,
        "minimum_detectable": own.minimum_detectable,
        **columns("ratio", own.ratio),
        **columns("reduction", reduction_of(own.ratio)),
        "verdict": verdict(own, p_holm, settings.margin, settings.confidence),
    }


def reduction_of(ratio: Interval | None) -> Interval | None:
    """1 − ratio, ends exchanged."""
    return None if ratio is None else Interval(1 - ratio.value, 1 - ratio.high, 1 - ratio.low)


def pairs_of(part: Part, slow: Part) -> Pairs:
    """Both runs row by row; lengths that are not known count 1, and their ratio must not be shown."""
    return Pairs(
        numbered(part),
        part["correct"].to_numpy(),
        slow["correct"].to_numpy(),
        part["tokens"].fill_null(1).to_numpy(),
        slow["tokens"].fill_null(1).to_numpy(),
    )


def _unpaired(part: Part, slow: Part) -> str:
    ours, theirs = part.select(KEY), slow.select(KEY)
    extra, lacking = ours.join(theirs, on=KEY, how="anti"), theirs.join(ours, on=KEY, how="anti")
    example = (extra if extra.height else lacking).row(0, named=True)
    return (
        f"runs {part['run'][0]} and {slow['run'][0]} did not answer the same problems of {part['benchmark'][0]} "
        f"({extra.height} only in the first, {lacking.height} only in the second, e.g. id {example['id']} sample "
        f"{example['sample']}), so they cannot be paired; generate and verify what is missing, leave the run out, "
        "or compare on shared problems (analysis.pairing: shared, --shared)"
    )
