"""The language model's settings in ``config.json``: at the top, or in a section where there are other parts too."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from l2s.core.errors import CheckpointError

SECTIONS = ("thinker_config", "text_config", "language_config", "llm_config")
"""Where models of several parts keep those of the language model."""
TIE = "tie_word_embeddings"
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
"""What configs call the number of layers."""
MOST_LAYERS = 2048
"""More than any model has: a damaged config's are not built, one after another, until memory ends."""


def sections(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The config itself, and the sections of its language model, the innermost last."""
    found = [config if isinstance(config, dict) else dict(config)]
    for key in SECTIONS:
        inner = config.get(key)
        if isinstance(inner, dict):
            found += sections(inner)
    return found


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of the language model, as if they stood at the top."""
    return {key: found for one in sections(config) for key, found in one.items()}


def number_of(config: Mapping[str, Any], key: str) -> int | None:
    """A setting of the language model, of the innermost section that has it, where it is a whole number."""
    found = next((one[key] for one in reversed(sections(config)) if one.get(key) is not None), None)
    return found if type(found) is int else None


def layers_said(config: Mapping[str, Any]) -> int | None:
    """The number of layers that a config speaks of."""
    return next((number for key in LAYERS if (number := number_of(config, key)) is not None), None)


def refuse_layers(folder: Path, config: Mapping[str, Any]) -> None:
    """Is this a number of layers that transformers can be asked to build?

    Raises:
        CheckpointError: there are more than any model has.
    """
    layers = layers_said(config)
    if layers is not None and layers > MOST_LAYERS:
        raise CheckpointError(
            f"{folder / 'config.json'}: speaks of {layers:.6g} layers; expected at most {MOST_LAYERS}: "
            "fetch config.json again"
        )


def tie_flag(config: Mapping[str, Any]) -> bool | None:
    """Does the config say that the head is the embedding? None where it says nothing; the outermost counts."""
    return next((one[TIE] for one in sections(config) if isinstance(one.get(TIE), bool)), None)


def with_rows(config: Mapping[str, Any], rows: int, before: int) -> dict[str, Any]:
    """The config with ``vocab_size``, wherever it stands for the language model, set to a number of rows.

    Args:
        config: is left as it is.
        rows: of the embedding.
        before: rows it had; where they change and the config leaves them to a default, they are written.
    """
    written = deepcopy(dict(config))
    found = [one for one in sections(written) if "vocab_size" in one]
    if not found and rows != before:
        found = sections(written)[-1:]
    for one in found:
        one["vocab_size"] = rows
    return written


def with_tie(config: Mapping[str, Any], tied: bool | None) -> dict[str, Any]:
    """The config with the flag set, at the top and in every section that has it; None leaves all as it is."""
    written = deepcopy(dict(config))
    if tied is not None:
        for number, one in enumerate(sections(written)):
            if number == 0 or TIE in one:
                one[TIE] = tied
    return written


def with_dtype(config: Mapping[str, Any], dtype: str | None) -> dict[str, Any]:
    """The config with the format of all weights, by the key that it knows, in every section that names one."""
    written = deepcopy(dict(config))
    if dtype:
        written["dtype" if "dtype" in config else "torch_dtype"] = dtype
        for one in (inner for inner in written.values() if isinstance(inner, dict)):
            _set_dtype(one, dtype)
    return written


def _set_dtype(config: dict[str, Any], dtype: str) -> None:
    for key in ("dtype", "torch_dtype"):
        if isinstance(config.get(key), str):
            config[key] = dtype
    for inner in config.values():
        if isinstance(inner, dict):
            _set_dtype(inner, dtype)
