"""Merging and calibration of every family of docs/engines.md, as tiny random models in the form transformers saves."""

import json
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from l2s.calibration.calibrate import calibrate
from l2s.calibration.settings import CalibrationParams
from l2s.causal_lm import load_causal_lm
from l2s.family.tokenizer import build_tokenizer
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.generation.engines.test_architectures import FAMILIES, random_model

pytestmark = pytest.mark.long

LONGEST = 24
"""Tokens of a text: within every context."""


@pytest.fixture(scope="module")
def words() -> PreTrainedTokenizerFast:
    return build_tokenizer()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_merge_of_two_loads_and_moves_every_weight(name: str, words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    weights: list[dict[str, torch.Tensor]] = []
    model = random_model(name)
    for seed in (1, 2):
        torch.manual_seed(seed)
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(0.05 * seed * torch.randn_like(weight))
        model.save_pretrained(tmp_path / str(seed))
        words.save_pretrained(tmp_path / str(seed))
        weights.append({key: weight.detach().clone() for key, weight in model.named_parameters()})
    models = [{"model": str(tmp_path / str(seed)), "parameters": {"weight": 0.5}} for seed in (1, 2)]
    recipe = MergeRecipe.parse({"merge_method": "linear", "models": models, "dtype": "float32"}, "recipe")
    merge_checkpoints(recipe, {}, tmp_path / "merged")
    merged = load_causal_lm(tmp_path / "merged", torch.float32)
    assert not merged.notes
    for key, weight in merged.model.named_parameters():
        mean = (weights[0][key] + weights[1][key]) / 2
        torch.testing.assert_close(weight, mean, rtol=1e-5, atol=1e-5, msg=key)


@pytest.mark.parametrize("name", FAMILIES)
def test_statistics_of_a_model_are_numbers(name: str, words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    random_model(name).save_pretrained(tmp_path / "model")
    words.save_pretrained(tmp_path / "model")
    texts = tmp_path / "texts.jsonl"
    row = {"prompt": "Tom has 2 coins.", "short": "Tom has 3 coins.", "long": "Tom has 3 coins. Sam has 4 more."}
    texts.write_text(json.dumps(row) + "\n")
    for kind in ("activations", "sensitivities"):
        params = CalibrationParams.parse(
            {"model": "m", "texts": "t", "kind": kind, "max_tokens": LONGEST, "samples": 1}, "options"
        )
        tensors = calibrate(tmp_path / "model", texts, tmp_path / f"{kind}.safetensors", params).tensors
        assert tensors and all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()), kind
