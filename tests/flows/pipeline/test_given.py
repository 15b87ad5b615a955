"""The user's own files: another content at the same path is seen by run, why, the stages and an audit."""

import dataclasses
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import dvc.cli
import pytest
import yaml

from flows.pipeline.repository.graph import Graph
from l2s.checkpoints.files import digest
from l2s.core.errors import ConfigError, RecordError
from l2s.lineage.audit import audit_graph
from l2s.lineage.graph import ProvenanceGraph
from l2s.requirements import missing
from tasks.running.code import is_current, refresh, refresh_where_named
from tasks.running.given import GIVEN
from tasks.stage import LOCK
from tasks.stages import STAGES
from tests.conftest import L2s
from tests.flows.running import ROOT
from tests.lineage.projects import CODE, do, write

MODEL = ROOT / "data" / "models" / "quick"
OWN = {"source": "file", "path": "own/dev.jsonl"}
PARAMS: dict[str, Any] = {
    "family": {},
    "models": {"quick": {"source": "path", "path": "own/quick"}},
    "benchmarks": {"dev": OWN, "test": {"source": "arithmetic", "per_level": 1}},
    "calibration": {"texts": {"model": "quick", "kind": "activations", "texts": "own/texts.jsonl"}},
    "samples": {"mine": {"model": "models/quick", "problems": {"source": "file", "path": "own/more.jsonl"}}},
    "training": {
        "short": {
            "method": "grpo", "model": "models/quick", "problems": {"source": "file", "path": "own/more.jsonl"},
            "reward": {"kind": "tldr", "length_scale": 300},
            "validation": {"problems": {"source": "file", "path": "own/last.jsonl"}},
        },
    },
    "controls": {"none": {"kind": "none"}},
    "grading": {"grader": "l2s"},
    "runs": {"quick": {"model": "models/quick", "control": "none"}},
    "decoding": {"engine": "transformers", "prompt": {"style": "chat"}},
    "analysis": {"slow": "quick"},
    "report": {},
}  # fmt: skip


def rows(file: str, *golds: str) -> None:
    """Write problems with these answers."""
    found = [{"id": str(number), "problem": f"1 + {number}?", "gold": gold} for number, gold in enumerate(golds)]
    text = "".join(f"{json.dumps(row)}\n" for row in found)
    Path("own", file).write_text(text)


@pytest.fixture
def project(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model, problems and texts of its own; nothing was run."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    for name in CODE:
        Path(name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    shutil.copytree(MODEL, "own/quick")
    for file in ("dev.jsonl", "more.jsonl", "last.jsonl"):
        rows(file, "1", "2")
    Path("own/texts.jsonl").write_text(json.dumps({"prompt": "1 + 1?", "short": "2", "long": "1 + 1 = 2"}) + "\n")
    write(PARAMS)
    refresh()
    return tmp_path


def told() -> dict[str, Any]:
    """What code.lock tells of the user's files."""
    found: dict[str, Any] = json.loads(LOCK.read_text())[GIVEN]
    return found


def reasons(stage: str) -> list[str]:
    """Why a stage is out of date."""
    return [str(reason) for reason in Graph().stale([stage]).get(stage, [])]


def repro(monkeypatch: pytest.MonkeyPatch, *stages: str) -> None:
    """Plain ``dvc repro`` of single stages, by this environment's program."""
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.setenv("L2S_COMMAND", str(ROOT / ".venv" / "bin" / "l2s"))
    assert dvc.cli.main(["repro", "-q", "-s", *stages]) == 0


EDITS = {
    "own/quick/config.json": "family",
    "own/quick/model.safetensors": "family",
    "own/dev.jsonl": "problems",
    "own/more.jsonl": "sample gather",
    "own/last.jsonl": "gather",
    "own/texts.jsonl": "calibrate",
}


@pytest.mark.parametrize("file", EDITS)
def test_an_edit_changes_the_entries_of_those_that_read_the_file(project: Path, file: str) -> None:
    before = told()
    with open(file, "ab") as appended:
        appended.write(b"\n")
    assert not is_current() and refresh() and is_current()
    after = told()
    assert {kind for kind in after if after[kind] != before[kind]} == set(EDITS[file].split())
    assert set(after["problems"]) == {"own/dev.jsonl"}, "the other benchmark is no file"


def test_what_is_not_there_is_told_as_it_was_when_it_was_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repro(monkeypatch, "problems@dev")
    made, said = told()["problems"], list[str]()
    rows("dev.jsonl", "1", "3")
    refresh_where_named(said.append)
    assert told()["problems"] != made and said == []
    Path("own/dev.jsonl").unlink()
    refresh_where_named(said.append)
    assert told()["problems"] == made and reasons("problems@dev") == [], "a clone without the file has nothing to do"
    assert said == ["own/dev.jsonl is not there; what was made of it is not compared with it"]
    Path("own/dev.jsonl").mkdir()
    refresh()
    assert reasons("problems@dev") == ["own/dev.jsonl: modified"], "it is no file any more"


def test_a_graph_of_before_is_told_that_it_watches_no_files(project: Path) -> None:
    said = list[str]()
    Path("dvc.yaml").write_text(re.sub(r", given\.[^\]]*", "", Path("dvc.yaml").read_text()))
    refresh_where_named(said.append)
    assert said == [
        "dvc.yaml is of an earlier version and names no given.…; take the one that l2s init writes elsewhere"
    ]


def test_a_file_that_changes_while_a_stage_reads_it_is_no_result(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = STAGES["problems"]

    def meddled(*arguments: Any) -> None:
        rows("dev.jsonl", "1", "7")
        refresh()
        stage.work(*arguments)

    monkeypatch.setitem(STAGES, "problems", dataclasses.replace(stage, work=meddled))
    with pytest.raises(ConfigError, match=r"problems: own/dev\.jsonl: changed while the stage ran; run it again"):
        do("problems@dev")
    assert not Path("data/lineage/problems/dev.json").exists()


def test_problems_of_a_file_are_made_again_by_an_audit(project: Path, l2s: L2s) -> None:
    do("problems@dev")
    made = Path("data/benchmarks/dev.jsonl")
    other = made.read_bytes().replace(b'"gold": "2"', b'"gold": "5"')
    assert other != made.read_bytes()
    made.write_bytes(other)
    said = json.loads(l2s("audit", str(made), "--json")[1])
    assert "problems@dev" in said["checked"]["redone"]
    assert any("done again" in one["what"] for one in said["mismatches"])


def test_weights_are_hashed_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in Path("own/quick").iterdir():
        os.utime(file, (1, 1))
    monkeypatch.setattr("l2s.checkpoints.files.remembered.settled", lambda seen: True)
    refresh()
    monkeypatch.setattr(digest, "digest_tensor", lambda *arguments, **more: pytest.fail("hashed again"))
    assert is_current()


def test_a_stage_refuses_other_content_than_code_lock_tells_of(project: Path) -> None:
    rows("dev.jsonl", "1", "3")
    with pytest.raises(ConfigError) as error:
        do("problems@dev")
    assert str(error.value) == (
        "code.lock: given.problems: tells of another content than lies at own/dev.jsonl; "
        "write it anew (l2s code) and run again; l2s run does both"
    )
    assert not Path("data/benchmarks").exists()


def test_rows_of_an_older_file_never_come_back(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Path("data/benchmarks/dev.jsonl")
    repro(monkeypatch, "problems@dev")
    assert reasons("problems@dev") == [] and '"gold": "2"' in made.read_text()
    first = made.read_bytes()
    rows("dev.jsonl", "1", "3")
    refresh()
    assert reasons("problems@dev") == ["own/dev.jsonl: modified"]
    made.unlink()
    repro(monkeypatch, "problems@dev")
    assert '"gold": "3"' in made.read_text()
    rows("dev.jsonl", "1", "2")
    refresh()
    repro(monkeypatch, "problems@dev")
    assert made.read_bytes() == first, "and a file that was put back gives what was made of it"


def test_another_model_at_the_same_path_is_taken(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repro(monkeypatch, "family")
    assert reasons("family") == []
    shutil.rmtree("own/quick")
    shutil.copytree(MODEL.with_name("slow"), "own/quick")
    refresh()
    assert reasons("family") == ["own/quick: modified"]
    repro(monkeypatch, "family")
    ours, given = (Path(folder, "model.safetensors") for folder in ("data/models/quick", "own/quick"))
    assert ours.read_bytes() == given.read_bytes()


def test_a_lock_of_before_says_that_it_did_not_tell(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repro(monkeypatch, "problems@dev")
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    del lock["stages"]["problems@dev"]["params"]["code.lock"]["given.problems"]
    Path("dvc.lock").write_text(yaml.safe_dump(lock))
    assert reasons("problems@dev") == ["code.lock: given.problems: not told of yet when it ran"]


def test_a_record_names_what_was_given_and_an_audit_compares_it(project: Path) -> None:
    do("family", "problems@dev")
    read = {
        one["path"]: sorted(one["files"])
        for stage in ("family", "problems/dev")
        for one in json.loads(Path(f"data/lineage/{stage}.json").read_text())["inputs"]
    }
    assert read == {"own/dev.jsonl": ["."], "own/quick": sorted(file.name for file in Path("own/quick").iterdir())}
    stages = ("family", "problems@dev")
    audit = audit_graph(ProvenanceGraph.read(Path("data")), None, stages, ROOT, {})
    assert [str(finding) for finding in audit.findings if "own" in str(finding)] == []
    rows("dev.jsonl", "1", "3")
    audit = audit_graph(ProvenanceGraph.read(Path("data")), None, stages, ROOT, {})
    (finding,) = [str(finding) for finding in audit.findings if "own" in str(finding)]
    assert finding.startswith("own/dev.jsonl: as problems@dev read it: expected blake3:"), finding


def test_a_file_without_a_problem_is_told_before_anything_runs(project: Path) -> None:
    rows("dev.jsonl")
    rows("more.jsonl")
    said = "holds no problem; expected rows of JSON with id, problem and gold"
    assert missing(PARAMS, ["problems@dev"]) == [f"benchmarks.dev.path: own/dev.jsonl: {said}"]
    assert missing(PARAMS, ["sample@mine"]) == [f"samples.mine.problems.path: own/more.jsonl: {said}"]
    refresh()
    with pytest.raises(RecordError, match=f"own/dev.jsonl: {said}"):
        do("problems@dev")


def test_plain_dvc_takes_a_name_that_is_new(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(PARAMS | {"benchmarks": PARAMS["benchmarks"] | {"new": {"source": "arithmetic", "per_level": 1}}})
    repro(monkeypatch, "problems@new")
    assert Path("data/benchmarks/new.jsonl").is_file() and is_current(), "and leaves code.lock as it would be written"


def test_a_file_that_is_new_is_read_by_plain_dvc_and_told_afterwards(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows("new.jsonl", "1", "2")
    write(PARAMS | {"benchmarks": PARAMS["benchmarks"] | {"new": {"source": "file", "path": "own/new.jsonl"}}})
    repro(monkeypatch, "problems@new")
    assert Path("data/benchmarks/new.jsonl").is_file()
    refresh()
    assert reasons("problems@new") == ["own/new.jsonl: added"]
