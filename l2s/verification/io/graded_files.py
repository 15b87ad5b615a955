"""Graded files: responses or pairs in a file to verdicts in another, written whole or not at all.

A broken line stops nothing: it is left out, counted, and kept beside the output as ``<name>.broken.jsonl``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.verification.disagreements import agreement, grade_by_all, side_by_side, verify_by_all
from l2s.verification.graders import find_grader
from l2s.verification.io.formats import as_samples, reader_of
from l2s.verification.verify import as_text, grade_pairs, verify_rows

if TYPE_CHECKING:
    from l2s.records.checks import Schema

ALL = "all"
"""In place of a grader's name: every grader, side by side."""
Say = Callable[[str], None]
Report = Callable[[list[Row]], None]


def verify_file(
    responses: Path,
    out: Path,
    grader: str = "l2s",
    jobs: int = 1,
    track: Track = silent,
    *,
    format: str = "l2s",
    out_format: str = "l2s",
    say: Say = lambda sentence: None,
    report: Report | None = None,
) -> list[Row]:
    """Verify a file of responses into ``out``; returns the verdicts, of ``l2s`` where all graders were asked.

    Args:
        responses: JSONL in ``format``.
        out: for the verdicts, in ``out_format``. With all graders there are their columns too, and the rows
            on which they do not agree stand in ``<name>.disagreements.jsonl`` beside it.
        grader: a name from :func:`~l2s.verification.grader_names`, or ``all``.
        jobs: pairs compared at once; the result does not depend on it.
        track: shows progress.
        format: ``l2s``, ``qwen`` or ``lm-eval``; see :mod:`~l2s.verification.io.formats`.
        out_format: ``l2s`` or ``lm-eval``.
        say: told of broken lines.
        report: given the table of agreement where all graders were asked.

    Raises:
        RecordError: the file is missing, or none of its lines is sound.
        ConfigError: no such grader or format.
    """
    from l2s.records import Gradables, Verdicts, write_rows

    if out_format not in ("l2s", "lm-eval"):
        raise ConfigError(f"--out-format: '{out_format}' does not exist{nearest(out_format, ('l2s', 'lm-eval'))}")
    _check_grader(grader)
    rows = _read(responses, out, Gradables, ("gold", "response"), reader_of(format, responses), say)
    if grader == ALL:
        graded = _side_by_side(verify_by_all(rows, jobs, track, where=str(responses)), out, report)
    else:
        graded = verify_rows(rows, grader, jobs, track, where=str(responses))
    if out_format == "lm-eval":
        write_rows(out, as_samples(graded))
    else:
        write_rows(out, graded, Verdicts)
    return graded


def grade_file(
    pairs: Path,
    out: Path,
    grader: str = "l2s",
    *,
    say: Say = lambda sentence: None,
    report: Report | None = None,
) -> list[Row]:
    """Grade a file of rows with ``gold`` and ``answer`` into ``out``; as :func:`verify_file` in all else."""
    from l2s.records import Pairs, write_rows

    _check_grader(grader)
    rows = _read(pairs, out, Pairs, ("gold", "answer"), lambda row: [row], say)
    if grader == ALL:
        graded = _side_by_side(grade_by_all(rows, where=str(pairs)), out, report)
    else:
        graded = grade_pairs(rows, grader, where=str(pairs))
    write_rows(out, graded)
    return graded


def beside(out: Path, what: str) -> Path:
    """``runs/a.jsonl`` and ``broken`` give ``runs/a.broken.jsonl``."""
    from l2s.records import plain_name

    return out.with_name(f"{plain_name(out)}.{what}.jsonl")


def _check_grader(grader: str) -> None:
    if grader != ALL:
        find_grader(grader)


def _read(
    path: Path,
    out: Path,
    schema: "Schema",
    columns: tuple[str, ...],
    read: Callable[[Row], list[Row]],
    say: Say,
) -> list[Row]:
    """Sound rows; the broken lines are kept aside."""
    from l2s.records import broken_sentence, checked, read_sound_rows, write_broken

    def sound(row: Row) -> list[Row]:
        return [checked(_in_text(found, columns), schema) for found in read(row)]

    rows, broken = read_sound_rows(path, sound)
    aside = beside(out, "broken")
    write_broken(aside, broken)
    if broken:
        say(broken_sentence(path, broken, aside))
    return rows


def _in_text(row: Row, columns: tuple[str, ...]) -> Row:
    """The row with numbers as text in ``columns``, as JSON writes them."""
    return {**row, **{column: as_text(row[column]) for column in columns if column in row}}


def _side_by_side(found: tuple[dict[str, list[Row]], list[Row]], out: Path, report: Report | None) -> list[Row]:
    """Every grader's verdicts in one row; what they do not agree on goes to a file beside ``out``."""
    from l2s.records import write_rows

    verdicts, disagreements = found
    write_rows(beside(out, "disagreements"), disagreements)
    if report is not None:
        report(agreement(verdicts))
    return side_by_side(verdicts)
