"""The study's takeaways, tested on the study's own tables: accuracies over all problems, unpaired 95 % intervals."""

import itertools
from typing import Any

from l2s.analysis.findings.claims import CAP, HALF, decided, judgement, percent, points
from l2s.analysis.findings.study import (
    SIZES,
    StudyRow,
    length_change,
    pooled_difference,
    recomputed,
    reflective_share,
    study_row,
    study_rows,
    tables,
)
from l2s.analysis.settings import AnalysisParams

Judgement = dict[str, Any]
EASY_TO_HARD = ("GSM8K", "MATH500", "AIME24")
CONTEXT = 4096


def judge_study(settings: AnalysisParams) -> list[Judgement]:
    """Every claim on the study's tables."""
    return [
        _half("half-at-parity-task-arithmetic", "Task Arithmetic", settings),
        _half("half-at-parity-ties", "Ties-Merging", settings),
        _svd(settings),
        _activation(settings),
        _small(settings),
        _large(),
        _length_with_difficulty(),
        _reflections_with_difficulty(),
        _reflections_fall(),
        judgement("coefficient-tenth", "study", "undecided", "0.5 to 1.0 points are stated; no table shows them."),
        judgement("calibration-size", "study", "undecided", "About 1.0 point is stated; no table shows it."),
        _averages(),
        _cap(),
    ]


def _half(name: str, method: str, settings: AnalysisParams) -> Judgement:
    row, slow = study_row("7B", method), study_row("7B", "slow")
    change, difference = length_change(row) / 100, pooled_difference(row, slow, settings.confidence)
    short = change <= -HALF
    status = decided(short and difference.low > -settings.margin, not short or difference.high < -settings.margin)
    sentence = f"{method}: {percent(change)} tokens, accuracy {points(difference)} against R1 over all problems."
    return judgement(name, "study", status, sentence, {"length_change": change, "difference": list(difference)}, CAP)


def _svd(settings: AnalysisParams) -> Judgement:
    best = [study_row("7B", "Task Arithmetic"), study_row("7B", "Ties-Merging")]
    own = [row for row in study_rows("7B") if row.group == "svd"]
    pairs = [(row, other, pooled_difference(row, other, settings.confidence)) for row in own for other in best]
    longer = [length_change(row) > length_change(other) for row, other, _ in pairs]
    status = decided(
        all(longer) and all(difference.high < 0 for _, _, difference in pairs),
        any(not more and difference.low > 0 for more, (_, _, difference) in zip(longer, pairs, strict=True)),
    )
    told = [
        f"{row.method} {percent(length_change(row) / 100)} tokens, {points(difference)} against {other.method}"
        for row, other, difference in pairs
    ]
    return judgement("svd-limited", "study", status, f"{'; '.join(told)}.", caveat=CAP)


def _activation(settings: AnalysisParams) -> Judgement:
    pairs = [("AIM-Ties", "Ties-Merging"), ("Sens-Merging", "Task Arithmetic")]
    rows = [(study_row("7B", one), study_row("7B", other)) for one, other in pairs]
    found = [(pooled_difference(one, other, settings.confidence), one, other) for one, other in rows]
    shorter = all(length_change(one) < length_change(other) for one, other in rows)
    status = decided(
        shorter and all(difference.low > 0 for difference, _, _ in found),
        any(difference.high < 0 for difference, _, _ in found),
    )
    told = [
        f"{one.method} {points(difference)} against {other.method}, "
        f"{percent(length_change(one) / 100)} tokens instead of {percent(length_change(other) / 100)}"
        for difference, one, other in found
    ]
    at_14b = percent(length_change(study_row("14B", "Sens-Merging")) / 100)
    caveat = f"At 14B Sens-Merging is longer than R1 itself ({at_14b}). {CAP}"
    return judgement("activation-ahead", "study", status, f"{'; '.join(told)}.", caveat=caveat)


def _small(settings: AnalysisParams) -> Judgement:
    slow = study_row("1.5B", "slow")
    rows = [row for row in study_rows("1.5B") if row.merged]
    found = [(row.method, pooled_difference(row, slow, settings.confidence)) for row in rows]
    status = decided(all(d.high < 0 for _, d in found), all(d.low > -settings.margin for _, d in found))
    told = "; ".join(f"{method} {points(difference)}" for method, difference in found)
    return judgement("small-struggle", "study", status, f"Against R1-1.5B over all problems: {told}.", caveat=CAP)


def _large() -> Judgement:
    methods = ("Task Arithmetic", "Ties-Merging")
    changes = {(size, method): length_change(study_row(size, method)) / 100 for size in SIZES for method in methods}
    large = [(size, method) for size in ("14B", "32B") for method in methods]
    status = decided(
        all(changes[size, method] > changes["7B", method] + 0.1 for size, method in large),
        any(changes[size, method] < changes["7B", method] for size, method in large),
    )
    told = "; ".join(
        f"{method} " + ", ".join(f"{size} {percent(changes[size, method])}" for size in SIZES) for method in methods
    )
    caveat = (
        "The limit of 4096 tokens shows at 1.5B and 7B only, so a part of the difference between sizes may be "
        "the limit's; other coefficients were used at 14B and 32B."
    )
    return judgement("large-hard-to-shorten", "study", status, f"{told}.", caveat=caveat)


def _rises(values: list[float]) -> bool:
    return all(one < other for one, other in itertools.pairwise(values))


def _every_row() -> list[StudyRow]:
    return [row for size in SIZES for row in study_rows(size)]


def _length_with_difficulty() -> Judgement:
    rows = _every_row()
    rising = [row for row in rows if _rises([row.benchmarks[name]["tokens"] for name in EASY_TO_HARD])]
    status = decided(len(rising) == len(rows), 2 * len(rising) < len(rows))
    sentence = f"GSM8K < MATH500 < AIME24 in mean tokens in {len(rising)} of {len(rows)} rows of tables 1 to 4."
    return judgement("length-with-level", "study", status, sentence, caveat="Benchmarks stand for levels here.")


def _reflections_with_difficulty() -> Judgement:
    rows = [row for row in _every_row() if all("reflective" in row.benchmarks[name] for name in EASY_TO_HARD)]
    rows = [row for row in rows if any(row.benchmarks[name]["reflective"] for name in EASY_TO_HARD)]
    rising = [row for row in rows if _rises([reflective_share(row, name) or 0.0 for name in EASY_TO_HARD])]
    status = decided(len(rising) == len(rows), 2 * len(rising) < len(rows))
    others = ", ".join(f"{row.method} {row.size}" for row in rows if row not in rising)
    sentence = (
        f"GSM8K < MATH500 < AIME24 in the share of reflective answers in {len(rising)} of {len(rows)} rows of tables "
        f"2 to 4 that reflect at all; not: {others}."
    )
    return judgement("reflections-with-level", "study", status, sentence, caveat="AIME24 has 30 problems.")


def _reflections_fall() -> Judgement:
    rows = {row["method"]: row["avg"] / 100 for row in tables()["reflective_share_7B"]["rows"]}
    slow = rows.pop("DeepSeek-R1-7B")
    merges = {method: share for method, share in rows.items() if method != "DPO"}
    status = decided(all(share < slow - 0.05 for share in merges.values()), any(s > slow for s in merges.values()))
    told = ", ".join(f"{method} {100 * share:.1f} %" for method, share in merges.items())
    caveat = 'Counted by parts of words ("await" counts), over answers that may have been cut off.'
    return judgement("reflections-fall", "study", status, f"R1 {100 * slow:.1f} %; {told}.", caveat=caveat)


def _averages() -> Judgement:
    found = list(recomputed())
    slips = [one for one in found if not one.reproduced]
    told = "; ".join(f"{s.method} {s.size} {s.column} printed {s.printed:g}, computed {s.computed:.2f}" for s in slips)
    status = decided(len(slips) <= len(found) / 10, 2 * len(slips) > len(found))
    sentence = f"{len(found) - len(slips)} of {len(found)} printed averages follow from their rows."
    numbers = {"slips": [vars(slip) for slip in slips], "suspicious": tables()["suspicious"]}
    return judgement("averages", "study", status, sentence, numbers, f"Not reproduced: {told}." if slips else "")


def _cap() -> Judgement:
    tokens = {(row.size, row.method): row.benchmarks["AIME24"]["tokens"] for row in _every_row() if row.merged}
    small = {key: value for key, value in tokens.items() if key[0] in ("1.5B", "7B")}
    above = {key: value for key, value in small.items() if value >= CONTEXT}
    large = [value for key, value in tokens.items() if key not in small]
    slow = [study_row(size, "slow").benchmarks["AIME24"]["tokens"] for size in ("1.5B", "7B")]
    status = decided(len(above) <= 1 and min(large) > CONTEXT and min(slow) > CONTEXT, 2 * len(above) > len(small))
    exceptions = ", ".join(f"{method} {size} ({value:g})" for (size, method), value in above.items())
    sentence = (
        f"{len(small) - len(above)} of {len(small)} merged AIME24 means at 1.5B and 7B lie below {CONTEXT} tokens "
        f"(not: {exceptions}), while R1's are {slow[0]:g} and {slow[1]:g}, and at 14B and 32B all lie above."
    )
    caveat = "An inference from printed means; the shares of truncated answers were not printed."
    return judgement("context-cap", "study", status, sentence, caveat=caveat)
