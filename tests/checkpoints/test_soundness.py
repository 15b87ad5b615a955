"""NaN and infinity are found wherever they are, and counted."""

import math
from pathlib import Path

import pytest
import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks import soundness
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.checks.soundness import scan_for_nan
from tests.tiny import random_weights, write_checkpoint


@pytest.mark.parametrize("block", [1, 3, 1 << 22])
def test_every_tensor_is_named_with_its_count(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "BLOCK", block)
    sound, broken = random_weights(0), random_weights(1)
    broken["model.norm.weight"][7] = math.nan
    broken["model.embed_tokens.weight"][15, 7] = -math.inf
    broken["model.embed_tokens.weight"][0, 0] = math.nan
    broken["steps"], sound["steps"] = torch.tensor(3), torch.tensor(3)
    broken["scale"] = torch.tensor(math.inf)
    broken["empty"] = torch.empty(0, 3)
    folders = {"sound": sound, "broken": broken}
    models = {name: Checkpoint(write_checkpoint(tmp_path / name, weights, 2)) for name, weights in folders.items()}
    assert scan_for_nan({"sound": models["sound"]}) == []
    expected = [("model.embed_tokens.weight", 2), ("model.norm.weight", 1), ("scale", 1)]
    assert scan_for_nan(models) == [
        Finding(f"broken: {name} holds {count} NaN or infinite entries; get a sound copy of the model", fatal=True)
        for name, count in expected
    ]
