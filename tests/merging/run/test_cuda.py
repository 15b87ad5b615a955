"""The same merge on a GPU: within one rounding of the CPU's. Skipped where there is none."""

from pathlib import Path

import pytest
import torch

from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.test_merge import METHODS, recipe, weights_of
from tests.tiny import write_family

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


@pytest.mark.parametrize("method", METHODS)
def test_within_one_rounding_of_the_cpu(method: str, tmp_path: Path) -> None:
    family = write_family(tmp_path, dtype=torch.bfloat16)
    merge_checkpoints(recipe(method), family, tmp_path / "cpu")
    merge_checkpoints(recipe(method), family, tmp_path / "cuda", device="cuda", threads=2)
    ours, theirs = weights_of(tmp_path / "cpu"), weights_of(tmp_path / "cuda")
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(theirs[name].float(), tensor.float(), rtol=2**-7, atol=1e-6)
