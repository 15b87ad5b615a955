"""Comparison: a night against the accepted one, problem by problem, and what explains the difference.

Two nights' responses to one problem under one seed are a pair. What is equal in both says nothing; of what
is not, a verdict that changed on an unchanged response is the grader's doing, and a changed response the
model's or the engine's. That much is certain. Whether the changed ones are better or worse is a question of
statistics: McNemar's exact test, adjusted by Holm over all runs and benchmarks of the night.

New samples are never tested for a regression. As long as the accepted night's seeds give the accepted
night's responses, model and engine are what they were, and any difference of new samples is luck.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from l2s.analysis.statistics.accuracy import Interval
from l2s.analysis.statistics.paired import Comparison, Pairs, compare, holm, length_ratio
from l2s.core.params import Params
from l2s.nightly.made import RESPONSES, VERDICTS, Change, explaining
from l2s.nightly.settings import NightlyParams

KEY = ["id", "sample"]
OUTCOMES = {
    "new": "not measured in the accepted night",
    "unpaired": "no problem in common with the accepted night",
    "same": "every response and verdict as accepted",
    "noise": "differences, none of them significant",
    "worse": "accuracy significantly lower",
    "longer": "responses significantly longer",
    "better": "accuracy significantly higher",
    "shorter": "responses significantly shorter",
}
REGRESSIONS = ("worse", "longer", "unpaired")
"""Outcomes that end a night as failed; what cannot be compared is not taken for good."""


class Compared(Params):
    """One run on one benchmark against the accepted night."""

    run: str
    benchmark: str
    outcome: str
    """A key of :data:`OUTCOMES`."""
    n: int = 0
    """Responses that have a partner."""
    problems: int = 0
    left_out: int = 0
    """Responses of either night whose problem or sample is not the other's."""
    rewritten: int = 0
    """Pairs whose response changed."""
    regraded: int = 0
    """Pairs whose verdict changed though the response did not."""
    won: int = 0
    lost: int = 0
    accuracy_before: float | None = None
    accuracy: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    tokens_before: float | None = None
    tokens: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    """Of the interval that holds for all ratios of the night together (Bonferroni)."""
    ratio_high: float | None = None
    fresh: int = 0
    """New samples."""
    fresh_difference: float | None = None
    """Accuracy of the new samples minus that of the accepted ones on the same problems."""
    fresh_low: float | None = None
    fresh_high: float | None = None
    causes: list[Change] = []
    """What changed and can explain the difference; empty though there is one: nothing that is recorded changed."""

    @property
    def difference(self) -> float | None:
        """The difference of accuracy, this night minus the accepted one."""
        return None if self.accuracy is None or self.accuracy_before is None else self.accuracy - self.accuracy_before


def compare_nights(
    before: pl.DataFrame, after: pl.DataFrame, changed: Sequence[Change], settings: NightlyParams
) -> list[Compared]:
    """Compare every run and benchmark of a night with the accepted one.

    Args:
        before: the accepted night, under :class:`l2s.nightly.rows.NightRows`.
        after: this night.
        changed: what differs between the two, by :func:`l2s.nightly.made.changes`.
        settings: confidence and margins.
    """
    old, new = _parts(before, fresh=False), _parts(after, fresh=False)
    fresh = _parts(after, fresh=True)
    pairs = {
        key: part.join(old[key], on=[*KEY, "problem"], suffix="_before") for key, part in new.items() if key in old
    }
    pairs = {key: part.sort(KEY) for key, part in pairs.items()}
    tested = {key: _tested(part, settings) for key, part in pairs.items() if part.height and not _same(part)}
    adjusted = holm({"\0".join(key): comparison.p_value for key, comparison in tested.items()})
    found = []
    for key, part in new.items():
        pair = pairs.get(key)
        if pair is None or not pair.height:
            outcome = "unpaired" if key in old else "new"
            causes = explaining(changed, key[0], ("benchmark", "decoding")) if key in old else []
            found.append(Compared(run=key[0], benchmark=key[1], outcome=outcome, left_out=part.height, causes=causes))
            continue
        columns = _counted(pair, old[key], part)
        columns |= _lucky(fresh.get(key), old[key], settings)
        if key in tested:
            columns |= _columns(pair, tested[key], adjusted["\0".join(key)], len(tested), settings)
        causes = _causes(columns, key[0], changed)
        found.append(Compared(run=key[0], benchmark=key[1], causes=causes, **columns))
    return found


def outcome_of(compared: Sequence[Compared]) -> str:
    """A night's outcome: ``first``, ``regression``, ``drift`` (significant, no regression), ``noise`` or ``same``."""
    outcomes = {row.outcome for row in compared}
    if outcomes <= {"new"}:
        return "first"
    if outcomes & set(REGRESSIONS):
        return "regression"
    if outcomes & {"better", "shorter"}:
        return "drift"
    return "noise" if "noise" in outcomes else "same"


def _parts(rows: pl.DataFrame, fresh: bool) -> dict[tuple[str, str], pl.DataFrame]:
    own = rows.filter(pl.col("fresh") == fresh).sort(["run", "benchmark", *KEY])
    parts = own.partition_by(["run", "benchmark"], as_dict=True, maintain_order=True)
    return {(str(run), str(benchmark)): part for (run, benchmark), part in parts.items()}


def _same(pair: pl.DataFrame) -> bool:
    equal = [(pair[name] == pair[f"{name}_before"]).all() for name in ("response", "status", "correct", "tokens")]
    return all(equal)


def _counted(pair: pl.DataFrame, old: pl.DataFrame, new: pl.DataFrame) -> dict[str, Any]:
    """Counts and means of the pairs, and the outcome as long as nothing differs."""
    rewritten = pair["response"] != pair["response_before"]
    return {
        "outcome": "same",
        "n": pair.height,
        "problems": pair["id"].n_unique(),
        "left_out": old.height + new.height - 2 * pair.height,
        "rewritten": int(rewritten.sum()),
        "regraded": int((~rewritten & (pair["status"] != pair["status_before"])).sum()),
        "accuracy_before": _share(pair["correct_before"]),
        "accuracy": _share(pair["correct"]),
        "tokens_before": float(pair["tokens_before"].sum()) / pair.height,
        "tokens": float(pair["tokens"].sum()) / pair.height,
    }


def _columns(
    pair: pl.DataFrame, comparison: Comparison, p_holm: float, tests: int, settings: NightlyParams
) -> dict[str, Any]:
    """What the tests say of pairs that differ."""
    together = 1 - (1 - settings.confidence) / tests
    ratio = length_ratio(_pairs(pair), together, settings.bootstrap, settings.seed)
    return {
        "outcome": _outcome(comparison.difference, p_holm, ratio, settings),
        "won": comparison.won,
        "lost": comparison.lost,
        "difference_low": comparison.difference.low,
        "difference_high": comparison.difference.high,
        "p_value": comparison.p_value,
        "p_holm": p_holm,
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
    }


def _outcome(difference: Interval, p_holm: float, ratio: Interval | None, settings: NightlyParams) -> str:
    """Accuracy counts before length, a loss before a gain."""
    significant = p_holm < 1 - settings.confidence
    if difference.high < 0 and significant:
        return "worse"
    if ratio is not None and ratio.low > 1 + settings.longer:
        return "longer"
    if difference.low > 0 and significant:
        return "better"
    if ratio is not None and ratio.high < 1 - settings.longer:
        return "shorter"
    return "noise"


def _lucky(fresh: pl.DataFrame | None, old: pl.DataFrame, settings: NightlyParams) -> dict[str, Any]:
    """New samples beside the accepted ones of the same problems; information, no test."""
    pair = None if fresh is None else fresh.join(old, on=[*KEY, "problem"], suffix="_before").sort(KEY)
    if pair is None or not pair.height:
        return {}
    difference = _tested(pair, settings).difference
    return {
        "fresh": pair.height,
        "fresh_difference": difference.value,
        "fresh_low": difference.low,
        "fresh_high": difference.high,
    }


def _causes(columns: Mapping[str, Any], run: str, changed: Sequence[Change]) -> list[Change]:
    """What can explain these differences; the grader too where no response stayed to show that it is innocent."""
    of_grader = columns["regraded"] or columns["rewritten"] == columns["n"]
    kinds = [*(RESPONSES if columns["rewritten"] else ()), *(VERDICTS if of_grader else ())]
    return explaining(changed, run, kinds)


def _tested(pair: pl.DataFrame, settings: NightlyParams) -> Comparison:
    return compare(_pairs(pair), settings.confidence, settings.bootstrap, settings.seed)


def _pairs(pair: pl.DataFrame) -> Pairs:
    return Pairs(
        pair["id"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        pair["correct"].to_numpy(),
        pair["correct_before"].to_numpy(),
        pair["tokens"].cast(pl.Float64).to_numpy(),
        pair["tokens_before"].cast(pl.Float64).to_numpy(),
    )


def _share(column: pl.Series) -> float:
    return float(column.sum()) / len(column)
