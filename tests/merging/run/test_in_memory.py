"""A merge in memory is the merged folder's to the bit, and has its digests."""

from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.reader import CheckpointReader
from l2s.core.errors import CheckpointError, ConfigError
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.in_memory import MemoryMerger
from l2s.merging.run.merge import merge_checkpoints
from tests.tiny import write_family

METHODS: dict[str, dict[str, Any]] = {
    "linear": {},
    "task_arithmetic": {"weight": 0.4},
    "ties": {"weight": 1.0, "density": 0.4},
    "dare_linear": {"weight": 0.5, "density": 0.5},
    "slerp": {"t": 0.3},
}


def recipe(method: str, weight: float | None = None, **more: Any) -> MergeRecipe:
    parameters = METHODS[method]
    shared = {key: value for key, value in parameters.items() if key == "t"}
    own = {key: value for key, value in parameters.items() if key != "t"}
    own |= {} if weight is None else {"weight": weight}
    base = {"base_model": "slow"} if method == "slerp" else {} if method == "linear" else {"base_model": "base"}
    models = [{"model": name, "parameters": own} for name in ("quick", "slow")]
    return MergeRecipe.parse({"merge_method": method, **base, "models": models, "parameters": shared, **more}, "r")


@pytest.mark.parametrize(("dtype", "tied"), [("bfloat16", True), ("float32", False), ("float16", True)])
@pytest.mark.parametrize("method", METHODS)
def test_tensors_and_digests_are_those_of_the_folder(method: str, dtype: str, tied: bool, tmp_path: Path) -> None:
    models = write_family(tmp_path, dtype=torch.bfloat16, tied=tied)
    wanted = recipe(method, dtype=dtype)
    written = merge_checkpoints(wanted, models, tmp_path / "out")
    with MemoryMerger(models, threads=2) as merger:
        found = merger.merge(wanted)
        found.folder(tmp_path / "again")
    folder, again = Checkpoint(tmp_path / "out"), Checkpoint(tmp_path / "again")
    assert found.weights_digest == written.output.weights == folder.weights_digest == again.weights_digest
    assert found.digest == folder.digest == again.digest and found.frame == folder.frame == again.frame
    with CheckpointReader(folder) as reader:
        assert list(found.weights) == folder.names()
        for name, tensor in found.weights.items():
            assert tensor.dtype == getattr(torch, dtype) and torch.equal(tensor, reader.read(name)), name


def test_other_numbers_make_other_weights_in_the_same_frame(tmp_path: Path) -> None:
    """The second and third recipe of a form are not looked through again, and are right all the same."""
    models = write_family(tmp_path, dtype=torch.bfloat16)
    with MemoryMerger(models) as merger:
        found = {weight: merger.merge(recipe("task_arithmetic", weight)) for weight in (0.2, 0.4, 0.7)}
        other = merger.merge(recipe("task_arithmetic", 0.4, dtype="float32"))
    for weight, merged in found.items():
        out = tmp_path / str(weight)
        merge_checkpoints(recipe("task_arithmetic", weight), models, out)
        assert merged.digest == Checkpoint(out).digest
    assert len({merged.digest for merged in found.values()}) == 3
    assert {merged.frame for merged in found.values()} == {found[0.2].frame} != {other.frame}


def test_numbers_that_make_no_model_are_refused_the_second_time_too(tmp_path: Path) -> None:
    models = write_family(tmp_path, dtype=torch.bfloat16)
    with MemoryMerger(models) as merger:
        assert merger.merge(recipe("linear", 0.5)).weights
        with pytest.raises(CheckpointError, match="the weights sum to 0"):
            merger.merge(recipe("linear", 0.0))
        assert merger.merge(recipe("linear", 0.5)).weights
    with MemoryMerger(models) as merger:
        with pytest.raises(CheckpointError, match="the weights sum to 0"):
            merger.merge(recipe("linear", 0.0))
        assert merger.merge(recipe("linear", 0.5)).weights, "what is refused is not remembered"
        with pytest.raises(ConfigError, match="density"):
            merger.merge(recipe("ties", density="half"))  # type: ignore[arg-type]


def test_threads_change_no_byte(tmp_path: Path) -> None:
    models = write_family(tmp_path, tied=False)
    digests = set()
    for threads in (1, 3):
        with MemoryMerger(models, threads=threads) as merger:
            digests.add(merger.merge(recipe("ties")).digest)
    assert len(digests) == 1


def test_a_merge_that_adds_tokens_has_its_folders_digest(tmp_path: Path) -> None:
    """A union of vocabularies is merged in memory as well; its frame is its own."""
    models = write_family(tmp_path)
    wanted = recipe("task_arithmetic", tokenizer={"source": "union", "tokens": {"<new>": {"source": {"kind": "zero"}}}})
    plain = recipe("task_arithmetic")
    merge_checkpoints(wanted, models, tmp_path / "out")
    with MemoryMerger(models) as merger:
        found = merger.merge(wanted)
        assert found.digest == Checkpoint(tmp_path / "out").digest
        assert found.frame != merger.merge(plain).frame
