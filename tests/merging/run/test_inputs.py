"""What may be merged: adapters, names in the hub's cache, mixed formats; and every preflight sentence about it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.core.errors import CheckpointError
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.checkpoints.test_adapter import HIDDEN, QUERY, factors, sum_slowly, write_adapter
from tests.merging.run.test_merge import weights_of
from tests.tiny import random_weights, write_checkpoint, write_family


def recipe(*models: str, method: str = "task_arithmetic", **changes: Any) -> MergeRecipe:
    entries = [{"model": model, "parameters": {"weight": 0.5}} for model in models]
    found = {"merge_method": method, "base_model": "base", "models": entries, "dtype": "float32"}
    return MergeRecipe.parse({**found, **changes}, "r")


def small_adapter(folder: Path) -> Path:
    return write_adapter(folder, {name: 0.1 * tensor for name, tensor in factors(QUERY, HIDDEN, HIDDEN).items()})


def test_an_adapted_model_is_merged_as_the_sum_that_it_is(tmp_path: Path) -> None:
    family, adapter = write_family(tmp_path, shards=2), small_adapter(tmp_path / "adapter")
    merge_checkpoints(recipe("base+tuned", "slow"), {**family, "tuned": adapter}, tmp_path / "out")
    base, slow = weights_of(family["base"]), weights_of(family["slow"])
    a, b = (0.1 * tensor for tensor in factors(QUERY, HIDDEN, HIDDEN).values())
    for name, found in weights_of(tmp_path / "out").items():
        tuned = sum_slowly(base[name], a, b, 3.0) if name == f"{QUERY}.weight" else base[name]
        expected = base[name] + 0.5 * (tuned - base[name]) + 0.5 * (slow[name] - base[name])
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5, msg=name)


def test_a_merge_with_an_adapter_repeats_whatever_the_threads(tmp_path: Path) -> None:
    family, adapter = write_family(tmp_path, dtype=torch.bfloat16), small_adapter(tmp_path / "adapter")
    for out, threads in (("a", 1), ("b", 3)):
        asked = recipe("base+tuned", "slow", method="dare_ties", parameters={"density": 0.5}, dtype="bfloat16")
        merge_checkpoints(asked, {**family, "tuned": adapter}, tmp_path / out, threads=threads, record_costs=False)
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()


def test_a_merge_never_overwrites_an_adapter(tmp_path: Path) -> None:
    family, adapter = write_family(tmp_path), small_adapter(tmp_path / "adapter")
    with pytest.raises(CheckpointError, match=r"the model 'base\+tuned' lies at .*adapter; choose another place"):
        merge_checkpoints(recipe("base+tuned"), {**family, "tuned": adapter}, adapter, force=True)
    assert sorted(file.name for file in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]


def test_every_model_that_cannot_be_had_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    family = write_family(tmp_path)
    (family["slow"] / "model.safetensors").unlink()
    asked = recipe("acme/quick@v1", "slow", "base+nowhere/x/y")
    findings = [finding.sentence for finding in plan_merge(asked, family).findings if finding.fatal]
    assert len(findings) == 3
    with pytest.raises(CheckpointError) as caught:
        merge_checkpoints(asked, family, tmp_path / "out")
    for part in ("download it first: hf download acme/quick --revision v1", "slow: no model.safetensors",
                 "nowhere/x/y: no adapter_config.json"):  # fmt: skip
        assert part in str(caught.value) and any(part in finding for finding in findings)
    assert not (tmp_path / "out").exists()


def test_formats_may_differ_between_models_and_within_one(tmp_path: Path) -> None:
    base = random_weights(0)
    mixed = {name: t.half() if "mlp" in name else t.bfloat16() for name, t in random_weights(1, base).items()}
    folders = {"base": write_checkpoint(tmp_path / "base", base, dtype=torch.bfloat16)}
    folders["slow"] = write_checkpoint(tmp_path / "slow", random_weights(2, base))
    folders["quick"] = tmp_path / "quick"
    write_checkpoint(folders["quick"], {})
    from safetensors.torch import save_file

    save_file(mixed, folders["quick"] / "model.safetensors")
    assert plan_merge(recipe("quick", "slow"), folders).findings == ()
    merge_checkpoints(recipe("quick", "slow"), folders, tmp_path / "out")
    for name, found in weights_of(tmp_path / "out").items():
        theta = base[name].bfloat16().double()
        others = [mixed[name].double(), random_weights(2, base)[name].double()]
        expected = (theta + sum(0.5 * (other - theta) for other in others)).float()
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6, msg=name)


def test_a_donors_formats_are_kept_tensor_by_tensor(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    family = write_family(tmp_path)
    stored = {name: t.half() if "mlp" in name else t.bfloat16() for name, t in weights_of(family["slow"]).items()}
    save_file(stored, family["slow"] / "model.safetensors")
    merge_checkpoints(recipe("quick", "slow", dtype=None), family, tmp_path / "out")
    found = weights_of(tmp_path / "out")
    assert {name: tensor.dtype for name, tensor in found.items()} == {n: t.dtype for n, t in stored.items()}


def test_the_reasoning_models_side_files_come_along_with_every_end_token(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    for name, folder in family.items():
        config = json.loads((folder / "config.json").read_text())
        slow = name == "slow"
        config |= {"max_position_embeddings": 131072 if slow else 4096, "eos_token_id": [7, 9] if slow else 3}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "chat_template.jinja").write_text("{{ '<think>' }}" if slow else "{{ messages }}")
        (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": config["eos_token_id"]}))
    manifest = merge_checkpoints(recipe("slow", "quick"), family, tmp_path / "out")
    assert manifest.donor.model == "slow" and "knows <think>" in manifest.donor.reason
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["max_position_embeddings"] == 131072 and config["eos_token_id"] == [7, 9]
    assert json.loads((tmp_path / "out" / "generation_config.json").read_text())["eos_token_id"] == [7, 9]
    assert any("max_position_embeddings is 4096 in base, 131072 in slow" in note for note in manifest.notes)
    assert any("eos_token_id is 3 in base, [7, 9] in slow" in note for note in manifest.notes)


@pytest.mark.parametrize(
    ("weights", "normalize", "sentence"),
    [
        ((0.1, 1.0), None, "weights sum to 1.1, and with normalize: true they are divided by it"),
        ((0.1, 1.0), False, "weights sum to 1.1, and with normalize: false they are not divided by it"),
        ((0.5, 0.5), None, None),
    ],
)
def test_what_becomes_of_weights_that_do_not_sum_to_one_is_said_and_done(
    weights: tuple[float, float], normalize: bool | None, sentence: str | None, tmp_path: Path
) -> None:
    family = write_family(tmp_path)
    entries = [{"model": n, "parameters": {"weight": w}} for n, w in zip(("quick", "slow"), weights, strict=True)]
    parameters = {} if normalize is None else {"normalize": normalize}
    found = {"merge_method": "linear", "models": entries, "parameters": parameters, "dtype": "float32"}
    asked = MergeRecipe.parse(found, "r")
    assert [finding.sentence for finding in plan_merge(asked, family).findings] == ([sentence] if sentence else [])
    merge_checkpoints(asked, family, tmp_path / "out")
    total = 1.0 if normalize is False else sum(weights)
    quick, slow = weights_of(family["quick"]), weights_of(family["slow"])
    for name, merged in weights_of(tmp_path / "out").items():
        expected = (weights[0] * quick[name].double() + weights[1] * slow[name].double()) / total
        torch.testing.assert_close(merged, expected.float(), rtol=1e-5, atol=1e-6)


def test_too_little_memory_is_seen_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = write_family(tmp_path)
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}[name])
    (finding,) = plan_merge(recipe("slow"), family).findings
    assert finding.fatal and finding.forcible and "this machine has 4,096,000; use a larger machine" in finding.sentence
