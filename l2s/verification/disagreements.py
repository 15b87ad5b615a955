"""Disagreements: the same responses by every grader, and the rows where they do not say the same."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from l2s.progress import Track, silent
from l2s.verification.graders import grader_names
from l2s.verification.verify import grade_pairs, verify_rows

if TYPE_CHECKING:
    from l2s.records import Row
else:
    Row = dict[str, Any]

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


def grade_by_all(
    rows: Iterable[Row], jobs: int = 1, track: Track = silent, where: str = "pairs"
) -> tuple[dict[str, list[Row]], list[Row]]:
    """The same for rows with ``gold`` and ``answer``."""
    rows = list(rows)
    verdicts = {name: grade_pairs(rows, name, jobs, track, where) for name in grader_names()}
    return verdicts, _disagreements(verdicts)


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
