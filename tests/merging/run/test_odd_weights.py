"""Weights of odd shapes through whole merges: none, one number, integers; and how files are opened for them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.reader import CheckpointReader
from l2s.core.errors import CheckpointError
from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.methods import METHODS
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.piecewise import middles
from tests.tiny import random_weights, write_checkpoint


def odd_family(tmp_path: Path, dtype: torch.dtype) -> dict[str, Path]:
    base = random_weights(0)
    models = {"base": base, "quick": random_weights(1, base), "slow": random_weights(2, base)}
    for number, weights in enumerate(models.values()):
        weights["model.scale"] = torch.tensor(1.0 + number)
        weights["model.void"] = torch.empty(0)
        weights["model.hollow"] = torch.empty(0, 3)
        weights["model.steps"] = torch.tensor([1, 2, 3])
        weights["model.nobody"] = torch.empty(0, dtype=torch.int64)
    return {name: write_checkpoint(tmp_path / name, weights, dtype=dtype) for name, weights in models.items()}


@pytest.mark.parametrize(
    ("dtype", "out"), [(torch.bfloat16, "bfloat16"), (torch.float16, "float32"), (torch.float32, "bfloat16")]
)
@pytest.mark.parametrize("method", ["linear", "task_arithmetic", "ties", "dare_ties", "twin", "lore"])
def test_nothing_one_number_and_integers(dtype: torch.dtype, out: str, method: str, tmp_path: Path) -> None:
    folders = odd_family(tmp_path, dtype)
    asked: dict[str, Any] = {"merge_method": method, "models": [{"model": m} for m in ("quick", "slow")], "dtype": out}
    if method not in ("linear", "lore"):
        asked["base_model"] = "base"
    merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, tmp_path / "out")
    with CheckpointReader(Checkpoint(tmp_path / "out")) as reader:
        assert reader.read("model.void").shape == (0,) and reader.read("model.hollow").shape == (0, 3)
        assert reader.read("model.nobody").numel() == 0 and reader.read("model.steps").tolist() == [1, 2, 3]
        if method == "linear":
            assert reader.read("model.scale").item() == 2.5
        assert reader.read("model.scale").shape == ()


SETTINGS: dict[str, dict[str, Any]] = {
    "sce": {"select_topk": 0.5}, "breadcrumbs": {"density": 0.5}, "breadcrumbs_ties": {"density": 0.5},
    "ties": {"density": 0.5}, "slerp": {"t": 0.3}, "nuslerp": {"weight": 0.4}, "nearswap": {"t": 0.1},
}  # fmt: skip
DRAWN = {"dare_linear", "dare_ties", "della", "della_linear"}
"""Masks are drawn from the weights' digest, in which shapes count."""


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"aim", "sens", "passthrough"}))
def test_a_scalar_is_one_entry(name: str, tmp_path: Path) -> None:
    method, found = METHODS[name], list[float]()
    listed = ("quick", "slow")[-method.counts[1] :] if method.counts[1] else ("quick", "slow")
    for shape in ((), (1,)):
        base, place = random_weights(0), tmp_path / str(len(shape))
        models = {"base": base, "quick": random_weights(1, base), "slow": random_weights(2, base)}
        for number, weights in enumerate(models.values()):
            weights["model.layers.0.logit_scale"] = torch.full(shape, 1.5 + 0.1 * number)
        folders = {model: write_checkpoint(place / model, weights) for model, weights in models.items()}
        asked: dict[str, Any] = {
            "merge_method": name,
            "models": [{"model": model, "parameters": middles(method.model_params)} for model in listed],
        }
        asked |= {"base_model": "base"} if method.needs_base else {}
        asked["parameters"] = middles(method.params) | SETTINGS.get(name, {})
        merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, place / "out")
        with CheckpointReader(Checkpoint(place / "out")) as reader:
            merged = reader.read("model.layers.0.logit_scale")
            assert merged.shape == shape
            found.append(merged.item())
    assert all(1.4 < value < 2 for value in found)
    assert name in DRAWN or found[0] == found[1]


def test_readers_of_a_file_share_one_mapping_and_give_it_back(tmp_path: Path) -> None:
    folder = odd_family(tmp_path, torch.bfloat16)["base"]

    def open_files() -> int:
        return sum(str(folder) in os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd"))

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc here")
    name = "model.embed_tokens.weight"
    with CheckpointReader(Checkpoint(folder)) as reader, CheckpointReader(Checkpoint(folder)) as other:
        whole = reader.array(name)
        assert np.array_equal(whole, other.array(name)) and open_files() == 1
    with pytest.raises(AssertionError, match="after its reader was closed"):
        reader.array(name)
    assert open_files() == 1  # an array is still used
    del whole, reader, other
    assert open_files() == 0


def test_a_file_that_took_anothers_place_is_read_anew(tmp_path: Path) -> None:
    folders = odd_family(tmp_path, torch.bfloat16)
    name, file = "model.embed_tokens.weight", "model.safetensors"
    with CheckpointReader(Checkpoint(folders["base"])) as before:
        old = before.array(name)
        (folders["quick"] / file).replace(folders["base"] / file)
        with CheckpointReader(Checkpoint(folders["base"])) as after:
            assert (after.array(name) != old).any()


def cut(file: Path) -> None:
    os.truncate(file, 4096)


def exchange(file: Path) -> None:
    copy = file.with_name("copy")
    copy.write_bytes(file.read_bytes())
    copy.replace(file)


@pytest.mark.parametrize(
    ("change", "said"), [(cut, "(changed|ended) while .* was read"), (exchange, "changed while it")]
)
def test_an_input_that_changes_while_it_is_merged_is_said(
    change: Callable[[Path], None], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders, run = odd_family(tmp_path, torch.bfloat16), FusedKernel.run

    def changing(*given: Any) -> Any:
        found = run(*given)
        change(folders["quick"] / "model.safetensors")
        return found

    asked = {"merge_method": "linear", "models": [{"model": "base"}, {"model": "quick"}], "dtype": "bfloat16"}
    monkeypatch.setattr("l2s.merging.run.tensors.TILE", 64)
    monkeypatch.setattr(FusedKernel, "run", changing)
    with pytest.raises(CheckpointError, match=rf"quick/model.safetensors: {said}"):
        merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, tmp_path / "out", threads=1)
    assert not (tmp_path / "out").exists()


def test_models_too_far_apart_are_one_sentence(tmp_path: Path) -> None:
    folders = odd_family(tmp_path, torch.bfloat16)
    far = {name: weight * 1e25 for name, weight in random_weights(3).items()}
    folders["far"] = write_checkpoint(tmp_path / "far", far, dtype=torch.bfloat16)
    folders["near"] = write_checkpoint(tmp_path / "near", random_weights(0), dtype=torch.bfloat16)
    asked = {"merge_method": "task_arithmetic", "base_model": "near", "models": [{"model": "far"}], "dtype": "bfloat16"}
    with pytest.raises(CheckpointError, match="too far apart to be measured"):
        merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, tmp_path / "out", force=True)
    assert not (tmp_path / "out").exists()


def test_descriptors_are_open_only_while_a_tensor_is_merged_or_looked_at(tmp_path: Path) -> None:
    """Of models of more shards than a process may have files open; in a process of its own."""
    script = """
import resource, sys
import numpy as np
from pathlib import Path
from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.soundness import scan_for_nan
from l2s.merging.kernels import kernels
from l2s.merging.run.merge import merge_checkpoints
from l2s.merging.recipe import MergeRecipe
kernels.widen(np.ones(1, np.uint16), np.ones(1, np.float32))
resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
asked = {"merge_method": "linear", "models": [{"model": sys.argv[1]}], "dtype": "bfloat16"}
assert not scan_for_nan({"model": Checkpoint(Path(sys.argv[1]))})
merge_checkpoints(MergeRecipe.parse(asked, "recipe"), {}, Path(sys.argv[2]))
"""
    weights = random_weights(0) | {f"model.more.{number}.weight": torch.ones(8) for number in range(60)}
    folder = write_checkpoint(tmp_path / "model", weights, shards=64, dtype=torch.bfloat16)
    assert len(list(folder.glob("*.safetensors"))) > 48
    done = subprocess.run([sys.executable, "-c", script, str(folder), str(tmp_path / "out")], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
