"""Reading: verdict files of any origin as one frame without texts, in pieces, so that memory stays small."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from l2s.analysis.inputs.frame import KEY, harmonised
from l2s.analysis.inputs.texts import without_texts
from l2s.analysis.settings import AnalysisParams
from l2s.core.errors import RecordError
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.records import (
    Broken,
    Responses,
    Verdicts,
    in_text,
    iter_rows,
    iter_sound,
    plain_name,
    read_rows,
    sound_rows,
    table_of,
)

ROWS = 2000
CHARACTERS = 16_000_000
"""Rows, and characters of their responses, that are held as text at a time."""


GRADED = frozenset(("answer", "status", "correct"))
"""What a verdict adds to a response."""
KeepAside = Callable[[Path, list[Broken]], None]
"""Is told of a file's broken lines, none too; without one a broken line is an error."""


def read_verdicts(
    paths: Sequence[Path], settings: AnalysisParams, track: Track = silent, keep_aside: KeepAside | None = None
) -> pl.DataFrame:
    """All verdicts of some files, harmonised and measured (see :func:`l2s.analysis.inputs.frame.complete`).

    Where a file lacks ``run``, its model is the run, else the file's name; ``id``, the row's number in the file;
    ``sample``, how many responses to the problem stand before.

    Raises:
        RecordError: a file is missing, empty, named twice, or a row breaks the schema: file, row and column.
    """
    twice = [path for number, path in enumerate(paths) if path.resolve() in [p.resolve() for p in paths[:number]]]
    if twice:
        raise RecordError(f"{twice[0]}: named twice; expected each verdict once")
    frames = [frame for path in track(paths, "verdicts") for frame in _of_file(path, settings, keep_aside)]
    return pl.concat(frames, how="diagonal")


def _of_file(path: Path, settings: AnalysisParams, keep_aside: KeepAside | None) -> list[pl.DataFrame]:
    frames, start, broken = [], 0, list[Broken]()
    numbered = iter_sound(path, broken) if keep_aside else ((Broken(0, "", ""), row) for row in iter_rows(path))
    for piece in _pieces(numbered):
        rows = [row for _, row in piece]
        if all("response" in row and GRADED.isdisjoint(row) for row in rows):
            raise RecordError(
                f"{path}: holds responses, which are not graded; grade them first: l2s verify {path} VERDICTS.jsonl"
            )
        try:
            table = table_of(rows, Verdicts, str(path))
        except RecordError:
            if keep_aside is None:
                table_of(read_rows(path), Verdicts, str(path))  # the same complaint, with the row's number in the file
                raise
            rows = sound_rows(piece, Verdicts, broken)
            if not rows:
                continue
            table = table_of(rows, Verdicts, str(path))
        try:
            frames.append(without_texts(harmonised(table, plain_name(path), start), settings))
        except RecordError as error:
            raise RecordError(f"{path}: {error}") from None
        start += len(rows)
    broken.sort(key=lambda one: one.line)
    if broken and not frames:
        raise RecordError(f"{path}: every line is broken; line {broken[0].line}: {broken[0].why}")
    if keep_aside:
        keep_aside(path, broken)
    if not frames:
        raise RecordError(f"{path}: there are no verdicts in it; expected rows with gold, response, status and correct")
    whole = pl.concat(frames, how="diagonal")
    if whole["sample"].null_count() == whole.height:
        whole = whole.with_columns(sample=pl.int_range(pl.len(), dtype=pl.Int64).over("run", *KEY[:2]))
    return [whole]


def _pieces(rows: Iterator[tuple[Broken, Row]]) -> Iterator[list[tuple[Broken, Row]]]:
    piece: list[tuple[Broken, Row]] = []
    characters = 0
    for line, row in rows:
        piece.append((line, in_text(row, Responses)))
        characters += len(row["response"]) if isinstance(row.get("response"), str) else 0
        if len(piece) >= ROWS or characters >= CHARACTERS:
            yield piece
            piece, characters = [], 0
    if piece:
        yield piece
