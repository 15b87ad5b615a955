"""``l2s verify`` and ``l2s grade`` from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app_for
from l2s.core.errors import ConfigError, RecordError

RUN = CliRunner()


def test_one_pair_by_all_graders() -> None:
    found = RUN.invoke(app_for(), ["grade", "--gold", "1", "--answer", "100", "--grader", "all"])
    assert found.output.split() == ["l2s:", "incorrect", "math-verify:", "incorrect", "qwen:", "correct"]
    assert RUN.invoke(app_for(), ["grade", "--gold", "1", "--answer", "1"]).output.strip() == "correct"
    found = RUN.invoke(app_for(), ["grade", "--gold", "1", "--answer", "2", "--json"])
    assert json.loads(found.output) == {"l2s": "incorrect"}


def test_a_file_by_all_graders_prints_how_they_agree(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"gold": "1", "response": "\\\\boxed{100}"}\nbroken\n')
    found = RUN.invoke(app_for(), ["verify", str(path), str(out), "--grader", "all"])
    assert found.exit_code == 1, "a line was left out"
    assert "l2s, qwen" in found.output and "0 of 1 correct" in found.output
    assert (tmp_path / "out.broken.jsonl").is_file() and (tmp_path / "out.disagreements.jsonl").is_file()
    found = RUN.invoke(app_for(), ["verify", str(path), str(out), "--grader", "all", "--json"])
    assert {row["agree"] for row in json.loads(found.stdout)["agreement"]} == {0, 1}


def test_bad_usage_is_an_error_of_ours(tmp_path: Path) -> None:
    for arguments, kind in (
        (["grade", "--gold", "1"], ConfigError),
        (["verify", str(tmp_path / "absent"), "o", "--format", "qwin"], ConfigError),
        (["verify", str(tmp_path / "absent"), "o"], RecordError),
        (["grade", "--gold", "1", "--answer", "1", "--grader", "l2z"], ConfigError),
    ):
        with pytest.raises(kind):
            RUN.invoke(app_for(), arguments, catch_exceptions=False)


@pytest.mark.parametrize("command", ["verify", "grade"])
@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_rows_is_refused(command: str, text: str, tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text(text)
    with pytest.raises(RecordError, match=r"in\.jsonl: holds no rows; expected JSONL, one row a line"):
        RUN.invoke(app_for(), [command, str(path), str(out)], catch_exceptions=False)
    assert not out.exists()


def test_analyse_keeps_broken_verdicts_aside(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    row = {"run": "r", "model": "r", "benchmark": "b", "id": "1", "gold": "1", "response": "x", "answer": "1"}
    row |= {"status": "correct", "correct": True, "grader": "l2s"}
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "id": "2", "status": "right"}) + "\n")
    found = RUN.invoke(app_for(), ["analyse", str(path), "--out", str(tmp_path / "s")], catch_exceptions=False)
    assert found.exit_code == 1 and (tmp_path / "s" / "summary.json").is_file()
    assert json.loads((tmp_path / "s" / "v.broken.jsonl").read_text())["line"] == 2
