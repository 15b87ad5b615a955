"""Every method through files, pieces and rounding gives what its function gives of the weight at once."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.reader import CheckpointReader
from l2s.checkpoints.statistics import Statistics, layer_group
from l2s.merging.method import Weight
from l2s.merging.methods import METHODS, find_method
from l2s.merging.plan import pieces
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.piecewise import NOT_OF_PIECES, middles
from tests.tiny import shapes, write_family

NAMES = ("quick", "slow")
SPARSE = ("ties", "dare_linear", "dare_ties", "breadcrumbs", "breadcrumbs_ties", "della", "della_linear")
CASES = [(name, None) for name in METHODS] + [
    ("aim", of) for of, method in METHODS.items()
    if method.needs_base and method.pieces == "rows" and of not in ("aim", "sens")
]  # fmt: skip


def parts(file: Path) -> dict[str, Tensor]:
    with CheckpointReader(Checkpoint(file)) as reader:
        return {name: reader.read(name).clone() for name in reader.checkpoint.names()}


def statistics(place: Path, weights: dict[str, str]) -> dict[str, Path]:
    generator = torch.Generator().manual_seed(9)
    activity = {n: torch.rand(s[-1], generator=generator) for n, s in shapes().items() if n.endswith("weight")}
    Statistics("activations", activity, {"weights": weights["base"]}).write(place / "activity.safetensors")
    files = {"activity": place / "activity.safetensors"}
    for number, name in enumerate(NAMES):
        groups = sorted({layer_group(weight) for weight in shapes()})
        found = {group: torch.tensor(1.0 + number + place) for place, group in enumerate(groups)}
        files[name] = place / f"{name}.safetensors"
        Statistics("sensitivities", found, {"weights": weights[name]}).write(files[name])
    return files


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize(("name", "of"), CASES)
def test_a_merge_is_its_methods_function(
    name: str, of: str | None, dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 40)
    folders = write_family(tmp_path, dtype=dtype)
    weights = {model: Checkpoint(folder).weights_digest for model, folder in folders.items()}
    files = statistics(tmp_path, weights)
    method = find_method(name, of)
    if method.sha256_masks:
        weights = {model: Checkpoint(folder).digest_weights("sha256") for model, folder in folders.items()}
    names = NAMES[-method.counts[1] :] if method.counts[1] else NAMES
    parameters: dict[str, Any] = {"of": of} if of else {}
    parameters |= {"statistics": "activity"} if name == "aim" else {}
    each: dict[str, dict[str, Any]] = {model: {"weight": 0.7} for model in names}
    for model in names:
        each[model] |= {"density": 0.6} if (of or name) in SPARSE else {}
        each[model] |= {"statistics": model} if "sens" in (name, of) else {}
    known = set(method.takes())
    each = {model: {key: value for key, value in found.items() if key in known} for model, found in each.items()}
    parameters = middles(method.params) | parameters
    each = {model: middles(method.model_params) | found for model, found in each.items()}
    parameters |= {"t": 0.3} if {"slerp", "nearswap"} & {name, of} else {}
    asked: dict[str, Any] = {
        "merge_method": name, "dtype": str(dtype)[6:], "parameters": parameters,
        "models": [{"model": model, "parameters": each[model]} for model in names],
    }  # fmt: skip
    if method.needs_base:
        asked["base_model"] = "base"
    recipe = MergeRecipe.parse(asked, "recipe")
    merge_checkpoints(recipe, folders, tmp_path / "out", seed=3, statistics=files)
    stored, found = {model: parts(folder) for model, folder in folders.items()}, parts(tmp_path / "out")
    opened = {key: Statistics.read(file) for key, file in files.items()}
    order = sorted(names, key=lambda model: weights[model])
    params, _ = recipe.params_for("model.norm.weight", 0.0)
    models = [method.model_params.parse(each[model], "model") for model in order]
    changed = list[bool]()
    for weight, shape in shapes().items():
        theta = torch.stack([stored[model][weight].float() for model in order])
        base = stored["base"][weight].float() if method.needs_base else torch.zeros(shape)
        whole = Weight(
            weight, base, theta, 3, tuple(weights[model] for model in order), 0, tuple(shape), None,
            opened["activity"] if name == "aim" else None,
            tuple(opened[model] if "sens" in (name, of) else None for model in order),
        )  # fmt: skip
        expected = method.whole(whole, params, models).value
        error = (found[weight].float() - expected.to(dtype).float()).abs()
        step = 2.0**-7 if dtype == torch.bfloat16 else 1e-4
        same = bool((error <= step * expected.abs() + 1e-5).all())
        assert same, f"{weight}: {NOT_OF_PIECES.format(name)}"
        changed.append(not torch.equal(found[weight], stored["base"][weight]))
    assert any(changed) if "arcee_fusion" in (name, of) else all(changed)
