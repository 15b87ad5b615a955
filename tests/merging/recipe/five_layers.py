"""A family of tiny models of five layers, and one of seven, for whole merges of many recipes."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from l2s.core.yaml import read_yaml
from tests.tiny import shapes, write_checkpoint

LAYERS, DEEP = 5, 7
EMBEDDING, NORM = "model.embed_tokens.weight", "model.norm.weight"
DISTANCES = {"quick": 0.1, "slow": 0.2, "third": 0.1, "near": 0.01, "faint": 5e-4, "fainter": 1e-4}
"""How far each model lies from the base, in the base's own spread."""
RECIPES = {file.stem: read_yaml(file) for file in sorted((Path(__file__).parent / "recipes").glob("*.yml"))}
"""As people write them, one construct a file."""

Weights = dict[str, Tensor]


def weights(seed: int, around: Weights | None = None, distance: float = 0.1, layers: int = LAYERS) -> Weights:
    generator = torch.Generator().manual_seed(seed)
    places = {
        name.replace("layers.1.", f"layers.{k}."): shape for name, shape in shapes().items() for k in range(1, layers)
    }
    drawn = {name: torch.randn(shape, generator=generator) for name, shape in (shapes() | places).items()}
    if around is None:
        return drawn
    return {name: around.get(name, tensor) + distance * tensor for name, tensor in drawn.items()}


def written(folder: Path, model: Weights, dtype: torch.dtype, layers: int = LAYERS) -> Path:
    write_checkpoint(folder, model, shards=3, dtype=dtype, num_hidden_layers=layers)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    return folder


def located(asked: dict[str, Any], family: dict[str, Path], prefix: str = "") -> dict[str, Any]:
    """The recipe with folders instead of the models' names."""

    def place(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: place(found, inner) for inner, found in value.items()}
        if isinstance(value, list):
            return [place(found) for found in value]
        return str(family[prefix + value]) if key in ("model", "base_model") else value

    found: dict[str, Any] = place(asked)
    return found
