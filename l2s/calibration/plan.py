"""Plan: a calibration whose inputs were all checked, before anything is computed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from l2s.calibration.layers import refuse_other_architectures
from l2s.calibration.network import Network
from l2s.calibration.settings import CalibrationParams
from l2s.calibration.texts import Text, chosen, read_texts, token_ids
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.open import open_checkpoint
from l2s.checkpoints.statistics import DISTANCE
from l2s.core.devices import refuse_device
from l2s.core.digests import digest_file, digest_text
from l2s.core.errors import CheckpointError, ConfigError, L2SError, RecordError
from l2s.core.versions import __version__, version_of
from l2s.templates import ChatTemplate
from l2s.tokenizing import open_tokenizer

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Plan:
    """What is measured."""

    network: Network
    others: dict[str, Network]
    """By the columns that their distances have."""
    ids: list[list[int]]
    """Token ids of each text."""
    params: CalibrationParams
    about: dict[str, str]
    """What stands in the file of statistics."""
    key: str
    """A digest of everything that decides the statistics, and of how they are come by."""


def plan_calibration(
    model: Path, texts: Path, out: Path, params: CalibrationParams, others: Mapping[str, Path], device: str
) -> Plan:
    """Check and read everything but weights.

    Raises:
        L2SError: everything that is wrong.
    """
    problems: list[L2SError] = []
    _try(problems, lambda: _refuse_places(texts, out, params, others))
    _try(problems, lambda: refuse_device(device))
    device = device if torch.cuda.is_available() else "cpu"
    lines = _try(problems, lambda: chosen(read_texts(texts, params.answer), params.samples, params.seed))
    network = _try(problems, lambda: _open(str(model), {}, params, device))
    names = dict.fromkeys([*params.distance_to, *others])
    tried = [_try(problems, partial(_open, name, others, params, device)) for name in names]
    found = [other for other in tried if other is not None]
    if network is not None:
        _try(problems, lambda: _refuse_other_vocabularies(network, found))
    ids = None
    if network is not None and lines is not None:
        ids = _try(problems, lambda: _checked_ids(network, texts, lines, params))
    if problems:
        raise problems[0] if len(problems) == 1 else type(problems[0])("; ".join(map(str, problems)))
    assert network is not None and ids is not None
    columns = {f"{DISTANCE}{other.checkpoint.weights_digest}": other for other in found}
    about = _about(model, network, texts, ids, params)
    digests = [network.checkpoint.digest, *sorted(other.checkpoint.digest for other in found)]
    key = json.dumps([about, digests, params.kind, params.layers_at_a_time], sort_keys=True)
    return Plan(network, columns, ids, params, about, digest_text(key))


def _try(problems: list[L2SError], step: Callable[[], Found]) -> Found | None:
    try:
        return step()
    except L2SError as error:
        problems.append(error)
        return None


def _refuse_places(texts: Path, out: Path, params: CalibrationParams, others: Mapping[str, Path]) -> None:
    if out.is_dir():
        raise ConfigError(f"{out}: is a folder; expected a file to write, e.g. {out / 'statistics.safetensors'}")
    if out.exists() and texts.exists() and out.samefile(texts):
        raise ConfigError(f"{out}: holds the texts, and would be overwritten; name another file")
    if params.kind == "activations" and others:
        raise ConfigError("distances to other models go with kind sensitivities; activations are of one model alone")


def _open(reference: str, known: Mapping[str, Path], params: CalibrationParams, device: str) -> Network:
    network = Network.open(open_checkpoint(reference, known), device)
    if params.layers_at_a_time:
        refuse_other_architectures(network)
    return network


def _refuse_other_vocabularies(network: Network, others: list[Network]) -> None:
    odd = [f"{other.checkpoint.path} {other.vocabulary}" for other in others if other.vocabulary != network.vocabulary]
    if odd:
        raise CheckpointError(
            f"{network.checkpoint.path}: has logits for {network.vocabulary} tokens, but {listed(odd)}; "
            "distances compare models of one vocabulary"
        )


def _checked_ids(network: Network, file: Path, texts: list[Text], params: CalibrationParams) -> list[list[int]]:
    template = ChatTemplate(open_tokenizer(network.checkpoint.tokenizer_folder))
    ids = [token_ids(template, text, params.max_tokens) for text in texts]
    min_tokens = 2 if params.kind == "sensitivities" else 1  # the loss is that of the second token on
    if short := sorted(text.line for text, found in zip(texts, ids, strict=True) if len(found) < min_tokens):
        raise RecordError(f"{file}: {_lines(short)}: fewer than {min_tokens} tokens; remove such texts")
    if strange := sorted(text.line for text, f in zip(texts, ids, strict=True) if max(f) >= network.vocabulary):
        raise CheckpointError(
            f"{network.checkpoint.path}: its tokenizer makes tokens past the model's {network.vocabulary}, of "
            f"{file}, {_lines(strange)}; the tokenizer is of another model"
        )
    key = "block" if params.kind == "activations" else "max_tokens"
    longest = min(params.block, sum(map(len, ids))) if key == "block" else max(map(len, ids))
    if network.context is not None and longest > network.context:
        raise ConfigError(
            f"{network.checkpoint.path}: {longest} tokens exceed the model's context of {network.context}; "
            f"set {key} to {network.context} or less"
        )
    return ids


def _lines(numbers: list[int]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {listed(map(str, numbers))}"


def _about(
    model: Path, network: Network, texts: Path, ids: list[list[int]], params: CalibrationParams
) -> dict[str, str]:
    counts = {"samples": len(ids), "tokens": sum(map(len, ids)), "max_tokens": params.max_tokens, "seed": params.seed}
    if params.kind == "activations":
        counts["block"] = params.block
    packages = ("torch", "transformers")
    return {
        "model": model.name or model.resolve().name,
        "weights": network.checkpoint.weights_digest,
        "texts": digest_file(texts),
        "token_ids": digest_text(json.dumps(ids)),
        "answer": params.answer,
        "device": network.device,
        **{name: str(count) for name, count in counts.items()},
        "l2s": __version__,
        **{package: version_of(package).split("+")[0] for package in packages},
    }
