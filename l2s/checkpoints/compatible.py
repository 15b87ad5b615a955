"""Can these models be merged? Every difference at once, from headers, configs and tokenizers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from l2s.checkpoints.checkpoint import HEAD, Checkpoint, has_rows
from l2s.checkpoints.dtypes import INTEGERS, TORCH_NAMES
from l2s.checkpoints.index import listed
from l2s.checkpoints.tokenizer import read_vocabulary

MUST_AGREE = ("rope_theta", "rms_norm_eps", "layer_norm_eps", "hidden_act", "num_attention_heads",
              "num_key_value_heads", "head_dim")  # fmt: skip
"""Keys of config.json that change what the same weights compute."""

MAY_DIFFER = ("max_position_embeddings", "rope_scaling", "sliding_window", "eos_token_id", "bos_token_id")
"""Keys of config.json of which the result takes one model's."""

TOWERS = frozenset({"visual", "vision_tower", "vision_model", "vision_encoder", "multi_modal_projector", "audio_tower",
                    "audio_encoder", "mtp"})  # fmt: skip
"""Parts that some models have beside the language model."""

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


def compare(models: Mapping[str, Checkpoint], by_token: bool = False) -> list[Finding]:
    """Differences of every model from the first one; names are those the user knows the models by.

    How many rows embedding and head have is the vocabulary's business, see
    :func:`l2s.checkpoints.vocabulary.align_vocabulary`.

    Args:
        models: by name.
        by_token: rows are aligned by token string, so ids may mean other tokens.

    Raises:
        CheckpointError: a folder that cannot be read at all.
    """
    (first, reference), *others = models.items()
    findings = [finding for name, model in models.items() for finding in _alone(name, model)]
    for name, model in others:
        findings += _tensors(first, reference, name, model)
        findings += _configs(first, reference.config, name, model.config)
        findings += _tokenizers(first, reference, name, model, by_token)
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
    if (layout := _layout(first, ours, name, theirs)) is not None:
        yield Finding(layout, fatal=True)
        return
    for lacking, having, names in ((name, first, ours - theirs), (first, name, theirs - ours)):
        if names:
            yield Finding(f"{lacking} lacks {listed(sorted(names))}, which {having} has", fatal=True)
    both = [HEAD] if _stores_head(reference) or _stores_head(model) else []
    for tensor in [n for n in reference.names() if n in ours & theirs] + both:
        if (tensor == HEAD) and not (_can_head(reference) and _can_head(model)):
            yield Finding(f"{HEAD}: only one of {first} and {name} has a head", fatal=True)
            continue
        here, there = reference.entry(tensor), model.entry(tensor)
        skipped = 1 if has_rows(reference, tensor) else 0
        if here.shape[skipped:] != there.shape[skipped:] or len(here.shape) != len(there.shape):
            shapes = f"shape {list(here.shape)} in {first}, {list(there.shape)} in {name}"
            yield Finding(f"{tensor}: {shapes}; shapes must agree", fatal=True)
        if (here.dtype in INTEGERS) != (there.dtype in INTEGERS):
            yield Finding(f"{tensor}: {here.dtype} in {first}, {there.dtype} in {name}", fatal=True)


def _layout(first: str, ours: set[str], name: str, theirs: set[str]) -> str | None:
    """Why no or not all names agree, where the reason is how the models are put together."""
    here, there = _root(ours), _root(theirs)
    if (
        here != there
        and not ours & theirs
        and {n.removeprefix(here) for n in ours} & {n.removeprefix(there) for n in theirs}
    ):
        return f"{name} keeps under {there} what {first} keeps under {here}; save both from the same model class"
    for lacking, having, names in ((name, first, ours - theirs), (first, name, theirs - ours)):
        towers = [tower for n in names if (tower := _tower(n))]
        if names and len(towers) == len(names):
            return (
                f"{having} has a part of its own, {', '.join(sorted(set(towers)))} ({len(towers)} tensors), that "
                f"{lacking} lacks; merge models of one architecture, or the language models alone"
            )
    return None


def _tower(name: str) -> str | None:
    """``model.visual.`` of a tensor's name."""
    parts = name.split(".")[:2]
    place = next((place for place, part in enumerate(parts) if part in TOWERS), None)
    return None if place is None else ".".join(parts[: place + 1]) + "."


def _root(names: set[str]) -> str:
    """What stands before ``embed_tokens``, e.g. ``model.``; layers stand under the same."""
    found = (name.partition("embed_tokens.")[0] for name in names if "embed_tokens." in name)
    return next(found, "")


def _stores_head(model: Checkpoint) -> bool:
    return HEAD in model.names()


def _can_head(model: Checkpoint) -> bool:
    return _stores_head(model) or model.tied


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


def _tokenizers(first: str, reference: Checkpoint, name: str, model: Checkpoint, by_token: bool) -> Iterator[Finding]:
    ours, theirs = read_vocabulary(reference.tokenizer_folder), read_vocabulary(model.tokenizer_folder)
    if ours is None or theirs is None:
        if ours is not theirs:
            lacking = name if theirs is None else first
            yield Finding(f"{lacking} has no vocabulary in a tokenizer.json, so tokens cannot be compared")
        return
    shared = ours.keys() & theirs.keys()
    differing = sorted(i for i in ours.keys() | theirs.keys() if ours.get(i) != theirs.get(i))
    if not differing or by_token:
        return
    shown = [f"id {i} is {_token(ours.get(i))} in {first}, {_token(theirs.get(i))} in {name}" for i in differing]
    foreign = sum(ours[i] != theirs[i] for i in shared) > FOREIGN * len(shared)
    yield Finding(
        f"tokenizers differ at {len(differing)} ids: {listed(shown)}; "
        + ("embeddings of different tokens would be mixed" if foreign else "rows are merged by id all the same")
        + "; tokenizer_source: base, union or a model's name aligns rows by token",
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
