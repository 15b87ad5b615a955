"""The plotting library: whole, the same each time, put together once."""

from pathlib import Path

from l2s.report.plots.vega import library


def test_it_is_put_together_once_and_can_stand_in_a_script_element(kept: Path, tmp_path: Path) -> None:
    script = library(kept)
    (file,) = kept.glob("vega-*.js")
    assert script == file.read_text(encoding="utf-8") and 500_000 < len(script) < 1_500_000
    assert (
        "window.vegaEmbed=" in script and "</script" not in script and "\r" not in script and "BSD-3-Clause" in script
    )
    (tmp_path / file.name).write_text("kept from before")
    assert library(tmp_path) == "kept from before"
