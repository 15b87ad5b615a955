"""The one plan of a merge: made once, executed as it is, and refused for whatever a method would stumble over."""

from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.checkpoints.statistics import Statistics, layer_group
from l2s.core.errors import CheckpointError
from l2s.merging.plan import preflight
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run import merge as merge_module
from l2s.merging.run.merge import merge_checkpoints
from tests.tiny import shapes, write_family


def parsed(method: str, parameters: dict[str, Any], *models: Any) -> MergeRecipe:
    listed = [{"model": name, "parameters": own} for name, own in models or (("quick", {}), ("slow", {}))]
    return MergeRecipe.parse(
        {"merge_method": method, "base_model": "base", "models": listed, "parameters": parameters}, "r"
    )


def test_a_merge_opens_and_plans_its_models_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family, calls = write_family(tmp_path), list[str]()

    def counted(function: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            calls.append(function.__name__)
            return function(*given, **named)

        return call

    for name in ("open_checkpoint", "plan_tensors", "merged_vocabulary", "choose_donor"):
        monkeypatch.setattr(preflight, name, counted(getattr(preflight, name)))
    merge_checkpoints(parsed("ties", {"density": 0.5}), family, tmp_path / "out")
    assert sorted(calls) == ["choose_donor", "merged_vocabulary", *["open_checkpoint"] * 3, "plan_tensors"]


def test_the_plan_that_was_looked_at_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family, made = write_family(tmp_path), list[Any]()

    def kept(*given: Any) -> Any:
        made.append(preflight.plan_merge(*given))
        return made[-1]

    monkeypatch.setattr(merge_module, "plan_merge", kept)
    manifest = merge_checkpoints(parsed("task_arithmetic", {}), family, tmp_path / "out")
    (plan,) = made
    assert [one.name for one in plan.layout.tensors] == list(manifest.tensors)
    assert plan.layout.size == manifest.output.total_size and plan.memory(1) < plan.memory(2)
    assert tuple(finding.sentence for finding in plan.findings) == manifest.notes


def statistics(place: Path, kind: str, tensors: dict[str, torch.Tensor], about: dict[str, str]) -> str:
    file = place / f"{kind}-{len(list(place.iterdir()))}.safetensors"
    Statistics(kind, tensors, about).write(file)
    return str(file)


def sensitivities(place: Path, without: str = "", **about: str) -> str:
    found = {group: torch.tensor(1.0) for group in sorted({layer_group(name) for name in shapes()} - {without})}
    return statistics(place, "sensitivities", found, {"model": "quick"} | about)


def refusals(family: dict[str, Path], recipe: MergeRecipe, out: Path) -> list[str]:
    """What speaks against a merge, in the plan; the merge itself says the same, and leaves nothing."""
    found = [finding.sentence for finding in preflight.plan_merge(recipe, family).findings if finding.fatal]
    with pytest.raises(CheckpointError) as caught:
        merge_checkpoints(recipe, family, out)
    assert all(sentence in str(caught.value) for sentence in found) and not out.exists()
    return found


def test_sensitivities_that_lack_a_layer_are_refused_before_the_merge(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    whole, cut = sensitivities(tmp_path), sensitivities(tmp_path, without="model.norm")
    recipe = parsed("sens", {}, ("quick", {"statistics": whole}), ("slow", {"statistics": cut}))
    (sentence,) = refusals(family, recipe, tmp_path / "out")
    assert sentence == (
        "the sensitivities of quick lack model.norm; calibrate the model that the recipe names (in model.norm.weight)"
    )


def test_models_without_sensitivities_are_refused_once(tmp_path: Path) -> None:
    recipe = parsed("sens", {}, ("quick", {"statistics": sensitivities(tmp_path)}), ("slow", {}))
    (sentence,) = refusals(write_family(tmp_path), recipe, tmp_path / "out")
    assert sentence.startswith("sens: 1 of 2 models lack parameters.statistics") and "in every tensor" in sentence


def test_sensitivities_of_which_some_lack_the_others_distance(tmp_path: Path) -> None:
    file = sensitivities(tmp_path, weights="a")
    tensors = {group: torch.tensor(1.0) for group in sorted({layer_group(name) for name in shapes()})}
    other = statistics(tmp_path, "sensitivities", tensors | {"distance:a": torch.tensor(1.0)}, {"weights": "b"})
    recipe = parsed("sens", {}, ("quick", {"statistics": file}), ("slow", {"statistics": other}))
    (sentence,) = refusals(write_family(tmp_path), recipe, tmp_path / "out")
    assert "lack the distance of quick to the weights b" in sentence


@pytest.mark.parametrize("of", ["task_arithmetic", "ties"])
def test_activations_that_do_not_fit_or_are_missing(of: str, tmp_path: Path) -> None:
    family = write_family(tmp_path)
    (sentence,) = refusals(family, parsed("aim", {"of": of}), tmp_path / "out")
    assert "aim: parameters.statistics is required" in sentence
    file = statistics(tmp_path, "activations", {"model.layers.0.mlp.up_proj.weight": torch.ones(3)}, {})
    (sentence,) = refusals(family, parsed("aim", {"of": of, "statistics": file}), tmp_path / "out")
    assert "input channels, its activation statistics 3" in sentence
    assert "(in model.layers.0.mlp.up_proj.weight)" in sentence


@pytest.mark.parametrize(
    ("method", "parameters", "models", "sentence"),
    [
        ("twin", {"shared": "average"}, [("slow", {})], "average of one model is that model"),
        ("sce", {"select_topk": [0.2, 0.5]}, [("slow", {})], "one model alone has no variance"),
        ("della", {"density": [0.1, 0.5]}, [("slow", {}), ("quick", {})], "with epsilon 0.15 makes chances"),
        ("della_linear", {"density": 0.05}, [("slow", {}), ("quick", {})], "with epsilon 0.15 makes chances"),
    ],
)
def test_what_a_method_cannot_do_is_refused_before_the_merge(
    method: str, parameters: dict[str, Any], models: list[Any], sentence: str, tmp_path: Path
) -> None:
    assert sentence in refusals(write_family(tmp_path), parsed(method, parameters, *models), tmp_path / "out")[0]
