"""Files in, files out: broken lines are kept aside, all graders stand side by side."""

from pathlib import Path

import pytest

from l2s.core.errors import RecordError
from l2s.core.row import Row
from l2s.records import Verdicts, read_rows, read_table
from l2s.verification import agreement, grade_file, verify_file
from tests.rows import written

GOOD = '{"gold": "5", "response": "\\\\boxed{5}"}'
BROKEN = [
    ('{"gold": "5", "resp', "is not JSON"),
    ("[1, 2]", "is a list; expected a JSON object"),
    ('{"response": "x"}', "column 'gold' is missing; found response"),
    ('{"gold": null, "response": "x"}', "column 'gold' holds null; expected text"),
    ('{"gold": "5", "response": ["x"]}', "column 'response' holds ['x']; expected text"),
    ('{"gold": "5", "response": "x", "tokens": NaN}', "not finite"),
    ('{"gold": ' + "9" * 5000 + ', "response": "x"}', "is not JSON"),
]


@pytest.mark.parametrize(("line", "why"), BROKEN)
def test_a_broken_line_is_kept_aside_and_named(tmp_path: Path, line: str, why: str) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text("\n".join([GOOD] * 3 + ["", line] + [GOOD] * 2) + "\n")
    said: list[str] = []
    assert [row["status"] for row in verify_file(path, out, say=said.append)] == ["correct"] * 5
    (kept,) = read_rows(tmp_path / "out.broken.jsonl")
    assert kept["line"] == 5 and why in kept["why"] and kept["text"] == line[:2000]
    assert len(said) == 1 and "1 line is broken" in said[0] and "out.broken.jsonl; line 5: " in said[0]


def test_a_sound_run_removes_the_broken_lines_of_an_earlier_one(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text(f"{GOOD}\nnonsense\n")
    verify_file(path, out)
    assert (tmp_path / "out.broken.jsonl").exists()
    path.write_text(f"{GOOD}\n")
    verify_file(path, out)
    assert not (tmp_path / "out.broken.jsonl").exists()


def test_a_file_of_broken_lines_alone_is_an_error_and_overwrites_nothing(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text("x\ny\n")
    out.write_text("old")
    with pytest.raises(RecordError, match=r"in\.jsonl: every line is broken; line 1: is not JSON"):
        verify_file(path, out)
    assert out.read_text() == "old" and not (tmp_path / "out.broken.jsonl").exists()


def test_an_empty_file_has_no_verdicts(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n")
    assert verify_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl") == []
    assert (tmp_path / "out.jsonl").read_text() == ""


def test_pairs_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    lines = [
        '{"gold": 5, "answer": "5.0"}',
        '{"gold": "5", "answer": null}',
        '{"gold": "5"}',
        '{"gold": "1", "answer": 2}',
    ]
    path.write_text("\n".join(lines))
    grade_file(path, tmp_path / "out.jsonl")
    assert [row["status"] for row in read_rows(tmp_path / "out.jsonl")] == ["correct", "no_answer", "incorrect"]
    assert read_rows(tmp_path / "out.broken.jsonl")[0]["why"].startswith("column 'answer' is missing")


def test_all_graders_stand_side_by_side(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = [{"id": n, "gold": "5", "response": rf"\boxed{{{answer}}}"} for n, answer in enumerate(("5", "500", "6"))]
    written(path, rows)
    tables: list[Row] = []
    verify_file(path, out, grader="all", report=tables.extend)
    read_table(out, Verdicts)
    found = read_rows(out)
    assert [row["qwen_correct"] for row in found] == [True, True, False]
    assert [row["l2s_status"] for row in found] == ["correct", "incorrect", "incorrect"]
    assert [row["correct"] for row in found] == [row["l2s_correct"] for row in found]
    assert [row["id"] for row in read_rows(tmp_path / "out.disagreements.jsonl")] == [1]
    counts = {(row["one"], row["other"]): (row["agree"], row["only_one"], row["only_other"]) for row in tables}
    assert counts == {
        ("l2s", "math-verify"): (3, 0, 0),
        ("l2s", "qwen"): (2, 0, 1),
        ("math-verify", "qwen"): (2, 0, 1),
    }


def test_agreement_of_nothing() -> None:
    assert agreement({"a": [], "b": []}) == [
        {"one": "a", "other": "b", "rows": 0, "agree": 0, "only_one": 0, "only_other": 0}
    ]
