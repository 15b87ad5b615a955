"""A config for layers that were put together anew: their number, and everything that it says layer by layer."""

from collections.abc import Mapping, Sequence
from typing import Any

from l2s.checkpoints.model.language import MOST_LAYERS
from l2s.core.errors import ConfigError

COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_transformer_layers")
"""Keys that hold the number of layers."""
NESTED = ("text_config", "llm_config", "language_config")
"""Where a model of several parts keeps the language model's config."""
LISTS_OF_LAYERS = ("mlp_only_layers", "attn_layer_indices", "full_attn_idxs", "attention_layers_idx")
"""Keys that list layers by number."""
NO_LAYERS = ("architectures", "_ids", "token_id", "tokens", "_section")
"""Ends of keys whose lists say nothing of layers, however long they are."""
STEPS = ("sliding_window_pattern", "full_attention_interval", "no_rope_layer_interval", "global_attn_every_n_layers",
         "decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_freq", "attn_layer_period",
         "expert_layer_period")  # fmt: skip
"""Keys that make every n-th layer another kind."""
EXPANDED = ("layer_types", "mlp_layer_types", "no_rope_layers", "layers_block_type")
"""What transformers makes of such keys: a list with an item for each layer."""

Config = Mapping[str, Any]
Source = tuple[Config, int]
"""A model's config, and a layer of that model."""


def config_of_layers(config: Config, sources: Sequence[Source]) -> dict[str, Any]:
    """The config with other layers.

    Args:
        config: of the model that gives the result its config.
        sources: of each layer of the result, where it comes from.

    Raises:
        ConfigError: what makes a layer another kind cannot be said of these layers.
    """
    moved = any(layer != place for place, (_, layer) in enumerate(sources))
    told = expanded if moved else dict  # transformers need not be asked where each layer keeps its place
    inner = next((key for key in NESTED if isinstance(config.get(key), Mapping)), None)
    if inner is None:
        return _of_layers(told(config), [(told(model), layer) for model, layer in sources])
    nested = [(told(model.get(inner) or {}), layer) for model, layer in sources]
    return {**_of_layers(config, sources), inner: _of_layers(told(config[inner]), nested)}


def _of_layers(config: Config, sources: Sequence[Source]) -> dict[str, Any]:
    count = count_of(config)
    written = dict(config)
    if count is None:
        return written
    written |= {key: len(sources) for key in COUNTS if config.get(key) == count}
    for key, value in config.items():
        if key in LISTS_OF_LAYERS and isinstance(value, list):
            written[key] = [place for place, (model, layer) in enumerate(sources) if layer in (model.get(key) or [])]
        elif isinstance(value, list) and len(value) == count and not key.endswith(NO_LAYERS):
            written[key] = [_item(model, key, layer, value) for model, layer in sources]
    _refuse_steps(config, written, sources)
    return written | _dense_first(config, sources)


def count_of(config: Config) -> int | None:
    """Number of layers that a config speaks of."""
    return next((config[key] for key in COUNTS if isinstance(config.get(key), int)), None)


def _item(model: Config, key: str, layer: int, own: Sequence[Any]) -> Any:
    """What the layer's own model says of it; where it says nothing, the config's own words for that place."""
    found = model.get(key)
    if isinstance(found, list) and len(found) == count_of(model):
        return found[layer]
    return own[min(layer, len(own) - 1)]


def _dense_first(config: Config, sources: Sequence[Source]) -> dict[str, Any]:
    """``first_k_dense_replace``: so many layers, the first ones, have no experts."""
    key = "first_k_dense_replace"
    if not isinstance(config.get(key), int):
        return {}
    dense = [layer < (model.get(key) or 0) for model, layer in sources]
    if dense != sorted(dense, reverse=True):
        raise ConfigError(f"config.json: {key} puts layers without experts first; slices must take them first, too")
    return {key: sum(dense)}


def _refuse_steps(config: Config, written: Config, sources: Sequence[Source]) -> None:
    """A key that makes every n-th layer another kind says so of the result only if layers move by whole steps."""
    if any(isinstance(written.get(key), list) for key in EXPANDED):
        return
    for key in STEPS:
        step = config.get(key)
        if (
            isinstance(step, int)
            and step > 1
            and any(layer % step != at % step for at, (_, layer) in enumerate(sources))
        ):
            raise ConfigError(
                f"config.json: {key} makes every layer number {step} another kind, and these slices move layers by "
                f"other steps; move them by multiples of {step}"
            )


def expanded(config: Config) -> Config:
    """With what transformers makes of a config, layer by layer, where the config leaves it to transformers."""
    from transformers import AutoConfig

    count = count_of(config)
    if not isinstance(config.get("model_type"), str) or all(key in config for key in EXPANDED):
        return config
    if (count or 0) > MOST_LAYERS:
        return config
    try:
        known = AutoConfig.for_model(**dict(config))
    except Exception:  # whatever a model's own config class raises: transformers does not know it as it is
        return config
    found = {key: getattr(known, key, None) for key in EXPANDED if config.get(key) is None}
    return {**config, **{key: value for key, value in found.items() if isinstance(value, list) and len(value) == count}}
