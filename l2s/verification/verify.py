"""Verify: response rows in, verdict rows out, in the same order.

What a status means: ``correct`` and ``incorrect`` compare an answer with the gold answer; ``no_answer``:
the model ended without giving one; ``truncated``: the token limit cut the response (``finish`` is
``length``) before it gave one; ``unparsed``: an answer that no formula could be read from; ``limit``: an
answer too large to work out.

A response that was cut but had already boxed its answer outside open thinking is graded by that box: the
problem was answered, and what was lost came after. A box inside thinking that never closed is no answer.
"""

import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import isfinite
from typing import Any

from l2s.core.errors import EngineError, RecordError
from l2s.core.numbers import is_number
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.verification.extract.answer import Found, extract_answer, find_answer
from l2s.verification.graders import Grader, find_grader

_SHOWN = 5
_WORD = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2,}")
_SENTENCE_WORD = re.compile(r"(?<![A-Za-z\\{])[A-Za-z]{2,}(?= )")


@dataclass(frozen=True)
class Verdict:
    """What a grader says of one answer."""

    correct: bool
    status: str
    """``correct``, ``incorrect``, ``no_answer``, ``unparsed`` or ``limit``."""


def grade(*, gold: str, answer: str, grader: str = "l2s") -> Verdict:
    r"""Compare one answer with the gold answer; either may stand in ``\boxed{…}`` or ``$…$``.

    Raises:
        ConfigError: ``grader`` does not exist.
    """
    status = _status_of_any(find_grader(grader), gold, _answer_alone(answer))
    return Verdict(status == "correct", status)


def grade_pairs(
    rows: Iterable[Row], grader: str = "l2s", jobs: int = 1, track: Track = silent, where: str = "pairs"
) -> list[Row]:
    """Rows with ``gold`` and ``answer``, each with ``status``, ``correct`` and ``grader`` added.

    An ``answer`` may be null, which is ``no_answer``. See :func:`verify_rows` for the arguments and errors.
    """
    rows = _with_text(rows, ("gold", "answer"), nullable=("answer",), where=where)
    answers = [None if row["answer"] is None else _answer_alone(row["answer"]) for row in rows]
    return _graded(rows, answers, ["no_answer"] * len(rows), find_grader(grader), jobs, track)


def verify_rows(
    rows: Iterable[Row], grader: str = "l2s", jobs: int = 1, track: Track = silent, where: str = "responses"
) -> list[Row]:
    """Verdicts: every column of each response, and ``answer``, ``status``, ``correct``, ``grader``.

    Args:
        rows: need ``gold`` (text, or a number, which is turned to text as JSON writes it) and ``response``.
            ``finish`` and ``closed`` are used where they stand.
        grader: a name from :func:`grader_names`.
        jobs: pairs compared at once; the result does not depend on it.
        track: shows progress.
        where: names the rows in errors, e.g. a file.

    Raises:
        RecordError: a row lacks ``gold`` or ``response``, or holds another kind of value there.
        ConfigError: ``grader`` does not exist.
    """
    found = find_grader(grader)
    rows = _with_text(rows, ("gold", "response"), nullable=(), where=where)
    read = [_answer_of(row, found) for row in rows]
    answers = [one.answer for one in read]
    without = [_without(row, one) for row, one in zip(rows, read, strict=True)]
    graded = _graded(rows, answers, without, found, jobs, track)
    return [_with_verdict(row, one) for row, one in zip(graded, read, strict=True)]


def _with_verdict(row: Row, found: Found) -> Row:
    """The verdict's columns last; ``in_thinking`` only where the answer was taken from inside of thinking."""
    verdict = ("answer", "status", "correct", "grader")
    rest = {key: value for key, value in row.items() if key not in (*verdict, "in_thinking")}
    told = {"in_thinking": True} if found.in_thinking else {}
    return rest | {"answer": found.answer, **{key: row[key] for key in verdict[1:]}} | told


def _graded(
    rows: list[Row], answers: list[str | None], without: list[str], grader: Grader, jobs: int, track: Track
) -> list[Row]:
    """``rows`` with their status; each distinct pair is compared once."""
    pairs = list(
        dict.fromkeys((row["gold"], answer) for row, answer in zip(rows, answers, strict=True) if answer is not None)
    )
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        found = pool.map(lambda pair: _status_of_any(grader, *pair), pairs)
        statuses = dict(zip(pairs, track(found, f"verifying with {grader.name}", total=len(pairs)), strict=True))
    graded = []
    for row, answer, missing in zip(rows, answers, without, strict=True):
        status = missing if answer is None else statuses[row["gold"], answer]
        graded.append({**row, "status": status, "correct": status == "correct", "grader": grader.name})
    return graded


def _status_of_any(grader: Grader, gold: str, answer: str) -> str:
    """The outcome; of a pair that a grader fails on, that it does: one row never ends a file."""
    try:
        return _status(grader, gold, answer)
    except EngineError:
        raise
    except (RecursionError, MemoryError, OverflowError):
        return "limit"
    except Exception:  # graders read any text, some by libraries that raise any kind
        return "unparsed"


def _without(row: Row, found: Found) -> str:
    """The status of a row without an answer."""
    if found.unreadable:
        return "unparsed"
    return "truncated" if row.get("finish") == "length" else "no_answer"


def _status(grader: Grader, gold: str, answer: str) -> str:
    """The outcome; an answer that is a sentence counts by the result it announces, if not as a whole."""
    if not answer.strip():
        return "no_answer"
    gold = _answer_alone(gold)
    outcome = grader.compare(gold, answer)
    if outcome in ("unparsed", "incorrect") and len(_SENTENCE_WORD.findall(answer)) > 1:
        stated = extract_answer(answer)
        if stated and stated != answer and not _SENTENCE_WORD.search(gold) and _names_what(gold, stated, answer):
            return grader.compare(gold, stated)
    return outcome


def _names_what(gold: str, stated: str, sentence: str) -> bool:
    """Whether a bare value may be compared: what the gold counts or measures stands in the sentence around it."""
    wanted = {word.lower() for word in _WORD.findall(gold)}
    return bool(_WORD.search(stated)) or wanted <= {word.lower() for word in _WORD.findall(sentence)}


def _answer_of(row: Row, grader: Grader) -> Found:
    if grader.extract is not None:
        try:
            return Found(grader.extract(row["response"], str(row.get("benchmark", ""))) or None)
        except Exception:  # as above
            return Found(None, unreadable=True)
    closed = row.get("closed")
    unclosed = not closed if isinstance(closed, bool) else None
    return find_answer(row["response"], cut=row.get("finish") == "length", unclosed=unclosed)


def _answer_alone(text: str) -> str:
    r"""What stands in the last box, if the text has one."""
    return (extract_answer(text) or text) if r"\boxed" in text or r"\fbox" in text else text


def _with_text(rows: Iterable[Row], columns: tuple[str, ...], nullable: tuple[str, ...], where: str) -> list[Row]:
    """Copies of ``rows`` whose ``columns`` are text, or one error that names every row where they cannot be."""
    rows = list(rows)
    problems = list(_problems(rows, columns, nullable, where))
    if problems:
        more = f"; and {len(problems) - _SHOWN} more like these" if len(problems) > _SHOWN else ""
        raise RecordError("; ".join(problems[:_SHOWN]) + more)
    return [{**row, **{column: as_text(row[column]) for column in columns}} for row in rows]


def _problems(rows: list[Row], columns: tuple[str, ...], nullable: tuple[str, ...], where: str) -> Iterator[str]:
    for number, row in enumerate(rows, 1):
        for column in columns:
            value = row.get(column)
            if column not in row:
                yield f"{where}: row {number} has no '{column}'; found {', '.join(row) or 'nothing'}"
            elif not (_is_text_or_number(value) or (value is None and column in nullable)):
                yield f"{where}: row {number}: '{column}' is {value!r:.60}; expected text or a number"


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, str) or (is_number(value) and isfinite(value))


def as_text(value: Any) -> Any:
    """A finite number as JSON writes it; anything else as it is."""
    return json.dumps(value) if isinstance(value, int | float) and _is_text_or_number(value) else value
