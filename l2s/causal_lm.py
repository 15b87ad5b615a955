"""A causal language model of transformers, loaded strictly: every weight is the folder's, or a sentence says why not.

transformers fills in a missing weight with random numbers and goes on; nothing here does. Used by generation and
for whoever else needs the whole model in memory.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from torch import Tensor
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, AutoModelForCausalLM, PreTrainedModel

from l2s.checkpoints.files.index import listed, read_index
from l2s.core.errors import CheckpointError
from l2s.foreign_code import needs_own_code, own_code

INDEX = "model.safetensors.index.json"
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
"""Keys of a config that has a mixture of experts."""


class Loaded(NamedTuple):
    """A model with all its weights, and what is worth a note."""

    model: PreTrainedModel
    notes: tuple[str, ...]


def load_causal_lm(path: Path, dtype: torch.dtype | str) -> Loaded:
    """The model in a folder, with eager attention; a head may be missing where config.json ties it to the embedding.

    Args:
        dtype: what its weights become; ``auto``: what they are.

    Raises:
        CheckpointError: transformers cannot load it, or weights are missing or of another shape than config.json says.
    """
    _refuse_index_without_metadata(path)
    try:
        with quiet():
            model, info = AutoModelForCausalLM.from_pretrained(
                path, dtype=dtype, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True,
                attn_implementation="eager", trust_remote_code=False,
            )  # fmt: skip
    except Exception as error:  # a folder may be wrong in as many ways as there are architectures
        said = needs_own_code(path) or f"{path}: transformers cannot load this folder: {first_line(error)}"
        raise CheckpointError(said) from None
    odd = [f"{name} {list(found)}, config.json makes it {list(own)}" for name, found, own in info["mismatched_keys"]]
    if odd:
        raise CheckpointError(f"{path}: weights of another shape than the model's: {listed(sorted(odd))}")
    refuse_missing(path, type(model).__name__, info["missing_keys"])
    own = own_code(path)
    notes = (f"{path}: {own}: transformers' own {type(model).__name__} is taken",) if own else ()
    return Loaded(model.eval(), (*notes, *notes_on(path, info["unexpected_keys"])))


def unexpected_weights(path: Path) -> list[str]:
    """What an engine that loads weights by itself must refuse: names in the folder that no part of the model takes.

    The architecture is built without memory and given zeros under the folder's names. Mixtures of experts, whose
    weights transformers would stack, are not looked into.

    Raises:
        CheckpointError: the folder lacks weights, or cannot be read.
    """
    entries = read_index(path).entries
    zero = torch.zeros((), dtype=torch.bfloat16)
    try:
        config = AutoConfig.from_pretrained(path, trust_remote_code=False)
        text = config.get_text_config()
        if any(getattr(text, key, None) for key in EXPERTS) or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
            return []
        architecture: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
        with quiet():
            model, info = architecture.from_pretrained(
                None, config=config, state_dict={name: zero.expand(entry.shape) for name, entry in entries.items()},
                dtype=zero.dtype, output_loading_info=True, ignore_mismatched_sizes=True, trust_remote_code=False,
            )  # fmt: skip
    except Exception as error:  # a folder may be wrong in as many ways as there are architectures
        raise CheckpointError(f"{path}: transformers cannot build this model: {first_line(error)}") from None
    refuse_missing(path, type(model).__name__, info["missing_keys"])
    return sorted(info["unexpected_keys"])


def refuse_missing(path: Path, architecture: str, missing: Iterable[str]) -> None:
    """Refuse a folder that lacks weights of the architecture.

    Raises:
        CheckpointError: there are any.
    """
    if names := sorted(missing):
        raise CheckpointError(
            f"{path}: lacks {listed(names)}, which transformers' {architecture} has and would fill with random "
            "numbers; fetch or make the model again, or mend the names in its files"
        )


def notes_on(path: Path, unexpected: Iterable[str]) -> tuple[str, ...]:
    """What to say of weights that the architecture has no place for."""
    names = sorted(unexpected)
    return (f"{path}: no part of the model takes {listed(names)}; left out",) if names else ()


def refuse_nan(path: Path, model: PreTrainedModel, logits: Tensor) -> None:
    """Refuse a model whose logits are no numbers, and name the weights that are none.

    Raises:
        CheckpointError: NaN among ``logits``, which the model gave.
    """
    if bool(torch.isnan(logits.sum())):
        raise CheckpointError(f"{path}: {not_a_number(model)}")


def not_a_number(model: PreTrainedModel) -> str:
    """The sentence on a model that gave NaN."""
    broken = [name for name, weight in model.named_parameters() if not bool(torch.isfinite(weight).all())]
    because = f"NaN or infinite entries in {listed(broken)}" if broken else "its numbers grow past what its type holds"
    return f"the model's logits are not numbers (NaN), {because}; fetch or make the model again"


def _refuse_index_without_metadata(path: Path) -> None:
    """Transformers reads ``metadata`` of an index without asking whether it is there."""
    file = path / INDEX
    if not file.is_file() or (path / "model.safetensors").is_file():
        return
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError):
        return  # transformers says what is wrong with it
    if isinstance(found, dict) and not isinstance(found.get("metadata"), dict):
        raise CheckpointError(f'{file}: lacks "metadata", which transformers wants there; add "metadata": {{}}')


def first_line(error: Exception) -> str:
    """What an error says, on one line; its kind too where the words alone may say little."""
    lines = str(error).strip().splitlines()
    if isinstance(error, OSError | ValueError | RuntimeError) and lines:
        return lines[0]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' own warnings off the terminal: what matters of them is in the sentence."""
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(before)
