"""Whole merges of tiny checkpoints: bytes, kills, damage, donors."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from l2s.checkpoints import Checkpoint, is_complete
from l2s.core.errors import CheckpointError, ConfigError
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.manifest import MergeManifest, public_names
from l2s.merging.run.merge import merge_checkpoints
from tests.tiny import random_weights, write_checkpoint, write_family

METHODS = ["linear", "task_arithmetic", "ties", "dare_linear", "dare_ties"]
SLOW = {"model": "slow", "parameters": {"weight": 0.6}}
QUICK = {"model": "quick", "parameters": {"weight": 0.4}}


def recipe(method: str = "ties", **changes: Any) -> MergeRecipe:
    base = None if method == "linear" else "base"
    parameters = {"density": 0.5} if method.startswith(("ties", "dare")) else {}
    found = {"merge_method": method, "base_model": base, "models": [QUICK, SLOW], "parameters": parameters}
    return MergeRecipe.parse({**found, "dtype": "bfloat16", **changes}, "r")


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def merged_bytes(recipe: MergeRecipe, family: dict[str, Path], out: Path, **options: Any) -> dict[str, bytes]:
    merge_checkpoints(recipe, family, out, record_costs=False, **options)
    return folder_bytes(out)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return {name: t for file in folder.glob("*.safetensors") for name, t in load_file(file).items()}


@pytest.mark.parametrize("method", ["ties", "dare_linear"])
def test_no_thread_shard_place_or_second_run_changes_a_byte(method: str, tmp_path: Path) -> None:
    whole, cut = write_family(tmp_path / "whole"), write_family(tmp_path / "cut", shards=3)
    first = merged_bytes(recipe(method), whole, tmp_path / "a", threads=1)
    assert merged_bytes(recipe(method), whole, tmp_path / "b", threads=2) == first
    assert merged_bytes(recipe(method), whole, tmp_path / "deep" / "er" / "c", threads=5) == first
    assert merged_bytes(recipe(method), cut, tmp_path / "d") == first
    assert merged_bytes(recipe(method), cut, tmp_path / "d") == first
    several = merged_bytes(recipe(method), cut, tmp_path / "e", max_shard_size=600)
    assert len(several) > len(first) + 3
    one, many = weights_of(tmp_path / "a"), weights_of(tmp_path / "e")
    assert one.keys() == many.keys() and all(torch.equal(one[name], many[name]) for name in one)
    assert Checkpoint(tmp_path / "a").digest == Checkpoint(tmp_path / "e").digest


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_models_changes_no_byte_of_the_weights(method: str, tmp_path: Path) -> None:
    family = write_family(tmp_path)
    family["third"] = write_checkpoint(tmp_path / "third", random_weights(3, random_weights(0)))
    models = [QUICK, SLOW, {"model": "third", "parameters": {"weight": 0.3}}]
    for number, order in enumerate(([0, 1, 2], [2, 0, 1], [1, 2, 0])):
        asked = recipe(method, models=[models[k] for k in order], dtype="float32")
        merge_checkpoints(asked, family, tmp_path / f"out{number}")
    written = [(tmp_path / f"out{number}" / "model.safetensors").read_bytes() for number in range(3)]
    assert written[0] == written[1] == written[2]


def test_arithmetic_is_float32_rounded_once(tmp_path: Path) -> None:
    family = write_family(tmp_path, dtype=torch.bfloat16)
    merge_checkpoints(recipe("task_arithmetic"), family, tmp_path / "out")
    base, quick, slow, out = (weights_of(f) for f in (*family.values(), tmp_path / "out"))
    same = total = 0
    for name, found in out.items():
        exact = base[name].double() + 0.4 * (quick[name].double() - base[name].double())
        exact += 0.6 * (slow[name].double() - base[name].double())
        same, total = same + int((found == exact.bfloat16()).sum()), total + found.numel()
    assert same >= 0.999 * total  # arithmetic in bfloat16 gets some 2 % wrong


@pytest.mark.parametrize("method", ["dare_linear", "dare_ties"])
def test_two_seeds_differ_one_repeats_and_it_is_recorded(method: str, tmp_path: Path) -> None:
    family = write_family(tmp_path)
    for out, seed in (("a", 0), ("b", 0), ("c", 1)):
        merge_checkpoints(recipe(method), family, tmp_path / out, seed=seed)
    seeded = merge_checkpoints(recipe(method, random_seed=1), family, tmp_path / "d")
    weights = [(tmp_path / out / "model.safetensors").read_bytes() for out in "abcd"]
    assert weights[0] == weights[1] != weights[2] == weights[3]
    assert seeded.seed == MergeManifest.read(tmp_path / "c").seed == 1
    with pytest.raises(ConfigError, match="random_seed is 1, but seed 2"):
        merge_checkpoints(recipe(method, random_seed=1), family, tmp_path / "e", seed=2)


def test_masks_do_not_depend_on_the_tokenizer_or_the_models_names(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    asked = recipe("dare_linear")
    first = merged_bytes(asked, family, tmp_path / "a")["model.safetensors"]
    (family["slow"] / "chat_template.jinja").write_text("{{ other }}")
    assert merged_bytes(asked, family, tmp_path / "b")["model.safetensors"] == first
    renamed = recipe("dare_linear", models=[QUICK, {**SLOW, "model": str(family["slow"])}])
    assert merged_bytes(renamed, family, tmp_path / "c")["model.safetensors"] == first


def test_the_manifest_says_what_happened(tmp_path: Path) -> None:
    family = write_family(tmp_path, dtype=torch.bfloat16)
    asked = recipe("ties", models=[{"model": "slow", "parameters": {"weight": 1}}], dtype="float32")
    returned = merge_checkpoints(asked, family, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "l2s_manifest.json").read_text())
    assert MergeManifest.read(tmp_path / "out") == returned
    assert {name: found["digest"] for name, found in manifest["inputs"].items()} == {
        name: Checkpoint(family[name]).digest for name in ("base", "slow")
    }
    assert manifest["output"]["weights"] == Checkpoint(tmp_path / "out").weights_digest
    assert manifest["seconds"] > 0 and manifest["peak_memory_bytes"] > 10**7
    assert manifest["recipe"]["parameters"] | {"density": 0.5} == manifest["recipe"]["parameters"]
    base, slow, merged = (weights_of(f) for f in (family["base"], family["slow"], tmp_path / "out"))
    assert manifest["tensors"].keys() == merged.keys()
    for name, found in manifest["tensors"].items():
        delta, moved = slow[name].float() - base[name].float(), merged[name] - base[name].float()
        assert found["models"]["slow"]["delta_norm"] == pytest.approx(delta.norm().item(), rel=1e-5)
        assert found["delta_norm"] == pytest.approx(moved.norm().item(), rel=1e-5)
        assert found["kept_share"] == pytest.approx((moved != 0).float().mean().item())
        assert 0.5 <= found["kept_share"] < 0.75 and found["sign_conflict_share"] == 0 == found["unchanged_share"]
        assert found["shape"] == list(merged[name].shape) and found["dtype"] == "F32"


def test_the_manifest_counts_what_rounding_undid_and_who_disagreed(tmp_path: Path) -> None:
    base = {"w": torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0])}
    quick = {"w": base["w"] + torch.tensor([1e-4, 1e-4, 0.5, 0.0, -0.5])}
    slow = {"w": base["w"] + torch.tensor([1e-4, -2e-4, 0.5, 0.0, -0.5])}
    models = {"base": base, "quick": quick, "slow": slow}
    family = {name: write_checkpoint(tmp_path / name, weights) for name, weights in models.items()}
    found = merge_checkpoints(recipe("task_arithmetic"), family, tmp_path / "out").tensors["w"]
    assert (found.unchanged_share, found.sign_conflict_share, found.kept_share) == (0.4, 0.2, 0.8)


def test_without_costs_the_manifest_repeats_and_nothing_in_it_says_where_it_lay(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    names = {name: str(folder) for name, folder in family.items()}
    absolute = recipe(
        base_model=names["base"], models=[{**QUICK, "model": names["quick"]}, {**SLOW, "model": names["slow"]}]
    )
    by_path = merge_checkpoints(absolute, None, tmp_path / "a", record_costs=False)
    by_name = merge_checkpoints(recipe(), family, tmp_path / "b", record_costs=False)
    assert folder_bytes(tmp_path / "a") == folder_bytes(tmp_path / "b") and by_path == by_name
    assert not any(str(tmp_path).encode() in content for content in folder_bytes(tmp_path / "a").values())
    assert "seconds" not in json.loads((tmp_path / "a" / "l2s_manifest.json").read_text())


def test_names_that_travel_stay_apart() -> None:
    assert public_names(["/a/x/m", "/b/y/m", "org/m"]) == {"/a/x/m": "x/m", "/b/y/m": "y/m", "org/m": "org/m"}
    assert public_names(["/a/x", "/a/y"]) == {"/a/x": "x", "/a/y": "y"}
    assert public_names(["/x/base", "/x/base/", "m"]) == {"/x/base": "x/base", "/x/base/": "x/base (2)", "m": "m"}
    assert public_names(["/x/base", "/x/base"]) == {"/x/base": "base"}


def test_the_card_has_front_matter_and_recipe(tmp_path: Path) -> None:
    merge_checkpoints(recipe(), write_family(tmp_path), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    front = "---\nbase_model:\n- base\n- quick\n- slow\nlibrary_name: transformers\ntags:\n- merge\n- l2s\n---\n"
    assert card.startswith(front) and "```yaml\nmerge_method: ties\n" in card


def test_tied_models_stay_tied_without_a_second_copy(tmp_path: Path) -> None:
    merge_checkpoints(recipe(), write_family(tmp_path), tmp_path / "out")
    assert "lm_head.weight" not in weights_of(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["tie_word_embeddings"] is True


@pytest.mark.parametrize(
    ("options", "thinking", "expected"),
    [
        ({}, [], ("slow", "the last model listed")),
        ({}, ["quick"], ("quick", "the only model whose tokenizer or chat template knows <think>")),
        ({}, ["base"], ("base", "the only model")),
        ({}, ["quick", "base"], ("slow", "the last model listed")),
        ({"tokenizer_source": "base"}, ["slow"], ("base", "tokenizer_source names it")),
    ],
)
def test_the_donor(options: dict[str, str], thinking: list[str], expected: tuple[str, str], tmp_path: Path) -> None:
    family = write_family(tmp_path)
    for name, folder in family.items():
        (folder / "chat_template.jinja").write_text(f"{name} {{{{ '<think>' }}}}" if name in thinking else name)
        (folder / "generation_config.json").write_text(json.dumps({"from": name}))
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": len(name)}))
    manifest = merge_checkpoints(recipe(**options), family, tmp_path / "out")
    name, reason = expected
    assert manifest.donor.model == name and manifest.donor.reason.startswith(reason)
    assert (tmp_path / "out" / "chat_template.jinja").read_text().startswith(name)
    assert json.loads((tmp_path / "out" / "generation_config.json").read_text()) == {"from": name}
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["dtype"] == "bfloat16" and config["max_position_embeddings"] == len(name)
    assert "chat_template.jinja" in manifest.donor.files


def test_a_chat_template_of_the_recipe_replaces_the_donors(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    for folder in family.values():
        (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "old", "eos_token": "t1"}))
    merge_checkpoints(recipe(chat_template="{{ messages }}"), family, tmp_path / "out")
    assert (tmp_path / "out" / "chat_template.jinja").read_text() == "{{ messages }}"
    assert json.loads((tmp_path / "out" / "tokenizer_config.json").read_text()) == {"eos_token": "t1"}


def test_out_dtype_goes_before_dtype_and_integers_are_copied(tmp_path: Path) -> None:
    family = {}
    for name, weights in (("base", random_weights(0)), ("slow", random_weights(1, random_weights(0)))):
        family[name] = write_checkpoint(tmp_path / name, {**weights, "model.steps": torch.tensor([3, 2**40])})
    asked = recipe(models=[SLOW], out_dtype="float16", dtype="float32")
    merge_checkpoints(asked, family, tmp_path / "out")
    merged = weights_of(tmp_path / "out")
    assert merged["model.norm.weight"].dtype == torch.float16 and merged["model.steps"].tolist() == [3, 2**40]
    save_file({**weights_of(family["slow"]), "model.steps": torch.tensor([3, 4])}, family["slow"] / "model.safetensors")
    noted = merge_checkpoints(asked, family, tmp_path / "other").notes
    assert "model.steps: integers that differ between the models; those of slow are taken" in noted
    assert weights_of(tmp_path / "other")["model.steps"].tolist() == [3, 4]


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def put(place: int, value: float) -> Callable[[Path], None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.norm.weight"][place] = value

    return lambda folder: rewrite(folder, change)


def truncate(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (shutil.rmtree, "slow: no such model folder"),
        (truncate, "model.safetensors: cut short"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "a pickle, .* convert it"),
        (lambda folder: (folder / "config.json").unlink(), "slow: no config.json"),
        (put(3, float("nan")), "slow: model.norm.weight holds 1 NaN or infinite entries"),
        (put(3, float("-inf")), "slow: model.norm.weight holds 1 NaN or infinite entries"),
        (lambda folder: rewrite(folder, lambda tensors: tensors.update({"model.norm.weight": torch.zeros(9)})),
         r"model.norm.weight: shape \[8\] in base, \[9\] in slow"),
        (lambda folder: rewrite(folder, lambda tensors: tensors.pop("model.norm.weight")), "slow lacks model.norm"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "tokenizer.json: cannot be read as JSON"),
    ],
)  # fmt: skip
def test_damage_is_one_sentence_and_nothing_is_written(damage: Any, sentence: str, tmp_path: Path) -> None:
    family = write_family(tmp_path)
    damage(family["slow"])
    with pytest.raises(CheckpointError, match=sentence):
        merge_checkpoints(recipe(), family, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))


def test_all_damaged_models_are_named_at_once(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    truncate(family["quick"])
    (family["slow"] / "config.json").unlink()
    with pytest.raises(CheckpointError) as caught:
        merge_checkpoints(recipe(), {**family, "base": tmp_path / "nowhere"}, tmp_path / "out")
    parts = ("nowhere: no such model folder", "cut short", "no config.json")
    assert all(str(caught.value).count(part) == 1 for part in parts)


def test_an_overflow_of_float16_is_one_sentence(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    put(0, 1e5)(family["slow"])
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight: 1 entries of the merge are too large for float16"):
        merge_checkpoints(recipe(dtype="float16", models=[SLOW]), family, tmp_path / "out")


def test_a_failed_merge_leaves_the_last_one_alone(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    before = merged_bytes(recipe(), family, tmp_path / "out")
    put(3, float("nan"))(family["slow"])
    with pytest.raises(CheckpointError):
        merge_checkpoints(recipe("task_arithmetic"), family, tmp_path / "out", force=True)
    assert folder_bytes(tmp_path / "out") == before


def test_a_wrong_ancestor_must_be_forced(tmp_path: Path) -> None:
    family = write_family(tmp_path) | {"slow": write_checkpoint(tmp_path / "stranger", random_weights(9))}
    with pytest.raises(CheckpointError, match=r"slow is no fine-tune of base: their weights differ by 1\.\d\d"):
        merge_checkpoints(recipe(), family, tmp_path / "out")
    manifest = merge_checkpoints(recipe(), family, tmp_path / "out", force=True)
    assert any("slow is no fine-tune of base" in note for note in manifest.notes)
    assert (
        plan_merge(recipe("linear", models=[{"model": "quick"}, {"model": "slow"}]), family).findings[0].fatal is False
    )


def test_force_does_not_merge_what_does_not_fit(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    rewrite(family["slow"], lambda tensors: tensors.update({"model.norm.weight": torch.zeros(9)}))
    with pytest.raises(CheckpointError, match="shapes must agree"):
        merge_checkpoints(recipe(), family, tmp_path / "out", force=True)
    assert not (tmp_path / "out").exists()


def test_no_room_on_the_disk_is_seen_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = write_family(tmp_path)
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    size = 2 * sum(tensor.numel() for tensor in random_weights(0).values())
    with pytest.raises(CheckpointError, match=f"the merge takes {size:,} bytes, the disk has 100 free"):
        merge_checkpoints(recipe(), family, tmp_path / "out")


def test_a_folder_of_somebody_else_is_not_replaced_unless_forced(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    (tmp_path / "out").mkdir()
    merge_checkpoints(recipe(), family, tmp_path / "out")  # empty
    merge_checkpoints(recipe("task_arithmetic"), family, tmp_path / "out")  # a merge of ours
    assert MergeManifest.read(tmp_path / "out").recipe["merge_method"] == "task_arithmetic"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    with pytest.raises(CheckpointError, match="thesis: holds files that are no merge of ours"):
        merge_checkpoints(recipe(), family, tmp_path / "thesis")
    (tmp_path / "thesis" / "l2s_manifest.json").write_text('{"settings": {"method": "sft"}}')  # as a training's
    with pytest.raises(CheckpointError, match="thesis: holds files that are no merge of ours"):
        merge_checkpoints(recipe(), family, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "thesis.tex").read_text() == "years of work"
    merge_checkpoints(recipe(), family, tmp_path / "thesis", force=True)
    assert is_complete(tmp_path / "thesis")


@pytest.mark.parametrize("place", ["slow", "slow/inside", "."])
def test_a_model_is_never_replaced_by_its_merge(place: str, tmp_path: Path) -> None:
    family = write_family(tmp_path)
    before = {name: folder_bytes(folder) for name, folder in family.items()}
    with pytest.raises(CheckpointError, match="choose another place for the merge"):
        merge_checkpoints(recipe(), family, tmp_path / place, force=True)
    assert {name: folder_bytes(folder) for name, folder in family.items()} == before


def test_torchs_threads_are_as_before(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        merge_checkpoints(recipe(), write_family(tmp_path), tmp_path / "out", threads=2)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_check_says_that_the_weight_of_one_model_cancels(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    (finding,) = plan_merge(recipe("ties", models=[SLOW]), family).findings
    assert "the weight 0.6 cancels; use lambda" in finding.sentence and not finding.fatal
    assert plan_merge(recipe("ties"), family).findings == ()


def test_a_damaged_manifest_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no l2s_manifest\.json"):
        MergeManifest.read(tmp_path)
    (tmp_path / "l2s_manifest.json").write_text('{"seed": 0')
    with pytest.raises(CheckpointError, match="damaged"):
        MergeManifest.read(tmp_path)


def test_progress_counts_bytes(tmp_path: Path) -> None:
    seen: list[tuple[float | None, float]] = []

    def track(items: Any, label: str, total: float | None = None, weight: Any = None) -> Any:
        for item in items:
            seen.append((total, weight(item)))
            yield item

    merge_checkpoints(recipe(), write_family(tmp_path), tmp_path / "out", track=track)
    assert seen[0][0] == sum(size for _, size in seen) == 2 * sum(t.numel() for t in random_weights(0).values())


def test_the_result_loads_in_transformers(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    merge_checkpoints(recipe(), write_family(tmp_path), tmp_path / "out")
    model, problems = AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert model.dtype == torch.bfloat16 and not problems["missing_keys"] and not problems["unexpected_keys"]
    assert torch.equal(model.lm_head.weight, weights_of(tmp_path / "out")["model.embed_tokens.weight"])
