"""What a search found, in sentences and rows, from the content of its search.json."""

from collections.abc import Mapping
from typing import Any

Summary = Mapping[str, Any]


def found_sentence(summary: Summary) -> str:
    """What was found, what is certain of it, and what it took."""
    best, spent, certificate = summary["winner"], summary["spent"], summary["certificate"]
    settings = summary["settings"]
    certain = (
        f"certified to lose less than {100 * settings['margin']:g} points over all {certificate['trials']} trials"
        if certificate["holds"]
        else f"at parity by itself, and over all trials certified to lose less than "
        f"{100 * certificate['margin_over_all']:.1f} points"
    )
    return (
        f"trial {best['trial']}, {values_text(best['values'])}: {100 * best['relative']:.1f} % of slow's tokens, "
        f"{certain}; {spent['trials']} trials, {spent['problems']:,} problems, {spent['tokens']:,} tokens"
    )


def nothing_sentence(summary: Summary) -> str:
    """That nothing at parity was found, how near it came, and what to do."""
    best, spent, margin = summary["best_bound"], summary["spent"], 100 * summary["settings"]["margin"]
    near = (
        "no trial was answered"
        if best is None
        else f"trial {best['trial']} came nearest, and loses less than {-100 * best['difference_low']:.1f} points"
    )
    return (
        f"nothing at parity within {margin:g} points was found in {spent['trials']} trials and {spent['problems']:,} "
        f"problems; {near}; widen the ranges, the budget or the margin"
    )


def values_text(values: Mapping[str, Any]) -> str:
    """A point of the space: ``s 0.35, control none``."""
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
    )
