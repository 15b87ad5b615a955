"""What a method gives of a weight at once it gives of its pieces too, and of its models in any order."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from l2s.merging.methods import METHODS
from tests.merging.run.piecewise import close, merge, merge_in_pieces, middles, random_weight

CASES: list[tuple[str, int, dict[str, Any], dict[str, Any]]] = [
    ("slerp", 1, {}, {"t": 0.3}),
    ("nuslerp", 2, {}, {}),
    ("nuslerp", 2, {}, {"nuslerp_flatten": False}),
    ("nuslerp", 2, {}, {"nuslerp_flatten": False, "nuslerp_row_wise": True}),
    ("karcher", 3, {}, {}),
    ("model_stock", 3, {}, {}),
    ("model_stock", 3, {}, {"filter_wise": True}),
    ("multislerp", 3, {}, {}),
    ("arcee_fusion", 1, {}, {}),
    ("ramplus_tl", 3, {}, {"r": 0.5, "alpha": 2.0, "epsilon": 0.4}),
    ("ties", 3, {"density": 0.3}, {"tie_rule": "exact", "rescale": True}),
    ("ties", 3, {"density": 0.3}, {}),
    ("dare_ties", 3, {"density": 0.5}, {"rescale": "l1"}),
    ("breadcrumbs", 3, {"density": 0.5, "gamma": 0.1}, {}),
    ("breadcrumbs", 3, {"density": 0.2, "gamma": 0.3}, {"rescale": True}),
    ("breadcrumbs_ties", 3, {"density": 0.7, "gamma": 0.2}, {}),
    ("della", 3, {"density": 0.5}, {}),
    ("della_linear", 3, {"density": 0.5, "epsilon": 0.3}, {"rescale": "probability"}),
    ("sce", 3, {}, {"select_topk": 0.3}),
    ("sce", 3, {}, {}),
    ("lore", 3, {"weight": 0.3}, {"mu": 0.1, "iterations": 3}),
    ("twin", 3, {"rank": 3}, {}),
    ("twin", 3, {"rank": 3}, {"shared": "average"}),
]
"""Methods, how many models, and the parameters of each and of the merge."""


@pytest.mark.parametrize(("name", "count", "each", "params"), CASES)
@pytest.mark.parametrize("shape", [(11, 7), (5, 23), (6, 3, 2)])
@pytest.mark.parametrize(("rows", "coarse"), [(1, False), (4, False), (4, True)])
def test_pieces_change_nothing(
    name: str, count: int, each: dict[str, Any], params: dict[str, Any], shape: tuple[int, ...], rows: int, coarse: bool
) -> None:
    weight, models = random_weight(count, shape, coarse=coarse), [each] * count
    whole, cut = merge(name, weight, models, **params), merge_in_pieces(name, weight, rows, models, **params)
    close(cut.value, whole.value)
    close(cut.summands, whole.summands)
    if METHODS[name].pieces == "rows":  # a decomposition leaves noise where there is nothing
        assert torch.equal(cut.summands != 0, whole.summands != 0)


@pytest.mark.parametrize(
    "name", [name for name, found in METHODS.items() if found.counts[1] != 1 and not {"statistics"} & {*found.takes()}]
)
def test_the_order_of_models_changes_nothing_but_rounding(name: str) -> None:
    method = METHODS[name]
    known, count, params = method.takes(), method.counts[1] or 3, middles(method.params)
    weight, order = random_weight(count, (41, 8)), [2, 0, 1] if count == 3 else [1, 0]
    asked = [{"weight": w, "density": d} for w, d in ((0.2, 0.3), (0.5, 0.6), (0.9, 0.8))][:count]
    required = middles(method.model_params)
    models = [required | {key: value for key, value in one.items() if key in known} for one in asked]
    swapped = replace(weight, models=weight.models[order], digests=tuple(weight.digests[k] for k in order))
    turned = merge(name, swapped, [models[k] for k in order], **params)
    close(merge(name, weight, models, **params).value, turned.value)
