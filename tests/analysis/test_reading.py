"""Verdict files of any origin."""

import json
from pathlib import Path

import polars as pl
import pytest

from l2s.analysis.analyse import analyse
from l2s.analysis.inputs import reading
from l2s.analysis.inputs.frame import complete
from l2s.analysis.inputs.reading import read_verdicts
from l2s.analysis.settings import AnalysisParams
from l2s.core.errors import RecordError
from l2s.records import Verdicts, table_of
from tests.analysis.simulate import verdict_rows

BARE = {"gold": "1", "response": "x=1", "answer": "1", "status": "correct", "correct": True, "grader": "x"}


def written(path: Path, rows: list[dict]) -> Path:  # type: ignore[type-arg]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_pieces_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = verdict_rows({"slow": 0.9, "merge": 0.8}, {"test": 15}, samples=2)
    path = written(tmp_path / "all.jsonl", rows)
    settings = AnalysisParams(slow="slow", bootstrap=100)
    whole = read_verdicts([path], settings)
    monkeypatch.setattr(reading, "ROWS", 7)
    assert read_verdicts([path], settings).equals(whole)
    monkeypatch.setattr(reading, "ROWS", 10**9)
    monkeypatch.setattr(reading, "CHARACTERS", 700)
    assert read_verdicts([path], settings).equals(whole)
    in_memory = table_of(rows, Verdicts, "rows")
    assert analyse(in_memory, settings).rows == analyse(whole, settings).rows


def test_a_problem_s_text_is_held_once_however_many_answer_it(tmp_path: Path) -> None:
    rows = verdict_rows({f"run-{n}": 0.9 for n in range(5)}, {"test": 10}, samples=8)
    sizes = []
    for letters in (1, 10_000):
        told = [row | {"problem": f"{row['id']}: {letters * 'x'}"} for row in rows]
        sizes.append(read_verdicts([written(tmp_path / "all.jsonl", told)], AnalysisParams()).estimated_size())
    assert sizes[1] - sizes[0] < 2 * 10 * 10_000, "of 400 verdicts on ten problems"


def test_other_tools_words(tmp_path: Path) -> None:
    rows = [
        {**BARE, "dataset": "math", "unique_id": n, "n_tokens": 10 + n, "model": "R1", "level": "Level 3"}
        for n in (4, 5)
    ]
    frame = complete(read_verdicts([written(tmp_path / "out.jsonl", rows)], AnalysisParams()), AnalysisParams())
    assert frame["benchmark"].to_list() == ["math"] * 2 and frame["id"].to_list() == ["4", "5"]
    assert frame["tokens"].to_list() == [14, 15] and frame["level"].to_list() == [3, 3]
    assert set(frame["run"]) == {"R1"} and frame["sample"].to_list() == [0, 0]


def test_a_bare_file_is_a_run_of_its_name_and_pairs_by_row(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{name}.jsonl", [BARE] * 3) for name in ("slow", "merge")]
    found = analyse(read_verdicts(paths, AnalysisParams()), AnalysisParams(slow="slow", bootstrap=100))
    assert [row["run"] for row in found.rows] == ["merge", "slow"] and found.comparisons[0]["n"] == 3
    assert found.rows[0]["reduction"] is None and found.rows[0]["verdict"] == "undecided"


def test_repeated_ids_without_samples_are_samples(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [{**BARE, "id": name} for name in "aabba"])
    assert read_verdicts([path], AnalysisParams())["sample"].to_list() == [0, 1, 0, 1, 2]


def test_levels_that_are_no_numbers_stay_words(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [{**BARE, "level": level} for level in ("hard", "easy", "hard")])
    found = analyse(read_verdicts([path], AnalysisParams()), AnalysisParams())
    assert [(row["level"], row["n"]) for row in found.levels] == [("easy", 1), ("hard", 2)]
    assert all(
        t["status"] == "undecided" for t in found.takeaways if (t["id"], t["on"]) == ("length-with-level", "runs")
    )


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS", 2)
    wrong = written(tmp_path / "wrong.jsonl", [BARE] * 4 + [{**BARE, "correct": "yes"}])
    with pytest.raises(RecordError, match=r"wrong.jsonl: column 'correct': row 5 holds 'yes'; expected true or false"):
        read_verdicts([wrong], AnalysisParams())
    with pytest.raises(
        RecordError, match=r"words.jsonl: verdicts: column 'tokens' is of type String; expected numbers"
    ):
        read_verdicts([written(tmp_path / "words.jsonl", [{**BARE, "tokens": "many"}])], AnalysisParams())
    for odd in (-1, float("nan")):
        with pytest.raises(RecordError, match=r"odd.jsonl: verdicts: column 'tokens' holds .*; expected numbers of at"):
            read_verdicts(
                [written(tmp_path / "odd.jsonl", [BARE | {"tokens": 3.5}, BARE | {"tokens": float(odd)}])],
                AnalysisParams(),
            )
    with pytest.raises(RecordError, match=r"empty.jsonl: there are no verdicts in it"):
        read_verdicts([written(tmp_path / "empty.jsonl", [])], AnalysisParams())
    with pytest.raises(RecordError, match=r"named twice"):
        read_verdicts([wrong, tmp_path / "." / "wrong.jsonl"], AnalysisParams())
    with pytest.raises(RecordError, match=r"no such file"):
        read_verdicts([tmp_path / "absent.jsonl"], AnalysisParams())
    with pytest.raises(RecordError, match=r"line 2 is not JSON"):
        (tmp_path / "cut.jsonl").write_text(json.dumps(BARE) + '\n{"gold": ')
        read_verdicts([tmp_path / "cut.jsonl"], AnalysisParams())


def test_new_columns_pass_by_and_known_ones_are_used(tmp_path: Path) -> None:
    rows = [{**BARE, "limit": 420, "retokenised": 7, "seconds": 0.5, "tokens": 8, "colour": ["a"]} for _ in range(2)]
    row = analyse(read_verdicts([written(tmp_path / "a.jsonl", rows)], AnalysisParams()), AnalysisParams()).rows[0]
    assert (row["retokenised"], row["seconds"], row["tokens"]) == (7.0, 0.5, 8.0)


def test_frames_of_files_that_know_different_things_join(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", [{**BARE, "tokens": 5, "level": 1}])
    two = written(tmp_path / "two.jsonl", [{**BARE, "tokens": 5.5, "closed": True}])
    frame = read_verdicts([one, two], AnalysisParams())
    assert frame["tokens"].to_list() == [5.0, 5.5] and frame["closed"].to_list() == [None, True]
    assert frame.schema["level"] == pl.String
