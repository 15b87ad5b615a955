"""Texts to numbers: everything the analysis wants of responses, so that the texts themselves can be let go."""

from bisect import bisect
from collections.abc import Iterator, Sequence

import polars as pl

from l2s.analysis.inputs.reflection import pattern_of, study_pattern
from l2s.analysis.inputs.transcript import ANNOUNCEMENTS, BOX, Reading, read_transcript
from l2s.analysis.settings import STUDY_KEYWORDS, AnalysisParams

MEASURES: dict[str, pl.DataType | type[pl.DataType]] = {
    "reflections": pl.Int64,
    "reflections_study": pl.Int64,
    "characters": pl.Int64,
    "prompt_characters": pl.Int64,
    "stated_share": pl.Float64,
    "answers": pl.Int64,
    "changed": pl.Boolean,
    "corrected": pl.Boolean,
    "spoiled": pl.Boolean,
    "looping": pl.Boolean,
}
"""Columns that stand for a response's text. ``stated_share``: share of the characters up to the final answer's
first statement; null where it is not stated."""

CLOSE = 20
"""Bytes between two phrases below which they are one."""


def without_texts(frame: pl.DataFrame, settings: AnalysisParams) -> pl.DataFrame:
    """The frame with ``MEASURES`` in the place of ``response`` and ``prompt``.

    Args:
        frame: ``response``, ``answer``, ``gold``, ``correct``, and ``prompt`` where it is.
    """
    response = pl.col("response")
    prompt = pl.col("prompt").cast(pl.String).str.len_chars() if "prompt" in frame.columns else pl.lit(None)
    frame = frame.with_columns(
        reflections=response.str.count_matches(pattern_of(settings.reflection_words)).cast(pl.Int64),
        reflections_study=response.str.count_matches(study_pattern(STUDY_KEYWORDS)).cast(pl.Int64),
        characters=response.str.len_chars().cast(pl.Int64),
        prompt_characters=prompt.cast(pl.Int64),
    )
    readings = list(_readings(frame, settings.restart_words))
    shares = [
        None if reading.stated_at is None or not length else reading.stated_at / length
        for reading, length in zip(readings, frame["characters"].to_list(), strict=True)
    ]
    columns = [pl.Series("stated_share", shares, dtype=pl.Float64)] + [
        pl.Series(name, [getattr(reading, name) for reading in readings], dtype=MEASURES[name])
        for name in ("answers", "changed", "corrected", "spoiled", "looping")
    ]
    return frame.with_columns(columns).drop("response", "prompt", strict=False)


def _readings(frame: pl.DataFrame, restart_words: Sequence[str]) -> Iterator[Reading]:
    boxes, announcements, restarts = (
        frame["response"].str.find_many(list(phrases), ascii_case_insensitive=True).to_list()
        for phrases in ((BOX,), ANNOUNCEMENTS, restart_words)
    )
    columns = (frame[name].to_list() for name in ("response", "answer", "gold", "correct"))
    places = zip(boxes, announcements, restarts, strict=True)
    for (text, answer, gold, correct), found in zip(zip(*columns, strict=True), places, strict=True):
        yield read_transcript(text, answer, gold, correct, _marks(text, *found))


def _marks(
    text: str, boxes: Sequence[int], announcements: Sequence[int], restarts: Sequence[int]
) -> list[tuple[int, bool]]:
    """Byte offsets of phrases as characters, in order; those that announce an answer by where they end.

    Restarts that stand close together ("re-examine from the start") are one; an announcement that a box follows
    at once is the box's.
    """
    if not (boxes or announcements or restarts):
        return []
    apart = [at for at, before in zip(restarts, [-CLOSE, *restarts], strict=False) if at - before >= CLOSE]
    alone = [at for at in announcements if not _box_follows(boxes, at)] if boxes else announcements
    offsets = sorted([*((at, len(BOX)) for at in boxes), *((at, -1) for at in alone), *((at, 0) for at in apart)])
    if not text.isascii():
        offsets = _in_characters(text.encode(), offsets)
    return [(at + (_length(text, at) if kind < 0 else kind), kind != 0) for at, kind in offsets]


def _box_follows(boxes: Sequence[int], at: int) -> bool:
    following = bisect(boxes, at)
    return following < len(boxes) and boxes[following] - at < CLOSE


def _length(text: str, at: int) -> int:
    return next(len(phrase) for phrase in ANNOUNCEMENTS if text[at : at + len(phrase)].lower() == phrase)


def _in_characters(raw: bytes, offsets: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found, before, count = [], 0, 0
    for at, kind in offsets:
        count += len(raw[before:at].decode())
        before = at
        found.append((count, kind))
    return found
