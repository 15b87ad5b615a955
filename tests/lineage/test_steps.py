"""Single steps on own files: each leaves a record beside what it wrote; a chain of them is followed and audited."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from flows.cli.commands.lineage import _when
from l2s.lineage.record import Sidecar
from tests.conftest import L2s
from tests.lineage.conftest import both, changed, flipped
from tests.lineage.projects import ROOT

Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A merge of two models, its answers to five problems, their verdicts and a summary, made by commands."""
    from contextlib import chdir

    from typer.testing import CliRunner

    from flows.cli.app import app_for
    from l2s.benchmarks import BenchmarkParams, write_problems

    folder = tmp_path_factory.mktemp("steps") / "work"
    for name in ("quick", "slow"):
        shutil.copytree(ROOT / "data/models" / name, folder / "models" / name)
    write_problems("own", BenchmarkParams(source="arithmetic", per_level=1), folder / "problems.jsonl")
    recipe = {"merge_method": "linear", "models": [{"model": "models/quick"}, {"model": "models/slow"}]}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"dtype": "bfloat16"}))
    commands = (
        "merge recipe.yaml merged",
        "generate merged problems.jsonl out/responses.jsonl --max-tokens 200",
        "verify out/responses.jsonl out/verdicts.jsonl",
        "analyse out/verdicts.jsonl --out summary --json",
    )
    with chdir(folder):
        for command in map(str.split, commands):
            done = CliRunner().invoke(app_for(command), command, catch_exceptions=False)
            assert done.exit_code == 0, done.output
    return folder


def test_every_step_leaves_a_record_beside_what_it_wrote(worked: Path) -> None:
    files = [worked / name for name in ("merged", "out/responses.jsonl", "out/verdicts.jsonl", "summary")]
    found = [Sidecar.read(file.with_name(f"{file.name}.lineage.json")) for file in files]
    assert [side.record.made_by for side in found] == ["l2s merge", "l2s generate", "l2s verify", "l2s analyse"]
    merge, generate, verify, analyse = (side.record for side in found)
    assert [read.path for read in merge.inputs] == ["recipe.yaml", "models/quick", "models/slow"]
    assert merge.parameters["recipe"]["dtype"] == "bfloat16" and merge.seeds == {"arguments.seed": 0}
    assert {path for path in merge.code if path.startswith("l2s/merging/methods/")} == {
        f"l2s/merging/methods/{name}.py" for name in ("__init__", "linear")
    }
    assert [read.path for read in generate.inputs] == ["../merged", "../problems.jsonl"]
    assert generate.parameters["arguments"]["max_tokens"] == 200
    assert {out.path for out in analyse.outputs} >= {"summary/summary.json", "summary/summary.csv"}
    assert all(read.digest == out.digest for read, out in zip(verify.inputs, generate.outputs, strict=True))
    assert str(worked) not in json.dumps([side.model_dump(mode="json") for side in found]), (
        "a path that does not travel"
    )


def test_the_tree_reaches_the_base_weights_and_moves_with_its_folder(
    worked: Path, tmp_path: Path, l2s: L2s, monkeypatch: Patch
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(worked, moved)
    for folder in (worked, moved):
        monkeypatch.chdir(folder)
        code, said = both(l2s("lineage", "summary/summary.json", "--json"))
        nodes = json.loads(said)["nodes"]
        assert code == 0 and next(iter(nodes)) == "summary/summary.json"
        assert {"out/verdicts.jsonl", "out/responses.jsonl", "merged", "models/slow", "problems.jsonl"} <= set(nodes)
        assert nodes["models/slow"]["made_by"] is None and nodes["models/slow"]["digest"].startswith("blake3:")
        assert nodes["merged"]["facts"]["method"] == "linear"
        code, said = both(l2s("lineage", "summary"))
        assert code == 0 and "made by l2s merge on " in said and "given: no record says what made it" in said


def test_an_audit_follows_sidecars(worked: Path, l2s: L2s, monkeypatch: Patch) -> None:
    monkeypatch.chdir(worked)
    code, said = both(l2s("audit", "summary", "--regenerate", "2"))
    assert code == 0 and "5 rows graded again, 1 stages done again, 2 rows generated again" in said
    for name, shown in (
        ("models/slow/model.safetensors", "models/slow/model.safetensors"), ("problems.jsonl", "problems.jsonl"),
        ("merged/tokenizer.json", "merged/tokenizer.json"), ("out/responses.jsonl", "out/responses.jsonl"),
        ("summary/levels.csv", "summary/levels.csv"), ("merged.lineage.json", "merged.lineage.json"),
    ):  # fmt: skip
        file = worked / name
        with changed(file, flipped(file.read_bytes(), 8 * file.stat().st_size // 2)):
            code, said = both(l2s("audit", "summary"))
        assert code == 1 and f"mismatch: {shown}: " in said, name


def test_what_the_pipeline_made_keeps_its_own_record(project: Path, l2s: L2s, monkeypatch: Patch) -> None:
    file = Path("data/verdicts/slow.jsonl")
    before = file.read_bytes()
    assert l2s("verify", "data/responses/slow.jsonl", str(file))[0] == 0
    assert file.read_bytes() == before and not file.with_name("slow.jsonl.lineage.json").exists()
    assert l2s("audit", str(file))[0] == 0


def test_mermaid_and_tree_of_a_project(project: Path, l2s: L2s, monkeypatch: Patch) -> None:
    code, said = both(l2s("lineage", "data/merged/aim-ties", "--mermaid"))
    assert code == 0 and said.startswith("flowchart TD\n") and said.count("-->") == 8
    assert "data/calibration/activations.safetensors<br>calibrate@activations" in said
    assert [line for line in said.splitlines() if "given/" in line] != []
    code, said = both(l2s("lineage", "data/summary"))
    assert code == 0 and said.count("(above)") > 3, "what was shown once is not spelt out again"
    nodes = json.loads(both(l2s("lineage", "data/summary", "--json"))[1])["nodes"]
    assert said.count("made by ") == sum(node["made_by"] is not None for node in nodes.values()), "models neither"
    code, said = both(l2s("lineage", "data/models/base/config.json", "--json"))
    node = json.loads(said)["nodes"]["data/models/base"]
    assert node["made_by"] == "family" and node["parameters"]["family"]["seed"] == 0
    assert {"torch", "python"} <= set(node["versions"]) and node["occasion"]["machine"]["cores"] >= 1


def test_a_tree_tells_uncommitted_files_as_what_they_are() -> None:
    """Files that no commit ever held have not changed since one."""
    machine = {"processor": "P", "cores": 2}
    occasion = {"started": "2026-01-01T00:00:00.000", "seconds": 1.0, "machine": machine, "prefect_run": None}
    for commit, dirty, said in (
        (None, [], "(P, 2 cores)"), (None, ["a.py"], "(P, 2 cores) before the first commit"),
        ("1" * 40, [], f"(P, 2 cores) at commit {'1' * 12}"),
        ("1" * 40, ["a.py"], f"at commit {'1' * 12} with 1 file changed or new"),
        ("1" * 40, ["a.py", "b.py"], f"at commit {'1' * 12} with 2 files changed or new"),
    ):  # fmt: skip
        assert _when({**occasion, "commit": commit, "dirty": dirty}).endswith(said)


def test_a_damaged_record_is_a_sentence(project: Path, l2s: L2s, monkeypatch: Patch) -> None:
    file = Path("data/lineage/merge/average.json")
    with changed(file, flipped(file.read_bytes(), 999)):
        code, said = both(l2s("lineage", "data/merged/average"))
    assert code == 2 and said.startswith("error: ") and "merge/average.json: " in said and said.count("\n") == 1


def test_problems_that_name_no_benchmark_are_those_of_their_file(worked: Path, l2s: L2s, monkeypatch: Patch) -> None:
    monkeypatch.chdir(worked)
    rows = [{"id": str(number), "problem": f"{number} + 1 = ?", "gold": str(number + 1)} for number in range(2)]
    Path("mine.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert l2s("generate", "merged", "mine.jsonl", "mine-out.jsonl", "--max-tokens", "5")[0] == 0
    code, said = both(l2s("audit", "mine-out.jsonl"))
    assert code == 0, said
