"""Can these models be merged? Every difference at once, from headers, configs and tokenizers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from l2s.checkpoints.checkpoint import Checkpoint, has_rows
from l2s.checkpoints.checks.architecture import missing_weights, unexpected_weights
from l2s.checkpoints.files.dtypes import INTEGERS
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.files.json_file import section
from l2s.checkpoints.model.language import sections, tie_flag
from l2s.checkpoints.model.parts import is_head, tower_of
from l2s.checkpoints.model.quantised import quantised_by
from l2s.checkpoints.model.tokenizer import read_vocabulary

MUST_AGREE = ("rope_theta", "rms_norm_eps", "layer_norm_eps", "hidden_act", "num_attention_heads",
              "num_key_value_heads", "head_dim")  # fmt: skip
"""Keys of config.json that change what the same weights compute."""

MAY_DIFFER = ("max_position_embeddings", "rope_scaling", "sliding_window", "eos_token_id", "bos_token_id")
"""Keys of config.json of which the result takes one model's."""

SIZES = ("hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads", "num_key_value_heads")
"""Keys of config.json that decide tensors' shapes."""

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


def compare(models: Mapping[str, Checkpoint], by_token: bool = False, tensors: bool = True) -> list[Finding]:
    """Differences of every model from the first one; names are those the user knows the models by.

    How many rows embedding and head have is the vocabulary's business, see
    :func:`l2s.checkpoints.vocabulary.align_vocabulary`.

    Args:
        models: by name.
        by_token: rows are aligned by token string, so ids may mean other tokens.
        tensors: look at their tensors; not where layers are put together anew, see :func:`compare_tensors`.

    Raises:
        CheckpointError: a folder that cannot be read at all.
    """
    (first, reference), *others = models.items()
    findings = [finding for name, model in models.items() for finding in _alone(name, model)]
    for name, model in others:
        findings += _tensors(first, reference, name, model) if tensors else ()
        findings += _configs(first, reference.config, name, model.config)
        findings += _tokenizers(first, reference, name, model, by_token)
    findings += _ties(models)
    if not any(finding.fatal for finding in findings):
        findings += [finding for name, model in models.items() for finding in _missing(name, model)]
    return findings


def compare_tensors(models: Mapping[str, Checkpoint]) -> list[Finding]:
    """Differences of every model from the first one in the tensors that they have."""
    (first, reference), *others = models.items()
    return [finding for name, model in others for finding in _tensors(first, reference, name, model)]


def _missing(name: str, model: Checkpoint) -> Iterator[Finding]:
    architecture, missing = missing_weights(model)
    if missing:
        yield Finding(
            f"{name}: lacks {listed(missing)}, which transformers' {architecture} has and would fill with random "
            "numbers; fetch or make the model again",
            fatal=True,
        )


def _alone(name: str, model: Checkpoint) -> Iterator[Finding]:
    yield from (Finding(f"{name}: {note}") for note in model.index.notes)
    if how := quantised_by(model.config, model.index.entries):
        yield Finding(f"{name}: weights are {how}; merge the unquantised model, then quantise", fatal=True)
    if recomputed := model.recomputed:
        yield Finding(f"{name}: {listed(recomputed)} are left out: loaders compute them from the config")
    yield from _head(name, model)


def _head(name: str, model: Checkpoint) -> Iterator[Finding]:
    stored, flag = listed(model.stored_weights), tie_flag(model.config)
    if flag is False and not stored and not model.other_heads and _makes_text(model):
        yield Finding(f"{name}: no {model.head}, though config.json says tie_word_embeddings: false", fatal=True)
    if stored and model.tied:
        yield Finding(f"{name}: stores {stored}, but config.json ties it to the embedding; loaders and we ignore it")
    if stored and flag is True and not model.tied:
        yield Finding(
            f"{name}: stores {stored}, which differs from the embedding, though config.json ties them; loaders take it "
            "as a head of its own, and so do we: the result says tie_word_embeddings: false"
        )


def _makes_text(model: Checkpoint) -> bool:
    named = model.config.get("architectures")
    return any(str(name).endswith("ForCausalLM") for name in (named if isinstance(named, list) else []))


def _tensors(first: str, reference: Checkpoint, name: str, model: Checkpoint) -> Iterator[Finding]:
    names = reference.names()
    ours, theirs = ({n for n in found if not is_head(n)} for found in (names, model.names()))
    if (layout := _layout(first, ours, name, theirs)) is not None:
        yield Finding(layout, fatal=True)
        return
    renamed = bool(ours - theirs) and bool(theirs - ours)
    alone = ((name, first, reference, ours - theirs), (first, name, model, theirs - ours))
    for lacking, having, holder, only in alone:
        surplus = set() if renamed else unexpected_weights(holder, only)
        if surplus:
            what = f"{having}: no part of the model takes {listed(sorted(surplus))}"
            yield Finding(f"{what}, and {lacking} has nothing like it; left out")
        if only - surplus:
            yield Finding(f"{lacking} lacks {listed(sorted(only - surplus))}, which {having} has", fatal=True)
    shared = ours & theirs
    apart, kinds = list[str](), list[str]()
    heads = dict.fromkeys(n for found in (names, model.names()) for n in found if is_head(n))
    for tensor in [*(n for n in names if n in shared), *heads]:
        if not (_can(reference, tensor) and _can(model, tensor)):
            yield Finding(f"{tensor}: only one of {first} and {name} has such a head", fatal=True)
            continue
        here, there = reference.entry(tensor), model.entry(tensor)
        skipped = 1 if has_rows(reference, tensor) else 0
        if here.shape[skipped:] != there.shape[skipped:] or len(here.shape) != len(there.shape):
            apart.append(f"{tensor}: shape {list(here.shape)} in {first}, {list(there.shape)} in {name}")
        if (here.dtype in INTEGERS) != (there.dtype in INTEGERS):
            kinds.append(f"{tensor}: {here.dtype} in {first}, {there.dtype} in {name}")
    if apart:
        yield Finding(f"{_sizes(first, reference, name, model)}{listed(apart)}; shapes must agree", fatal=True)
    if kinds:
        yield Finding(listed(kinds), fatal=True)


def _sizes(first: str, reference: Checkpoint, name: str, model: Checkpoint) -> str:
    """The sizes that differ by the configs, which say in a word why shapes do."""
    found = [(key, setting(reference.config, key), setting(model.config, key)) for key in SIZES]
    shown = [
        f"{key} is {here} in {first}, {there} in {name}"
        for key, here, there in found
        if here != there and None not in (here, there)
    ]
    return f"config.json: {'; '.join(shown)}; so these are models of different sizes: " if shown else ""


def _can(model: Checkpoint, tensor: str) -> bool:
    """Can it be read, perhaps as the embedding that it is tied to?"""
    return tensor in model.index.entries or (model.tied and is_head(tensor) and tensor.endswith(".weight"))


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
        towers = [tower for n in names if (tower := tower_of(n))]
        if names and len(towers) == len(names):
            return (
                f"{having} has a part of its own, {', '.join(sorted(set(towers)))} ({len(towers)} tensors), that "
                f"{lacking} lacks; merge models of one architecture, or the language models alone"
            )
    return None


def _root(names: set[str]) -> str:
    """What stands before ``embed_tokens``, e.g. ``model.``; layers stand under the same."""
    found = (name.partition("embed_tokens.")[0] for name in names if "embed_tokens." in name)
    return next(found, "")


def setting(config: Mapping[str, Any], key: str) -> Any:
    """A setting of the language model, wherever this generation of config files keeps it."""
    found = next((found for one in reversed(sections(config)) if (found := _setting(one, key)) is not None), None)
    return 10_000.0 if found is None and key == "rope_theta" else found


def _setting(config: Mapping[str, Any], key: str) -> Any:
    rope = section(config, "rope_parameters")
    if key == "rope_theta":
        return config.get(key, rope.get(key))
    if key == "rope_scaling":
        scaling = section(config, key) or {k: v for k, v in rope.items() if k != "rope_theta"}
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
