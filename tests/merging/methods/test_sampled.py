"""A weight's sample is every so-manyeth of its entries, however it is cut into pieces."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from l2s.merging.ops import selection
from l2s.merging.plan import pieces
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.run.prepared import PreparedMerge
from l2s.merging.run.tensors import TensorMerger
from l2s.merging.run.weight_pieces import DistancePieces, WeightPieces
from tests.merging.run.test_merge import recipe
from tests.tiny import write_family


@pytest.mark.parametrize("piece", [40, 1 << 18])
@pytest.mark.parametrize("every", [1, 3, 37, 10_000])
def test_a_sample_is_every_so_manyeth_entry(
    every: int, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", piece)
    looked_at = plan_merge(recipe(), write_family(tmp_path, dtype=torch.bfloat16))
    merge = PreparedMerge.of(looked_at, looked_at.checked(force=False), 0)
    with TensorMerger(merge, cast(Any, None)) as merger:  # writing is not what is tested
        for plan in merge.layout.tensors:
            weight = WeightPieces(merger.models, plan, *merger.params_for(plan))
            assert isinstance(weight, selection.Sampled)
            whole, sample = list(weight), list(weight.sampled(every))
            for k in range(2):
                expected = np.concatenate([one.models[k].flatten() for one in whole])[::every]
                assert np.array_equal(np.concatenate([one.models[k] for one in sample]), expected)
            base = np.concatenate([one.base.flatten() for one in whole])[::every]
            assert np.array_equal(np.concatenate([one.base for one in sample]), base)
            assert all(one.shape == plan.shape for one in sample)
            apart = np.concatenate([one.magnitudes for one in whole], axis=1)[:, ::every]
            measured = DistancePieces(merger.models, plan)
            assert isinstance(measured, selection.Sampled) and measured.shape == weight.shape
            assert np.array_equal(np.concatenate([one.magnitudes for one in measured.sampled(every)], axis=1), apart)
            assert [(one.name, one.start) for one in measured] == [(one.name, one.start) for one in whole]
