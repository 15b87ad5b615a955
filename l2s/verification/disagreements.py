"""Disagreements: the same responses by every grader, and the rows where they do not say the same."""

from collections.abc import Iterable
from itertools import combinations

from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.verification.graders import grader_names
from l2s.verification.verify import grade_pairs, verify_rows

_KEPT = ("run", "model", "benchmark", "id", "sample")


def verify_by_all(
    rows: Iterable[Row], jobs: int = 1, track: Track = silent, where: str = "responses"
) -> tuple[dict[str, list[Row]], list[Row]]:
    """Verdict rows by each grader's name, and the disagreements.

    A disagreement is a row on which not all graders say ``correct`` alike: what identifies the response, its
    ``gold``, and for each grader ``<name>_answer`` and ``<name>_status``. See
    :func:`~l2s.verification.verify.verify_rows` for the arguments and errors.
    """
    rows = list(rows)
    verdicts = {name: verify_rows(rows, name, jobs, track, where) for name in grader_names()}
    return verdicts, _disagreements(verdicts)


def grade_by_all(rows: Iterable[Row], where: str = "pairs") -> tuple[dict[str, list[Row]], list[Row]]:
    """Grade as :func:`verify_by_all` does, for rows with ``gold`` and ``answer``."""
    rows = list(rows)
    verdicts = {name: grade_pairs(rows, name, where=where) for name in grader_names()}
    return verdicts, _disagreements(verdicts)


def side_by_side(verdicts: dict[str, list[Row]]) -> list[Row]:
    """One row each, with the verdict of ``l2s`` and ``<name>_answer``, ``<name>_status``, ``<name>_correct`` of all."""
    rows = []
    for judged in zip(*verdicts.values(), strict=True):
        by_name = dict(zip(verdicts, judged, strict=True))
        columns = {
            f"{name}_{column}": row[column]
            for name, row in by_name.items()
            for column in ("answer", "status", "correct")
        }
        rows.append({**by_name["l2s"], **columns})
    return rows


def agreement(verdicts: dict[str, list[Row]]) -> list[Row]:
    """For each pair of graders: ``one, other, rows, agree``, and on how many only one of them says correct."""
    found = []
    for one, other in combinations(verdicts, 2):
        pairs = list(zip(verdicts[one], verdicts[other], strict=True))
        mine = sum(a["correct"] and not b["correct"] for a, b in pairs)
        theirs = sum(b["correct"] and not a["correct"] for a, b in pairs)
        counts = {"rows": len(pairs), "agree": len(pairs) - mine - theirs, "only_one": mine, "only_other": theirs}
        found.append({"one": one, "other": other, **counts})
    return found


def _disagreements(verdicts: dict[str, list[Row]]) -> list[Row]:
    found = []
    for number, judged in enumerate(zip(*verdicts.values(), strict=True)):
        if len({row["correct"] for row in judged}) > 1:
            first = judged[0]
            row = {"row": number + 1} | {key: first[key] for key in _KEPT if key in first} | {"gold": first["gold"]}
            for name, verdict in zip(verdicts, judged, strict=True):
                row |= {f"{name}_answer": verdict["answer"], f"{name}_status": verdict["status"]}
            found.append(row)
    return found
