"""What is wrong with a training is one sentence, before anything is trained."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from l2s.core.errors import ConfigError, L2SError
from l2s.training.folder import refuse_place
from l2s.training.gathered import Gathered, check_apart
from l2s.training.union import parse_training
from tests.training.small import job_of, run

SFT = {"method": "sft", "model": "m", "data": {"kind": "shortest", "samples": "s"}}
REWARD = {"kind": "tldr", "length_scale": 300}
VALIDATED = {"validation": {"problems": {"split": "validation", "per_level": 1}, "every": 2, "max_tokens": 8}}
GRPO = {"method": "grpo", "model": "m", "reward": REWARD}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({**SFT, "method": "sff"}, "method 'sff' is unknown; did you mean 'sft'?"),
        ({"model": "m"}, "method is missing; known: dpo, expert_iteration, grpo, o1_pruner, sft"),
        ({**SFT, "epoch": 1}, "'epoch' (did you mean 'epochs'?)"),
        ({**GRPO, "reward": {**REWARD, "lambda": 1.5}}, "λ = 1.5 lies outside 0 to 1"),
        ({**GRPO, "reward": {"kind": "tldr_target"}}, "name its samples under 'reference'"),
        ({**SFT, "level_template": "{problem}"}, "expected {level} in it"),
        ({**SFT, "learning_rate": 1e300}, "less than or equal to 1"),
        ({**SFT, "epochs": 100_000}, "less than or equal to 1000"),
        ({**SFT, "learning_rate": float("nan")}, "finite number"),
        ({**SFT, "batch_size": 10**30}, "less than or equal to 1000000"),
        ({**SFT, "method": "dpo", "data": {"kind": "pir", "samples": "s"}}, "kind pir is data of method sft"),
        ({**GRPO, "samples": -3}, "greater than or equal to 2"),
        ({**GRPO, "data": {"kind": "pir", "samples": "s"}}, "and not 'data'"),
    ],
)
def test_settings(block: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as error:
        parse_training(block, "params.yaml: training.x")
    assert str(error.value).startswith("params.yaml: training.x") and "\n" not in str(error.value)


def refused(said: str, method: str, start: Path, inputs: dict[str, Path], out: Path, **more: object) -> None:
    with pytest.raises(L2SError, match=re.escape(said)) as error:
        run(method, start, inputs, out, **more)
    assert "\n" not in str(error.value)
    assert not out.exists()


def test_a_model_without_tokenizer(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(start, bare)
    for file in bare.glob("*token*"):
        file.unlink()
    refused("tokenizer", "sft", bare, inputs, tmp_path / "out")


def test_levels_that_are_one_text(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    levels = {"reward": {**REWARD, "levels": {"short": 0.5, "long": 0.0}}}
    refused("level_template", "grpo", start, inputs, tmp_path / "out", **levels, level_template="{problem} {level}ish")


def test_a_reference_of_other_problems(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    other = changed(inputs["own"], tmp_path / "own.jsonl", problem="Another one?")
    target = {"reward": {"kind": "tldr_target"}, "reference": "own"}
    said = "samples 'own' hold no right response to any of its 10 problems"
    refused(said, "grpo", start, {**inputs, "own": other}, tmp_path / "out", **target)


def test_contaminated_problems(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    shared = json.loads(inputs["problems"].read_text().splitlines()[0])
    test = tmp_path / "asked.jsonl"
    test.write_text(json.dumps({**shared, "id": "same", "problem": shared["problem"].upper()}) + "\n")
    refused("are asked by benchmarks", "sft", start, {**inputs, "test": test}, tmp_path / "out")


@pytest.mark.parametrize(("method", "file", "name"), [("grpo", "problems", "problems"), ("sft", "own", "own")])
def test_a_checkpoint_is_not_chosen_on_what_is_learned(
    method: str, file: str, name: str, start: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    learned = json.loads(inputs[file].read_text().splitlines()[0])
    again = {"id": "again", "problem": learned["problem"].upper(), "gold": learned["gold"]}
    both = tmp_path / "both.jsonl"
    both.write_text(inputs["validation"].read_text() + json.dumps(again) + "\n")
    said = f"training: 1 of 6 validation problems are learned from: again is {learned['id']} of {name}; give"
    refused(said, method, start, {**inputs, "validation": both}, tmp_path / "out", **VALIDATED)
    found = Gathered({name: inputs[file]} if method == "sft" else {}, None if method == "sft" else inputs[file], both)
    with pytest.raises(ConfigError, match=re.escape(said)):
        check_apart(found, [])
    check_apart(found._replace(validation=inputs["validation"]), [])


def test_unknown_samples(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    data = {"data": {"kind": "shortest", "samples": "owm"}}
    refused("there are no samples 'owm'; did you mean 'own'?", "sft", start, inputs, tmp_path / "out", **data)


def test_a_taken_place(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(L2SError, match="holds files that are no training of ours"):
        run("sft", start, inputs, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_a_merge_is_not_replaced_unless_forced(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(start, out)
    (out / "l2s_manifest.json").write_text(json.dumps({"recipe": {"merge_method": "linear"}}))
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    with pytest.raises(L2SError, match=r"out: holds a model that is no training of ours; choose .* --force"):
        run("sft", start, inputs, out)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    refuse_place(out, start, force=True)
    with pytest.raises(L2SError, match="the start model lies at"):
        refuse_place(start, start, force=True)


def changed(rows: Path, out: Path, **values: object) -> Path:
    out.write_text("".join(json.dumps(json.loads(row) | values) + "\n" for row in rows.read_text().splitlines()))
    return out


@pytest.mark.parametrize(
    ("method", "file", "values", "said"),
    [
        ("sft", "own", {"correct": False}, "of 10 problems none can be trained on (10 unsolved); sample more"),
        ("dpo", "own", {"tokens": 0}, "of 10 problems none can be trained on (10 of one length); sample more"),
        ("o1_pruner", "own", {"finish": "length"}, "none can be trained on (10 unsolved)"),
        ("o1_pruner", "own", {"correct": True, "tokens": 7}, "weights of samples 'own' are equal"),
        ("sft", "own", {"tokens": -5}, "row 1: tokens is -5, which is less than 0"),
        ("sft", "own", {"sample": -1}, "row 1: sample is -1, which is less than 0"),
        ("sft", "own", {"tokens": float("nan")}, "row 1: tokens is nan, expected int"),
        ("sft", "own", {"response": 7}, "row 1: response is 7, expected str"),
        ("sft", "own", {"response": " Wait" * 5000}, "sft: none of 10 examples fits the context"),
        ("o1_pruner", "own", {"response": " Wait" * 5000}, "o1_pruner: none of 20 examples fits the context"),
        ("expert_iteration", "problems", {"gold": "99999"}, "none can be trained on (4 unsolved)"),
    ],
)  # fmt: skip
def test_rows(
    method: str, file: str, values: dict[str, object], said: str, start: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    found = changed(inputs[file], tmp_path / inputs[file].name, **values)
    refused(said, method, start, {**inputs, file: found}, tmp_path / "out")


@pytest.mark.parametrize(
    ("method", "file", "said"), [("sft", "own", "of 0 problems none"), ("grpo", "problems", "holds no problems")]
)
def test_empty_files(method: str, file: str, said: str, start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text("")
    refused(said, method, start, {**inputs, file: tmp_path / "own.jsonl"}, tmp_path / "out")


def test_modules_that_the_model_lacks(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    lora = {"r": 2, "targets": ["q_proj", "gate_prj"]}
    said = "lora.targets: the model has no module 'gate_prj'; did you mean 'gate_proj'?"
    refused(said, "sft", start, inputs, tmp_path / "out", lora=lora)


@pytest.mark.parametrize("logs", [{"loss": float("nan")}, {"loss": 0.5, "grad_norm": float("inf")}])
def test_a_training_that_diverges_is_told(
    logs: dict[str, float], start: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    from l2s.training.trainers.common import Recorder

    recorder = Recorder(job_of(parse_training(SFT, "training"), start, inputs, tmp_path), [], print)
    with pytest.raises(ConfigError, match="sft: loss or gradient is no number any more at step 3; take a smaller"):
        recorder.on_log(None, SimpleNamespace(global_step=3), None, logs)
