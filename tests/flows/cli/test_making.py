"""What making a model took: from trainings' manifests and from the times of stages; nothing is guessed."""

import json
from pathlib import Path
from typing import Any

import yaml

from l2s.config import Config, RunParams
from tasks.inputs.facts import facts_of


def config() -> Config:
    found = yaml.safe_load(Path("params.yaml").read_text())
    found["samples"] = {"own": {"model": "models/slow"}, "more": {"model": "models/slow"}}
    sft = {"method": "sft", "learning_rate": 5e-4}
    found["training"] = {
        "first": sft | {"model": "merged/average", "data": {"kind": "shortest", "samples": "own"}},
        "second": sft | {"model": "trained/first", "data": {"kind": "labelled", "samples": "more"}},
    }
    found["recipes"] = {"average": found["recipes"]["average"]}
    found["runs"] = {
        "slow": {"model": "models/slow", "control": "none"},
        "average": {"model": "merged/average", "control": "none"},
        "first": {"model": "trained/first", "control": "none"},
        "second-short": {"model": "trained/second", "control": "none", "level": "short"},
        "second-held": {"model": "trained/second", "control": "budget-96"},
    }
    return Config.model_validate(found)


def manifest(data: Path, name: str, **content: Any) -> None:
    folder = data / "trained" / name
    folder.mkdir(parents=True)
    (folder / "l2s_manifest.json").write_text(json.dumps(content))


def test_costs_of_the_start_model_s_training_count_too(tmp_path: Path) -> None:
    manifest(tmp_path, "first", tokens={"sampled": 100, "generated": 0, "trained": 40}, hardware="one core")
    manifest(tmp_path, "second", tokens={"sampled": 10, "generated": 5, "trained": 4})
    found = facts_of(config(), tmp_path)
    first, second = found["first"], found["second-short"]
    assert (first.training, first.tokens_sampled, first.tokens_generated, first.tokens_trained) == ("sft", 100, 0, 40)
    assert (first.hardware, first.length_level) == ("one core", None)
    assert (second.tokens_sampled, second.tokens_generated, second.tokens_trained) == (110, 5, 44)
    assert (second.hardware, second.length_level) == (None, "short")
    assert found["average"].training is None and found["slow"].tokens_trained is None


def test_a_training_that_is_not_there_has_no_costs(tmp_path: Path) -> None:
    found = facts_of(config(), tmp_path)["second-short"]
    assert (found.training, found.tokens_sampled) == ("sft", None)


def test_a_run_with_sampling_of_its_own_stands_beside_the_one_without(tmp_path: Path) -> None:
    found = yaml.safe_load(Path("params.yaml").read_text())
    own = {"temperature": 0.6, "samples": 4}
    found["runs"] = {name: found["runs"][name] for name in ("slow", "average", "slow-budget-96")}
    plain = Config.model_validate(found)
    found["runs"] |= {f"{name}-warm": run | {"sampling": own} for name, run in found["runs"].items()}
    config = Config.model_validate(found)
    assert [config.beside(f"{name}-warm") for name in plain.runs] == list(plain.runs)
    assert config.beside("slow") is None and config.candidates() == plain.candidates() == ["average"]
    sampling = config.decoding_of("slow-warm").sampling
    assert (sampling.temperature, sampling.samples) == (0.6, 4)
    assert sampling.model_copy(update={"temperature": 0.0, "samples": 1}) == config.decoding.sampling
    assert config.decoding_of("slow") == config.decoding
    facts = facts_of(config, tmp_path)
    assert (facts["average-warm"].beside, facts["average-warm"].sampling["temperature"]) == ("average", 0.6)
    assert facts["average"].beside is None and facts["average"].sampling == {}
    dumped = config.model_dump(mode="json")
    assert dumped["runs"]["slow-warm"]["sampling"] == own
    assert {name: RunParams.model_validate(run) for name, run in dumped["runs"].items()} == config.runs
    assert dumped["runs"]["slow"] == {"model": "models/slow", "control": "none", "level": None}, "as it always was"


def test_candidates_are_merges_and_trainings_without_a_control() -> None:
    assert config().candidates() == ["average", "first", "second-short"]
