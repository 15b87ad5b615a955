"""Names and texts of any origin, as a terminal, a paper's table and a spreadsheet are given them."""

import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from l2s.analysis.analyse import analyse
from l2s.analysis.output.reading import read_summary
from l2s.analysis.output.summary import write_summary
from l2s.analysis.output.terminal import any_table, main_table, overall_table
from l2s.analysis.settings import AnalysisParams
from l2s.core.shown import plain, plain_cell, plain_name
from tests.analysis.simulate import verdict_rows

ESCAPING = "\x1b[31mred\x1b]0;title\x07 [bold]merge"
FORMULA = '=cmd|"/c calc"!A1'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A summary of runs whose names are attacks."""
    out = tmp_path_factory.mktemp("summary")
    rows = verdict_rows({"slow": 0.9, ESCAPING: 0.9, FORMULA: 0.5}, {"te\x1bst": 40, "other": 40})
    for row in rows:
        row["answer"] = {"slow": "-3", FORMULA: "+SUM(A1)"}.get(row["run"], "7") if row["correct"] else "@x"
    write_summary(analyse(pl.DataFrame(rows, strict=False), AnalysisParams(slow="slow")), out)
    return out


def test_no_control_character_reaches_a_terminal(folder: Path) -> None:
    summary = read_summary(folder / "summary.json")
    shown = io.StringIO()
    console = Console(file=shown, width=140)
    for table in (main_table(summary, "te\x1bst"), overall_table(summary), any_table(summary, "summary")):
        console.print(table)
    text = shown.getvalue()
    assert not any(ord(c) < 32 and c != "\n" for c in text)
    assert "[bold]merge" in text and "\u241b[31mred" in text


def test_no_control_character_stands_in_the_tables_for_a_paper(folder: Path) -> None:
    for name in ("table.md", "table.tex"):
        text = (folder / name).read_text()
        assert not any(ord(c) < 32 and c != "\n" for c in text) and "red" in text


def test_no_cell_is_a_formula(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        frame = pl.read_csv(path, infer_schema=False)
        cells = [cell for row in frame.iter_rows() for cell in row if cell]
        assert not [c for c in cells if c[0] in "=@\t" or (c[0] in "+-" and not c[1:2].isdigit())], path.name
    runs = pl.read_csv(folder / "summary.csv")["run"].to_list()
    assert f"'{FORMULA}" in runs


def test_numbers_stay_numbers() -> None:
    assert [plain_cell(text) for text in ("-3", "+1.5e3", "-x", "7")] == ["-3", "+1.5e3", "'-x", "7"]
    assert plain("a\nb\x1b") == "a\nb\u241b" and plain_name("a\nb\u202e") == "a\u240ab\ufffd"
