"""The page from the files of the stages: what it is given, and what it says when one is broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from l2s.config import Config
from l2s.core.errors import RecordError
from l2s.core.yaml import read_yaml
from l2s.records import write_rows
from l2s.report.parts.examples import Examples
from tasks.inputs import page
from tests.analysis.simulate import verdict_rows
from tests.report.sample import manifest, summarised

RUNS = {"slow": 1.0, "quick": 0.4, "average": 0.95}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with three runs of the project's params.yaml and one merge."""
    rows = verdict_rows(RUNS, {"arithmetic-validation": 50, "arithmetic-test": 80})
    summarised(rows, tmp_path / "summary", validation="arithmetic-validation")
    for run in RUNS:
        mine = [row for row in rows if row["run"] == run]
        write_rows(tmp_path / "verdicts" / f"{run}.jsonl", mine)
    (tmp_path / "merged" / "average").mkdir(parents=True)
    (tmp_path / "merged" / "average" / "l2s_manifest.json").write_text(json.dumps(manifest()))
    return tmp_path


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page is built from."""
    seen: dict[str, Any] = {}

    def remember(summary: dict[str, Any], out: Path, **more: Any) -> Path:
        seen.update(more, summary=summary, out=out)
        return out / "index.html"

    monkeypatch.setattr(page, "build_page", remember)
    return seen


def test_the_page_is_given_what_the_stages_made(data: Path, given: dict[str, Any]) -> None:
    config = Config.read()
    assert page.build_report(config, data) == data / "report" / "index.html"
    assert given["title"] == "Long-to-short by merging, on the embedded family" and len(given["notes"]) == 2
    assert set(given["manifests"]) == {"average"}
    examples = given["examples"]
    assert isinstance(examples, Examples) and sum(examples.counts.values()) == 80, "validation problems are not shown"
    assert {example.other["run"] for example in examples.shown} == {"average"}
    lineage = given["lineage"]
    assert list(lineage) == ["Tables", "Models merged", "Merged weights", "Engines and graders", "Versions"]
    assert set(lineage["Tables"]) == {"summary", *(f"verdicts of {run}" for run in RUNS)}
    assert lineage["Merged weights"] == {"average": "sha256:42"} and "seed 0" in lineage["Engines and graders"]["slow"]


def test_no_examples_where_none_are_asked_for(data: Path, given: dict[str, Any]) -> None:
    config = Config.read()
    none = config.model_copy(update={"report": config.report.model_copy(update={"examples": 0})})
    page.build_report(none, data)
    assert given["examples"] is None


def test_a_broken_manifest_or_table_is_named(data: Path, given: dict[str, Any]) -> None:
    broken = data / "merged" / "average" / "l2s_manifest.json"
    whole = broken.read_text()
    broken.write_text(whole[:40])
    with pytest.raises(RecordError, match=r"average/l2s_manifest.json: cannot be read as JSON.*merge the recipe anew"):
        page.build_report(Config.read(), data)
    broken.write_text(whole)
    verdicts = data / "verdicts" / "quick.jsonl"
    verdicts.write_text("{broken\n")
    with pytest.raises(RecordError, match=r"quick.jsonl: row 1 is no JSON"):
        page.build_report(Config.read(), data)


def test_own_models_carry_their_own_names(data: Path, given: dict[str, Any]) -> None:
    """The README says to keep `report` as it is: own results were headed and noted as the embedded family's."""
    raw = read_yaml(Path("params.yaml"))
    raw["models"]["base"] = {"source": "path", "path": "/models/Qwen2.5-Math-1.5B"}
    raw["models"]["slow"] = {"source": "hub", "name": "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"}
    page.build_report(Config.parse(raw, "params.yaml"), data)
    assert given["title"] == "Long-to-short by merging: Qwen2.5-Math-1.5B, quick, DeepSeek-R1-Distill-Qwen-1.5B"
    assert given["notes"] == []
