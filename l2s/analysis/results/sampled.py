"""Sampled beside greedy: runs that ask a model again with sampling of their own, beside its run without."""

from collections.abc import Collection, Mapping

from l2s.analysis.inputs.facts import Facts, RunFacts
from l2s.analysis.results.comparisons import Parts, baselines, by_benchmark, compare_pair, slow_of
from l2s.analysis.results.rows import Part, measured
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import columns
from l2s.analysis.statistics.paired import Comparison, verdict
from l2s.core.errors import ConfigError, RecordError
from l2s.core.params import nearest
from l2s.core.row import Row

DRAWN = ("temperature", "top_p", "top_k")
"""What two runs that are compared under sampling have in common."""


def beside_of(facts: Facts, runs: Collection[str], settings: AnalysisParams) -> dict[str, str]:
    """Runs that are shown beside another one and nowhere else, and that one.

    Raises:
        ConfigError: it is not among the runs, or is shown beside another itself, or such a run has a role.
    """
    found = {run: own.beside for run, own in facts.items() if own.beside is not None and run in runs}
    plain = [run for run in runs if run not in found]
    problems = [
        f"{run}: beside: '{other}' is no run that stands by itself{nearest(other, plain)}"
        for run, other in found.items()
        if other not in plain
    ]
    named = {*baselines(settings), *settings.baselines, *settings.candidates, settings.quick}
    problems += [
        f"analysis: '{run}' is shown beside {found[run]} alone; name that one" for run in found if run in named
    ]
    if problems:
        raise ConfigError("; ".join(problems))
    return found


def sampled_rows(parts: Parts, beside: Mapping[str, str], facts: Facts, settings: AnalysisParams) -> list[Row]:
    """One row per such run and benchmark: both accuracies and lengths, their difference on the same problems.

    Where the slow model was sampled likewise, the run is compared with that too, by the rule of all verdicts; Holm's
    correction is over the sampled runs of a benchmark.

    Args:
        parts: the verdicts of all runs.
        beside: run to the one that it is shown beside.
        facts: what each run's sampling is.
        settings: confidence, margin, bootstrap and seed.

    Raises:
        RecordError: two runs did not answer the same problems.
    """
    keys = [key for key in parts if key[0] in beside and (beside[key[0]], key[1]) in parts]
    against = {
        (run, benchmark): _compared(parts[run, benchmark], parts[slow, benchmark], settings)
        for run, benchmark in keys
        if (slow := _sampled_slow(run, beside, facts, settings)) is not None and (slow, benchmark) in parts
    }
    p_holm = by_benchmark(against, settings)
    rows = []
    for run, benchmark in keys:
        own, word = against.get((run, benchmark)), "baseline" if beside[run] in baselines(settings) else None
        if own is not None:
            word = verdict(own, p_holm[benchmark][run], settings.margin, settings.confidence)
        rows.append(
            _row(parts[run, benchmark], parts[beside[run], benchmark], facts[run], settings)
            | columns("difference_sampled", own.difference if own else None)
            | columns("ratio_sampled", own.ratio if own else None)
            | {"verdict": word}
        )
    return rows


def _row(part: Part, other: Part, facts: RunFacts, settings: AnalysisParams) -> Row:
    pair = _compared(part, other, settings)
    return {
        "run": part["run"][0],
        "beside": other["run"][0],
        "benchmark": part["benchmark"][0],
        "n": part.height,
        "problems": part["id"].n_unique(),
        **_drawn(facts),
        **measured(part, settings),
        **{name.replace(kind, f"{kind}_beside", 1): value for kind in ("accuracy", "tokens")
           for name, value in measured(other, settings).items() if name.startswith(kind)},
        **columns("difference", pair.difference),
        "p_value": pair.p_value,
        **columns("ratio", pair.ratio),
    }  # fmt: skip


def _sampled_slow(run: str, beside: Mapping[str, str], facts: Facts, settings: AnalysisParams) -> str | None:
    """The slow model's run under the same sampling."""
    slow, drawn = slow_of(beside[run], settings), _drawn(facts[run])
    return next((one for one in sorted(beside) if beside[one] == slow and _drawn(facts[one]) == drawn), None)


def _drawn(facts: RunFacts) -> Row:
    return {name: facts.sampling.get(name) for name in DRAWN}


def _compared(part: Part, other: Part, settings: AnalysisParams) -> Comparison:
    """On the same problems; of several samples each of one run with each of the other, a problem counting once."""
    left, right = (
        part.with_row_index("ours").select("id", "ours"),
        other.with_row_index("theirs").select("id", "theirs"),
    )
    apart = len(set(part["id"]) ^ set(other["id"]))
    if apart and settings.pairing == "all":
        raise RecordError(
            f"runs {part['run'][0]} and {other['run'][0]} did not answer the same problems of {part['benchmark'][0]} "
            f"({apart} in one alone), so they cannot be paired; generate and verify what is missing, or compare on "
            "shared problems (analysis.pairing: shared, --shared)"
        )
    pairs = left.join(right, on="id", how="inner", maintain_order="left_right")
    return compare_pair(part[pairs["ours"]], other[pairs["theirs"]], settings, str(part["benchmark"][0]))
