"""Sound rows of a damaged file, and what becomes of the rest."""

import json
import time
from pathlib import Path

import pytest

from l2s.core.errors import RecordError
from l2s.core.row import Row
from l2s.records import Broken, Verdicts, iter_sound, read_sound_rows, sound_rows
from tests.rows import written

VERDICT = {"gold": "1", "response": "r", "answer": "1", "status": "correct", "correct": True, "grader": "l2s"}


def sound_and_broken(path: Path) -> tuple[list[Row], list[Broken]]:
    broken = list[Broken]()
    return sound_rows(list(iter_sound(path, broken)), Verdicts, broken), broken


def test_rules_between_columns_are_asked_of_each_row(tmp_path: Path) -> None:
    rows = [
        VERDICT,
        {**VERDICT, "correct": False},
        {**VERDICT, "status": "right"},
        {**VERDICT, "answer": None},
        VERDICT,
    ]
    sound, broken = sound_and_broken(written(tmp_path / "v.jsonl", rows))
    assert sound == [VERDICT, VERDICT]
    assert [found.line for found in broken] == [2, 3, 4]
    assert "status and correct agree" in broken[0].why
    assert "column 'status'" in broken[1].why and "one of correct, incorrect" in broken[1].why
    assert "a correct response has an answer" in broken[2].why


def test_five_thousand_lines_with_one_broken_lose_that_one(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    lines = [json.dumps({**VERDICT, "id": n}) for n in range(5000)]
    lines[3210] = lines[3210][:-9]
    path.write_text("\n".join(lines))
    sound, broken = sound_and_broken(path)
    assert [row["id"] for row in sound] == [n for n in range(5000) if n != 3210]
    assert [found.line for found in broken] == [3211]


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_bytes(b'{"a": 1}\n\xff\xfe\x00\n{"a": 2}\n')
    with pytest.raises(RecordError, match=r"v\.jsonl: line 2 is not UTF-8 \(byte 0xff at 1\)"):
        read_sound_rows(path, lambda row: [row])


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file"):
        read_sound_rows(tmp_path / "absent", lambda row: [row])


def test_rows_that_break_rules_are_checked_together(tmp_path: Path) -> None:
    """A bad row in ten: one table check for all, where one a row took a hundred times as long."""
    path = written(tmp_path / "v.jsonl", [{**VERDICT, "id": str(n), "correct": n % 10 != 0} for n in range(5000)])
    started = time.process_time()
    sound, broken = sound_and_broken(path)
    assert time.process_time() - started < 2
    assert len(sound) == 4500 and [one.line for one in broken[:2]] == [1, 11]
