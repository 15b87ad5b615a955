"""Stages sample, gather and train, and runs of what they make: in a small project, by the stages' own functions."""

import json
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.records import Verdicts, read_rows
from tasks.running.declared import declared, stage_names
from tests.lineage.projects import begin, do, inputs_of, write

pytestmark = pytest.mark.long
PROBLEMS = {"source": "arithmetic", "split": "train", "per_level": 1, "seed": 3}
PARAMS: dict[str, Any] = {
    "family": {},
    "models": {"slow": {"source": "path", "path": "given/slow"}, "quick": {"source": "path", "path": "given/quick"}},
    "benchmarks": {"test": {"source": "arithmetic", "split": "test", "per_level": 1, "seed": 0}},
    "samples": {
        "slow": {"model": "models/slow", "problems": PROBLEMS, "samples": 2, "max_tokens": 300},
        "quick": {"model": "models/quick", "problems": PROBLEMS, "samples": 1, "max_tokens": 60},
    },
    "training": {
        "short": {
            "method": "sft", "model": "models/slow", "data": {"kind": "shortest", "samples": "slow"}, "epochs": 1,
            "batch_size": 4,
        },
        "again": {"method": "dpo", "model": "trained/short", "data": {"kind": "own", "samples": "slow"}},
    },
    "controls": {"none": {"kind": "none"}},
    "grading": {"grader": "l2s"},
    "runs": {
        "slow": {"model": "models/slow", "control": "none"},
        "brief": {"model": "trained/short", "control": "none", "level": "short"},
        "brief-warm": {
            "model": "trained/short", "control": "none", "level": "short",
            "sampling": {"temperature": 1.0, "samples": 2, "max_tokens": 30},
        },
    },
    "decoding": {"engine": "transformers", "prompt": {"style": "chat"}, "sampling": {"max_tokens": 40}},
    "analysis": {"slow": "slow"},
}  # fmt: skip
DONE = ("family", "problems@test", "sample@slow", "gather@short", "train@short", "generate@slow", "generate@brief",
        "verify@brief", "generate@brief-warm")  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trl")
    folder = begin(tmp_path_factory.mktemp("training"), PARAMS)
    with chdir(folder):
        do(*DONE)
    return folder


@pytest.fixture
def project(finished: Path) -> Iterator[Path]:
    with chdir(finished):
        write(PARAMS)
        yield finished


def test_what_each_stage_leaves(project: Path) -> None:
    rows = read_rows(Path("data/samples/slow.jsonl"), Verdicts)
    assert len(rows) == 10 and all(row["problem"] for row in rows)
    assert Path("data/gathered/short/samples/slow.jsonl").read_bytes() == Path("data/samples/slow.jsonl").read_bytes()
    assert [file.name for file in Path("data/gathered/short").rglob("*.jsonl")] == ["slow.jsonl"], "nothing else"
    start, trained = Path("given/slow"), Path("data/trained/short")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (trained / name).read_bytes() == (start / name).read_bytes()
    assert (trained / "model.safetensors").read_bytes() != (start / "model.safetensors").read_bytes()
    manifest = json.loads((trained / "l2s_manifest.json").read_text())
    assert manifest["method"] == "sft" and manifest["settings"]["data"]["samples"] == "slow"
    assert "seconds" not in manifest, "so that its bytes repeat"


def test_records_tell_what_was_read(project: Path) -> None:
    assert inputs_of("sample/slow") == {"data/models/slow"}
    assert inputs_of("gather/short") == {"data/samples/slow.jsonl", "data/benchmarks/test.jsonl"}
    assert inputs_of("train/short") == {"data/models/slow", "data/gathered/short/samples/slow.jsonl"}
    assert "data/trained/short" in inputs_of("generate/brief")


def test_a_level_is_asked_for_as_the_trained_model_says(project: Path) -> None:
    problems = {row["id"]: row["problem"] for row in read_rows(Path("data/benchmarks/test.jsonl"))}
    for row in read_rows(Path("data/verdicts/brief.jsonl"), Verdicts):
        assert f"{problems[row['id']]} Reasoning length: short." in row["prompt"]
    assert all("Reasoning" not in row["prompt"] for row in read_rows(Path("data/responses/slow.jsonl")))


def test_a_run_with_sampling_of_its_own_is_asked_alike_and_says_its_settings(project: Path) -> None:
    rows, plain = (read_rows(Path(f"data/responses/{run}.jsonl")) for run in ("brief-warm", "brief"))
    assert [row["sample"] for row in rows] == [0, 1] * len(plain) and max(row["tokens"] for row in rows) <= 30
    assert {row["prompt"] for row in rows} == {row["prompt"] for row in plain}
    assert len({row["response"] for row in rows}) > len(plain), "two samples of a problem differ"
    record = json.loads(Path("data/lineage/generate/brief-warm.json").read_text())
    own = {"temperature": 1.0, "samples": 2, "max_tokens": 30}
    assert record["parameters"]["runs.brief-warm"]["sampling"] == own
    before = Path("data/responses/brief-warm.jsonl").read_bytes()
    do("generate@brief-warm")
    assert Path("data/responses/brief-warm.jsonl").read_bytes() == before


def test_seconds_are_told_by_the_machine_that_spent_them(project: Path) -> None:
    from flows.cli.making import making_table, took

    lines = Path(".l2s/costs.jsonl").read_text().splitlines()
    spent = dict[str, float]()
    for one in map(json.loads, lines):
        spent[one["stage"]] = max(one["seconds"], spent.get(one["stage"], 0))
    row = {"run": "brief", "way": "trained", "best": False, "on_front": False}
    other = row | {"run": "slow", "way": "control"}
    config = Config.read()
    [found] = took(config, {"rivals": [row, row | {"benchmark": "dev"}, other]}, Path("data"))
    assert (found.model, found.way, found.itself) == ("trained/short", "trained", spent["train@short"])
    assert found.before == pytest.approx(spent["sample@slow"] + spent["gather@short"]), "not the family, nor answers"
    assert found.hardware not in ("", "–")
    table = making_table(config, {"rivals": [row]}, Path("data"))
    assert table is not None and table.row_count == 1
    assert making_table(config, {"rivals": []}, Path("data")) is None
    Path(".l2s/costs.jsonl").rename("elsewhere.jsonl")
    try:
        assert took(config, {"rivals": [row]}, Path("data"))[0].itself is None
        assert making_table(config, {"rivals": [row]}, Path("data")) is None, "in a clone nobody knows"
    finally:
        Path("elsewhere.jsonl").rename(".l2s/costs.jsonl")


def test_an_audit_is_clean_and_finds_what_was_changed(project: Path) -> None:
    from l2s.lineage.checks.links import check_links
    from l2s.lineage.checks.regrade import graded_files, regrade
    from l2s.lineage.graph import ProvenanceGraph

    def findings() -> list[str]:
        chain = ProvenanceGraph.read(Path("data"))
        behind = list(chain.behind([Path("data/verdicts/brief.jsonl").absolute()]))
        return [str(found) for found in check_links(chain, behind, {})]

    assert findings() == []
    chain = ProvenanceGraph.read(Path("data"))
    made = [one for one in (chain.maker(Path("data/samples/slow.jsonl").absolute()),) if one]
    assert regrade(chain, graded_files(made), None, 0) == (10, []), "samples are graded again from themselves"
    manifest = Path("data/trained/short/l2s_manifest.json")
    before = manifest.read_text()
    said = json.loads(before)
    try:
        for wrong, words in (
            ({"start": {**said["start"], "weights": said["output"]["weights"]}}, "start"),
            ({"inputs": {"slow": said["start"]["digest"]}}, "inputs.slow"),
            ({"output": {"weights": said["start"]["weights"]}}, "output.weights"),
            ({"output": None}, "l2s_manifest.json"),
        ):
            manifest.write_text(json.dumps(said | wrong))
            assert any(words in found for found in findings()), words
    finally:
        manifest.write_text(before)


def test_a_training_depends_on_what_it_reads_alone(project: Path) -> None:
    found = declared("train", "again")
    assert set(map(str, found.dependencies)) == {"data/trained/short", "data/gathered/again"}
    assert found.parameters == ("training.again", "decoding.engine", "decoding.prompt")
    assert {"sample@quick", "gather@again", "train@again"} <= set(stage_names())
    write({key: block for key, block in PARAMS.items() if key not in ("samples", "training", "runs")} | {
        "runs": {"slow": PARAMS["runs"]["slow"]}})  # fmt: skip
    assert not {stage.partition("@")[0] for stage in stage_names()} & {"sample", "gather", "train"}
    write(PARAMS)
    before = Path("data/gathered/short/samples/slow.jsonl").stat().st_mtime_ns, _bytes("data/gathered/short")
    do("sample@quick", "gather@short")
    assert _bytes("data/gathered/short") == before[1], "other samples change nothing that it reads"


def _bytes(folder: str) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(Path(folder).rglob("*")) if file.is_file()}


def test_problems_of_a_benchmark_are_refused_before_training(project: Path) -> None:
    test = read_rows(Path("data/benchmarks/test.jsonl"))
    Path("mine.jsonl").write_text(json.dumps({"id": "1", "problem": f"  {test[0]['problem'].upper()}", "gold": "1"}))
    params = json.loads(json.dumps(PARAMS))
    params["training"]["rl"] = {
        "method": "grpo", "model": "models/slow", "problems": {"source": "jsonl", "path": "mine.jsonl"},
        "reward": {"kind": "tldr", "length_scale": 300},
    }  # fmt: skip
    write(params)
    with pytest.raises(ConfigError, match="1 of 1 training problems are asked by benchmarks"):
        do("gather@rl")


def test_a_level_of_a_model_that_was_never_trained_is_one_sentence(project: Path) -> None:
    from l2s.generation.levels import at_level

    with pytest.raises(ConfigError, match=r"given/slow: its manifest has no level_template, so how level 'short'"):
        at_level(Config.read().decoding, Path("given/slow"), "short")


def test_a_training_is_exported_for_verl(project: Path) -> None:
    from flows.cli.commands.export import export

    params = json.loads(json.dumps(PARAMS))
    params["training"]["rl"] = {
        "method": "grpo", "model": "models/slow", "problems": PROBLEMS, "reference": "slow",
        "reward": {"kind": "tldr_target", "target": 0.5},
    }  # fmt: skip
    write(params)
    export("verl", "rl", None)
    out = Path("data/export/verl/rl")
    assert {file.name for file in out.iterdir()} == {
        "train.parquet", "validation.parquet", "reward.py", "config.yaml", "run.sh",
    }  # fmt: skip
    export("verl", "rl", None, force=True)
    for words, said in (
        (("verl", "short"), "training.short: verl cannot take method sft; expected grpo"),
        (("verl", "rll"), "params.yaml: training has no 'rll'; did you mean 'rl'"),
        (("vurl", "rl"), "l2s export: 'vurl' is not known; did you mean 'verl'"),
    ):
        with pytest.raises(ConfigError, match=said):
            export(*words, Path("elsewhere"))
