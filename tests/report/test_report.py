"""The table, the plots and the page, from a summary alone."""

import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from l2s.analysis import AnalysisParams, analyse, read_summary, write_summary
from l2s.records import Verdicts, table_of
from l2s.report.page import build_page, final_of, thinking_of
from l2s.report.tables import difference_text, headline, reduction_text, share_text, sorted_rows, summary_table
from tests.analysis.simulate import verdict_rows


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("summary")
    settings = AnalysisParams(
        slow="slow", quick="quick", validation="validation", candidates=("average", "ta-s70"), bootstrap=200
    )
    write_summary(analyse(table_of(verdict_rows(), Verdicts, "rows"), settings), folder)
    return read_summary(folder / "summary.json")


def shown(summary: dict[str, Any], width: int) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(summary_table(summary, "test", width=width))
    return console.export_text()


def test_the_chosen_run_stands_first_and_the_given_models_last(summary: dict[str, Any]) -> None:
    assert [row["run"] for row in sorted_rows(summary, "test")] == ["average", "ta-s70", "base", "slow", "quick"]


@pytest.mark.parametrize("width", [80, 110])
def test_the_table_fits_and_cuts_no_word(summary: dict[str, Any], width: int) -> None:
    text = shown(summary, width)
    assert "…" not in text and max(map(len, text.splitlines())) <= width
    assert "★ average" in text and "chosen on validation" in text
    for row in sorted_rows(summary, "test"):
        (line,) = [line for line in text.splitlines() if line.lstrip("★ ").startswith(f"{row['run']} ")]
        assert f"{100 * row['accuracy']:.1f} [" in line and row["verdict"] in line


def test_numbers_as_text() -> None:
    row = {
        "reduction": 0.637,
        "verdict": "parity",
        "difference": -0.002,
        "difference_low": -0.009,
        "difference_high": 0.005,
    }
    assert reduction_text(row) == "−64 %"
    assert reduction_text({"reduction": -0.1, "verdict": "worse"}) == "+10 %"
    assert difference_text(row) == "−0.2 [−0.9, +0.5]"
    assert [share_text(share) for share in (0.0, 0.001, 0.5, 1.0)] == ["0 %", "<1 %", "50 %", "100 %"]


def page(summary: dict[str, Any], folder: Path, response: str = "x") -> str:
    example = next(row for row in verdict_rows() if row["run"] == "slow")
    rows = [{**example, "response": response}, {**example, "run": "average"}]
    return build_page(
        summary,
        folder / "report",
        title="A title",
        notes=["Read this."],
        examples=rows,
        lineage={"summary": "sha256:0"},
    ).read_text()


def test_the_page_needs_nothing_from_outside(summary: dict[str, Any], tmp_path: Path) -> None:
    html = page(summary, tmp_path)
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!data:)[^"'\s>]+""", html)
    assert "http" not in html and "@import" not in html
    assert html.count("data:image/png;base64,") == 2
    assert headline(summary).split(":")[0] == "average" and "Read this." in html and "sha256:0" in html


def test_model_output_is_text_on_the_page(summary: dict[str, Any], tmp_path: Path) -> None:
    html = page(summary, tmp_path, "<think><script>alert(1)</script></think> <img src=x onerror=alert(2)>")
    assert "<script>alert" not in html and "<img src=x" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_same_bytes_each_time_and_nothing_half_written(summary: dict[str, Any], tmp_path: Path) -> None:
    page(summary, tmp_path / "one")
    page(summary, tmp_path / "two")
    files = {file.name: file.read_bytes() for file in (tmp_path / "one" / "report").iterdir()}
    assert len(files) == 3
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "two" / "report").iterdir()}
    with pytest.raises(KeyError):
        build_page({**summary, "rows": [{}]}, tmp_path / "one" / "report", title="x")
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "one" / "report").iterdir()}


def test_thinking_and_answer_are_told_apart() -> None:
    assert thinking_of("<think> a </think> b") == "a" and final_of("<think> a </think> b") == "b"
    assert thinking_of("b") == "" and final_of("b") == "b"
    assert thinking_of("<think> never closed") == "never closed"
