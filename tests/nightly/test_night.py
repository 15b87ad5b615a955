"""Nights on disk: names, the accepted one, and every damage a sentence."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from l2s.core.digests import digest_file
from l2s.core.errors import RecordError
from l2s.core.files import write_json
from l2s.nightly.figures import history_plot
from l2s.nightly.history import read_history
from l2s.nightly.measured import measure
from l2s.nightly.night import (
    Night,
    accept_night,
    next_name,
    night_names,
    read_accepted,
    read_night,
    too_old,
)
from l2s.nightly.page import night_page
from l2s.nightly.rows import NightRows
from l2s.records import write_rows
from tests.nightly.nights import made, row, table, wrong

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def write(nights: Path, name: str, right: int = 3, outcome: str = "first") -> Night:
    rows = [row(n) if n < right else wrong(n) for n in range(5)]
    write_rows(nights / name / "rows.jsonl", rows, NightRows)
    night = Night(
        night=name, started="2026-03-01T02:00:00+00:00", seconds=1.0, outcome=outcome, sentence="as it was",
        baseline=None, stored=5, generated=0, measured=measure(table(rows), 0.95), compared=[], changes=[],
        made=made(), rows=digest_file(nights / name / "rows.jsonl"),
    )  # fmt: skip
    write_json(nights / name / "night.json", night.model_dump(mode="json"))
    return night


def test_a_night_reads_as_it_was_written(tmp_path: Path) -> None:
    night = write(tmp_path, "2026-03-01")
    assert read_night(tmp_path / "2026-03-01") == night


def test_names_are_days_and_go_on_within_a_day(tmp_path: Path) -> None:
    assert next_name(tmp_path, NOW) == "2026-03-01"
    for name in ["2026-03-01", *(f"2026-03-01-{n}" for n in range(2, 12)), "2026-02-28"]:
        write(tmp_path, name)
    assert next_name(tmp_path, NOW) == "2026-03-01-12"
    names = night_names(tmp_path)
    assert names[:3] == ["2026-02-28", "2026-03-01", "2026-03-01-2"] and names[-1] == "2026-03-01-11"


def test_the_last_nights_and_the_accepted_one_are_kept(tmp_path: Path) -> None:
    names = [f"2026-02-{day:02}" for day in range(1, 11)]
    for name in names:
        write(tmp_path, name)
    assert too_old(tmp_path, 4) == names[:6] and too_old(tmp_path, 10) == too_old(tmp_path, 99) == []
    accept_night(tmp_path, names[2], NOW)
    assert too_old(tmp_path, 4) == [*names[:2], *names[3:6]]
    (tmp_path / "accepted.json").write_text("{")
    assert too_old(tmp_path, 4) == [], "which one was accepted is not known"


def test_a_name_whose_night_was_taken_away_is_not_used_again(tmp_path: Path) -> None:
    for name in ("2026-03-01-7", "2026-03-01-8"):
        write(tmp_path, name)
    assert next_name(tmp_path, NOW) == "2026-03-01-9"


def test_what_was_killed_is_no_night(tmp_path: Path) -> None:
    write(tmp_path, ".2026-03-01.partial")
    (tmp_path / "2026-03-01").mkdir()
    (tmp_path / "2026-03-01" / "rows.jsonl").write_text("{}")
    assert night_names(tmp_path) == [] and next_name(tmp_path, NOW) == "2026-03-01"


def test_accepting_names_the_night_its_digests_and_the_one_before(tmp_path: Path) -> None:
    assert read_accepted(tmp_path) is None
    first, second = write(tmp_path, "2026-03-01"), write(tmp_path, "2026-03-02", right=4)
    accept_night(tmp_path, "2026-03-01", NOW)
    assert read_accepted(tmp_path) == first
    accept_night(tmp_path, "2026-03-02", NOW)
    assert read_accepted(tmp_path) == second
    note = json.loads((tmp_path / "accepted.json").read_text())
    assert (note["replaces"], note["accepted"]) == ("2026-03-01", "2026-03-01T02:00:00+00:00")
    assert note["digests"]["rows.jsonl"] == digest_file(tmp_path / "2026-03-02" / "rows.jsonl")


@pytest.mark.parametrize(
    ("file", "damage", "expected"),
    [
        ("accepted.json", lambda text: text[:20], "accepted.json: damaged, cannot be read"),
        ("accepted.json", lambda text: "[]", "accepted.json: damaged"),
        ("accepted.json", lambda text: text.replace("2026-03-01", "2026-03-09"), "missing, though"),
        ("2026-03-01/night.json", lambda text: text.replace("as it was", "as it is"), "changed since it was accepted"),
        ("2026-03-01/rows.jsonl", lambda text: text.replace("r1", "r9"), "changed since it was accepted"),
        ("2026-03-01/rows.jsonl", None, "missing, though"),
        ("2026-03-01/night.json", None, "missing, though"),
    ],
)
def test_a_damaged_baseline_is_one_sentence_and_a_whole_night_can_replace_it(
    tmp_path: Path, file: str, damage: object, expected: str
) -> None:
    write(tmp_path, "2026-03-01")
    accept_night(tmp_path, "2026-03-01", NOW)
    path = tmp_path / file
    if callable(damage):
        path.write_text(damage(path.read_text()))
    else:
        path.unlink()
    with pytest.raises(RecordError, match=expected) as caught:
        read_accepted(tmp_path)
    assert "l2s nightly --accept" in str(caught.value) and "\n" not in str(caught.value)
    night = write(tmp_path, "2026-03-02")
    accept_night(tmp_path, "2026-03-02", NOW)
    assert read_accepted(tmp_path) == night


def test_a_night_whose_rows_changed_cannot_be_accepted(tmp_path: Path) -> None:
    write(tmp_path, "2026-03-01")
    accept_night(tmp_path, "2026-03-01", NOW)
    before = (tmp_path / "accepted.json").read_bytes()
    write(tmp_path, "2026-03-02")
    rows = tmp_path / "2026-03-02" / "rows.jsonl"
    rows.write_text(rows.read_text().replace("r1", "r9"))
    with pytest.raises(RecordError, match="not as the night wrote it"):
        accept_night(tmp_path, "2026-03-02", NOW)
    assert (tmp_path / "accepted.json").read_bytes() == before


def test_the_page_shows_all_nights_and_names_the_damaged(tmp_path: Path) -> None:
    for name in ("2026-03-01", "2026-03-02", "2026-03-03"):
        night = write(tmp_path, name, outcome="regression" if name.endswith("2") else "same")
    (tmp_path / "2026-03-02" / "rows.jsonl").write_text("{}")
    history = read_history(tmp_path)
    assert [one.night for one in history.nights] == ["2026-03-01", "2026-03-03"]
    page = night_page(night.model_copy(update={"sentence": "a <b>sentence</b>"}), history)
    assert "data:image/png;base64," in page and "2026-03-01" in page
    assert "Not shown: " in page and "2026-03-02/rows.jsonl" in page
    assert "<b>sentence" not in page and "http" not in page.replace("http-equiv", ""), "offline, and escaped"
    assert history_plot(history.nights, "test") == history_plot(history.nights, "test")
    assert read_history(tmp_path, most=1).nights == [night]
