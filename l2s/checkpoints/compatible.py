"""Can these models be merged? Every difference at once, from headers, configs and tokenizers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from l2s.checkpoints.checkpoint import HEAD, Checkpoint
from l2s.checkpoints.dtypes import INTEGERS, TORCH_NAMES
from l2s.checkpoints.index import listed
from l2s.checkpoints.tokenizer import read_vocabulary

MUST_AGREE = ("rope_theta", "rms_norm_eps", "layer_norm_eps", "hidden_act", "num_attention_heads",
              "num_key_value_heads", "head_dim")  # fmt: skip
"""Keys of config.json that change what the same weights compute."""

MAY_DIFFER = ("max_position_embeddings", "rope_scaling", "sliding_window", "eos_token_id", "bos_token_id")
"""Keys of config.json of which the result takes one model's."""

FOREIGN = 0.05
"""Share of token ids with another string from which two tokenizers count as different ones."""


@dataclass(frozen=True)
class Finding:
    """Something that makes a merge fail or go wrong."""

    sentence: str
    fatal: bool = False
    """The merge is refused."""
    forcible: bool = False
    """It is refused unless forced."""


def compare(models: Mapping[str, Checkpoint]) -> list[Finding]:
    """Differences of every model from the first one; names are those the user knows the models by.

    Raises:
        CheckpointError: a folder that cannot be read at all.
    """
    (first, reference), *others = models.items()
    findings = [finding for name, model in models.items() for finding in _alone(name, model)]
    for name, model in others:
        findings += _tensors(first, reference, name, model)
        findings += _configs(first, reference.config, name, model.config)
        findings += _tokenizers(first, reference, name, model)
    findings += _ties(models)
    return findings


def _alone(name: str, model: Checkpoint) -> Iterator[Finding]:
    yield from (Finding(f"{name}: {note}") for note in model.index.notes)
    odd = [e for e in model.index.entries.values() if e.dtype not in TORCH_NAMES and e.dtype not in INTEGERS]
    if odd or "quantization_config" in model.config:
        what = f"stored as {odd[0].dtype} ({listed(e.name for e in odd)})" if odd else "quantised by its config"
        yield Finding(f"{name}: weights are {what}; merge the unquantised model, then quantise", fatal=True)
    if HEAD not in model.index.entries and model.config.get("tie_word_embeddings") is False and _has_head(model):
        yield Finding(f"{name}: no {HEAD}, though config.json says tie_word_embeddings: false", fatal=True)
    if HEAD in model.index.entries and model.tied:
        yield Finding(f"{name}: stores {HEAD}, but config.json ties it to the embedding; loaders and we ignore it")


def _has_head(model: Checkpoint) -> bool:
    return any(name.endswith("ForCausalLM") for name in model.config.get("architectures") or [])


def _tensors(first: str, reference: Checkpoint, name: str, model: Checkpoint) -> Iterator[Finding]:
    ours, theirs = ({n for n in m.names() if n != HEAD} for m in (reference, model))
    for lacking, having, names in ((name, first, ours - theirs), (first, name, theirs - ours)):
        if names:
            yield Finding(f"{lacking} lacks {listed(sorted(names))}, which {having} has", fatal=True)
    both = [HEAD] if _stores_head(reference) or _stores_head(model) else []
    for tensor in [n for n in reference.names() if n in ours & theirs] + both:
        if (tensor == HEAD) and not (_can_head(reference) and _can_head(model)):
            yield Finding(f"{HEAD}: only one of {first} and {name} has a head", fatal=True)
            continue
        here, there = reference.entry(tensor), model.entry(tensor)
        if here.shape != there.shape:
            yield Finding(
                _shapes(tensor, first, here.shape, name, there.shape, tensor in _vocabulary(model)), fatal=True
            )
        if (here.dtype in INTEGERS) != (there.dtype in INTEGERS):
            yield Finding(f"{tensor}: {here.dtype} in {first}, {there.dtype} in {name}", fatal=True)


def _stores_head(model: Checkpoint) -> bool:
    return HEAD in model.names()


def _can_head(model: Checkpoint) -> bool:
    return _stores_head(model) or model.tied


def _vocabulary(model: Checkpoint) -> tuple[str | None, str]:
    return model.embedding, HEAD


def _shapes(tensor: str, first: str, here: tuple[int, ...], name: str, there: tuple[int, ...], vocabulary: bool) -> str:
    if vocabulary and here[1:] == there[1:]:
        return (
            f"{tensor}: {here[0]} vocabulary rows in {first}, {there[0]} in {name}; rows are not aligned yet: "
            "give both models the same vocabulary first"
        )
    return f"{tensor}: shape {list(here)} in {first}, {list(there)} in {name}; shapes must agree"


def setting(config: Mapping[str, Any], key: str) -> Any:
    """A config value, wherever this generation of config files keeps it."""
    rope = config.get("rope_parameters") or {}
    if key == "rope_theta":
        return config.get(key, rope.get(key, 10_000.0))
    if key == "rope_scaling":
        scaling = config.get(key) or {k: v for k, v in rope.items() if k != "rope_theta"}
        return None if scaling.get("rope_type", scaling.get("type", "default")) == "default" else scaling
    return config.get(key)


def _configs(first: str, ours: Mapping[str, Any], name: str, theirs: Mapping[str, Any]) -> Iterator[Finding]:
    for key in ("model_type", "architectures", *MUST_AGREE):
        here, there = setting(ours, key), setting(theirs, key)
        if here != there and None not in (here, there):
            yield Finding(
                f"config.json: {key} is {here} in {first}, {there} in {name}: the same weights mean different things; "
                "merge only if you know why, with force",
                fatal=True,
                forcible=True,
            )
    for key in MAY_DIFFER:
        here, there = setting(ours, key), setting(theirs, key)
        if here != there:
            yield Finding(f"config.json: {key} is {here} in {first}, {there} in {name}; the donor's is taken")


def _tokenizers(first: str, reference: Checkpoint, name: str, model: Checkpoint) -> Iterator[Finding]:
    ours, theirs = read_vocabulary(reference.path), read_vocabulary(model.path)
    if ours is None or theirs is None:
        if ours is not theirs:
            lacking = name if theirs is None else first
            yield Finding(f"{lacking} has no vocabulary in a tokenizer.json, so tokens cannot be compared")
        return
    differing = sorted(i for i in ours.keys() | theirs.keys() if ours.get(i) != theirs.get(i))
    if differing:
        shown = [f"id {i} is {_token(ours.get(i))} in {first}, {_token(theirs.get(i))} in {name}" for i in differing]
        foreign = len(differing) > FOREIGN * max(len(ours), len(theirs))
        yield Finding(
            f"tokenizers differ at {len(differing)} ids: {listed(shown)}; "
            + ("embeddings of different tokens would be mixed" if foreign else "the donor's is taken"),
            fatal=foreign,
            forcible=foreign,
        )


def _token(token: str | None) -> str:
    return "absent" if token is None else f"'{token}'"


def _ties(models: Mapping[str, Checkpoint]) -> Iterator[Finding]:
    tied = [name for name, model in models.items() if model.tied]
    if tied and len(tied) < len(models):
        others = [name for name in models if name not in tied]
        yield Finding(
            f"{', '.join(tied)}: head tied to the embedding; {', '.join(others)}: head of its own; the result gets a "
            "head of its own, and a tied embedding counts as its model's head"
        )
