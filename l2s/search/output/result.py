"""The folder of a search: recipe.yaml, control.yaml where one was found, trials.csv, race.csv, front.csv, search.json.

Nothing in it was timed or tells when or where it was written: two machines write the same bytes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from l2s.core.files import replacing_folder, write_json, write_text
from l2s.core.row import Row
from l2s.core.yaml import dump_yaml
from l2s.records.cells import csv_text, rounded
from l2s.search.candidates.proposals import cells
from l2s.search.candidates.ranges import Choice
from l2s.search.found import SearchResult
from l2s.search.race.certified import Point
from l2s.search.race.evidence import LN10, bounds, least_problems, log_worse
from l2s.search.race.trial import Trial

EACH = 400
"""Problems that every trial would be given without a race."""
FINE = 10
"""Values of each number in the grid that a search is compared with."""
VALUE = "value."
"""How a column of trials.csv begins that has a dimension's values."""
TRIALS = (
    "trial", "batch", "start", "ended", "nominee", "problems", "won", "lost", "accuracy", "difference",
    "difference_low", "difference_high", "tokens", "charged", "relative", "evidence", "evidence_worse",
)  # fmt: skip
"""Columns of trials.csv beside those of the dimensions; evidence is its decimal logarithm, the highest at any look."""
RACE = ("round", "trial", "problems", "won", "lost", "tokens", "relative", "evidence", "ended", "spent")
FRONT = (
    "trial", "problems", "difference", "difference_low", "difference_high", "relative", "relative_low", "relative_high",
)  # fmt: skip


def write_result(found: SearchResult, out: Path) -> None:
    """Write the folder; it appears whole, in the place of one that is there."""
    with replacing_folder(out) as folder:
        if found.winner is not None:
            candidate = found.winner.proposal.candidate
            write_text(folder / "recipe.yaml", dump_yaml(candidate.recipe))
            if found.searches_control:
                control = candidate.control if isinstance(candidate.control, dict) else {"kind": candidate.control}
                write_text(folder / "control.yaml", dump_yaml(control))
        dimensions = tuple(f"{VALUE}{one.name}" for one in found.space.dimensions)
        trials = [_trial(found, one) for one in found.trials]
        write_text(folder / "trials.csv", csv_text(rounded(trials), (*TRIALS, *dimensions)))
        write_text(folder / "race.csv", csv_text(rounded(found.looks), RACE))
        write_text(folder / "front.csv", csv_text(rounded([_point(one) for one in found.front]), FRONT))
        write_json(folder / "search.json", rounded(summary_of(found)))


def summary_of(found: SearchResult) -> dict[str, Any]:
    """What search.json holds."""
    return {
        "settings": found.settings.model_dump(mode="json"),
        "dimensions": [one.name for one in found.space.dimensions],
        "problems": found.rules.problems,
        "share": found.rules.share,
        "least_problems": least_problems(found.rules.margin, found.rules.alpha),
        "slow": _slow(found),
        "found": found.winner is not None,
        "winner": _winner(found),
        "certificate": _certificate(found),
        "best_bound": _best_bound(found),
        "missed": None if found.missed is None else _estimate(found, found.missed),
        "ended": _ended(found),
        "spent": _spent(found),
        "importances": found.importances,
    }


def _winner(found: SearchResult) -> Row | None:
    """What search.json says of the winner; None where there is none."""
    if (winner := found.winner) is None:
        return None
    return _estimate(found, winner) | {
        "values": _values(found, winner),
        "recipe": winner.proposal.candidate.recipe,
        "control": winner.proposal.candidate.control,
        "weights": found.digest,
        "nominees": [one.number for one in found.nominees],
        "parts": _parts(found, winner),
    }


def _certificate(found: SearchResult) -> Row | None:
    """What search.json says of the certificate over all trials; evidence is its decimal logarithm."""
    if (certificate := found.certificate) is None:
        return None
    return {
        "holds": certificate.holds,
        "margin": found.rules.margin,
        "confidence": found.settings.confidence,
        "trials": certificate.trials,
        "evidence": certificate.evidence * LN10,
        "needed": certificate.needed * LN10,
        "margin_over_all": certificate.margin,
    }


def _trial(found: SearchResult, trial: Trial) -> Row:
    """A row of trials.csv."""
    return _estimate(found, trial) | {
        "batch": trial.batch, "start": trial.proposal.start, "ended": trial.ended, "nominee": trial in found.nominees,
        "charged": sum(trial.charged) / trial.n, "evidence": trial.highest * LN10,
        "evidence_worse": log_worse(trial.counts, found.rules.margin) * LN10,
        **{f"{VALUE}{name}": value for name, value in _values(found, trial).items()},
    }  # fmt: skip


def _point(point: Point) -> Row:
    names = ("", "_low", "_high")
    row: Row = {"trial": "slow" if point.trial is None else str(point.trial), "problems": point.problems}
    row |= {f"difference{name}": value for name, value in zip(names, point.difference, strict=True)}
    return row | {f"relative{name}": value for name, value in zip(names, point.tokens, strict=True)}


def _values(found: SearchResult, trial: Trial) -> dict[str, Any]:
    """A trial's point, each number as the recipe has it."""
    values = trial.proposal.values
    return {
        one.name: _option(one, int(values[one.name])) if isinstance(one, Choice) else one.value(values[one.name])
        for one in found.space.dimensions
    }


def _option(choice: Choice, place: int) -> str:
    """An option in a word: itself, or of a block its place, from 1, and what it is."""
    option = choice.options[place]
    if isinstance(option, Mapping):
        return f"{place + 1}: {option.get('merge_method') or option.get('kind') or json.dumps(option)}"
    return option if isinstance(option, str) else json.dumps(option)


def _estimate(found: SearchResult, trial: Trial) -> Row:
    """What the search's own problems say of a trial: chosen by them, so too good by the winner's curse."""
    low, high = bounds(trial.counts, found.rules.alpha)
    return {
        "trial": trial.number, "problems": trial.n, "won": trial.counts.won, "lost": trial.counts.lost,
        "accuracy": sum(trial.correct) / trial.n, "difference": trial.counts.difference, "difference_low": low,
        "difference_high": high, "tokens": sum(trial.tokens) / trial.n, "relative": trial.relative,
    }  # fmt: skip


def _parts(found: SearchResult, trial: Trial) -> list[Row]:
    """How a trial did where it must not be worse; the bounds hold for all parts together."""
    rows = list[Row]()
    for part in found.rules.parts:
        counts = trial.counts_on(part.places)
        low, high = bounds(counts, found.rules.alpha / len(found.rules.parts))
        rows.append({
            "benchmark": part.benchmark, "level": part.level, "margin": part.margin, "problems": counts.n,
            "difference": counts.difference if counts.n else None, "difference_low": low, "difference_high": high,
        })  # fmt: skip
    return rows


def _slow(found: SearchResult) -> Row:
    n = len(found.slow)
    return {
        "problems": n,
        "accuracy": sum(one.correct for one in found.slow) / n if n else None,
        "tokens": sum(one.tokens for one in found.slow) / n if n else None,
    }


def _best_bound(found: SearchResult) -> Row | None:
    """The trial of all that is shown to lose least, which says how far from parity a search ended."""
    if not found.trials:
        return None
    lows = {one.number: bounds(one.counts, found.rules.alpha)[0] for one in found.trials}
    best = max(found.trials, key=lambda one: (lows[one.number], -one.number))
    return {"trial": best.number, "problems": best.n, "difference_low": lows[best.number]}


def _ended(found: SearchResult) -> dict[str, int]:
    ended = [one.ended for one in found.trials]
    return {word: ended.count(word) for word in sorted(set(ended))}


def _spent(found: SearchResult) -> Row:
    """What was answered, and what it would have taken without a race, or without a search."""
    tried, points = len(found.trials), cells(found.space, FINE)
    each = min(EACH, found.rules.problems)
    return {
        "trials": tried,
        "problems": sum(one.n for one in found.trials),
        "tokens": found.tokens,
        "rounds": found.looks[-1]["round"] if found.looks else 0,
        "swaps": len(found.looks),
        "every_trial": {"problems_each": each, "problems": each * tried},
        "grid": {"values": FINE, "cells": points, "problems": each * points},
    }
