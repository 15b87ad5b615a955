"""README's own-models steps, run as they stand there, with tiny models in the place of the named ones."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from l2s.benchmarks.benchmark import BenchmarkParams, write_problems
from l2s.records import read_rows, write_rows
from tests.lineage.projects import CODE, ROOT
from tests.scratch import run

NAMES = {"base": "Qwen2.5-Math-1.5B", "slow": "DeepSeek-R1-Distill-Qwen-1.5B"}


def example() -> str:
    """The YAML under "Your own models"."""
    text = (ROOT / "README.md").read_text()
    found = re.search(r"## Your own models\n.*?```yaml\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def make_project(folder: Path, change: Callable[[str], str] = lambda text: text) -> Path:
    """A git and DVC project with README's params.yaml, models somewhere else, problems beside it."""
    (folder / "own").mkdir(parents=True)
    for name in CODE:
        (folder / "own" / name).symlink_to(ROOT / name)
    project = folder / "own"
    for name, called in NAMES.items():
        shutil.copytree(ROOT / "data" / "models" / name, folder / "models" / called)
    for name, seed in (("dev", 1), ("test", 2)):
        params = BenchmarkParams(source="arithmetic", per_level=1, seed=seed, limit=3)
        write_problems(name, params, folder / "drawn.jsonl")
        rows = [{key: row[key] for key in ("id", "problem", "gold")} for row in read_rows(folder / "drawn.jsonl")]
        write_rows(project / f"my-{name}.jsonl", rows)
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, project / name)
    (project / "params.yaml").write_text(change(example().replace("/models/", f"{folder}/models/", 2)))
    run(project, "git", "init", "-q")
    run(project, "dvc", "init", "-q")
    return project


@pytest.mark.long
def test_the_example_is_a_whole_file(tmp_path: Path) -> None:
    found = yaml.safe_load(example())
    assert {model["path"].partition("/models/")[2] for model in found["models"].values()} == set(NAMES.values())
    assert "calibration" not in found and "decoding" not in found, "what is left out has defaults"
    project = make_project(tmp_path)
    before = (project / "params.yaml").read_bytes()
    noted = run(project, "l2s", "run", "--dry")
    assert "decoding: {engine: auto}" in noted and "merge@ta-07" in noted and not (project / "data").exists()
    text = (project / "params.yaml").read_bytes()
    assert text.startswith(before.rstrip()), "what is left out is written to the end"
    assert set(json.loads(run(project, "l2s", "run", "--dry", "--json"))) == {
        "family", "problems@dev", "problems@test", "merge@ta-07", "generate@slow", "generate@ta-07", "verify@slow",
        "verify@ta-07", "analyse", "report",
    }  # fmt: skip
    assert (project / "params.yaml").read_bytes() == text
    (project / "params.yaml").write_bytes(before)
    for command in (["plan"], ["why", "merge@ta-07"]):
        assert "decoding: {engine: auto}" in run(project, "l2s", *command)
        (project / "params.yaml").write_bytes(before)
    (project / "my-dev.jsonl").unlink()
    shutil.rmtree(tmp_path / "models" / NAMES["base"])
    for command in (("run", "--dry"), ("run",)):
        said = run(project, "l2s", *command, code=2)
        assert "my-dev.jsonl" in said and "models.base.path" in said and "Traceback" not in said
    assert (project / "params.yaml").read_bytes() == before and not (project / "data").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["", "calibration: {}\ncontrols: {none: {kind: none}}\n"])
def test_the_example_runs_and_no_weight_lands_in_git(tmp_path: Path, kept: str) -> None:
    project = make_project(tmp_path, lambda text: text + kept)
    shutil.copytree(ROOT / "data" / "models" / "slow", project / "data" / "models" / "slow")
    run(project, "git", "add", "-A")
    run(project, "git", "commit", "-q", "-m", "as cloned: a model of the same name is in git")
    said = run(project, "l2s", "run")
    assert "ta-07" in said and "Traceback" not in said
    text = (project / "params.yaml").read_text()
    assert (
        text.startswith(example().replace("/models/", f"{tmp_path}/models/", 2)) and "decoding: {engine: auto}" in text
    )
    summary = json.loads((project / "data/summary/summary.json").read_text())
    assert {row["run"] for row in summary["rows"]} == {"slow", "ta-07"} and summary["benchmarks"] == ["test"]
    assert run(project, "l2s", "run").count("everything is up to date") == 1
    assert "reproduce" not in run(project, "dvc", "repro")
    run(project, "git", "add", "-A")
    run(project, "git", "commit", "-q", "-m", "after a run")
    tracked = run(project, "git", "ls-files").split()
    weights = [name for name in tracked if name.endswith(".safetensors")]
    assert weights == ["data/models/slow/model.safetensors"], "the one that was there before"
    assert len(run(project, "git", "show", f"HEAD:{weights[0]}")) < 300, "and it is a link by now"
    assert run(project, "l2s", "audit")
