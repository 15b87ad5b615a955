"""The manifest and the model card of a merge: written last, so that their presence means it is whole."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import torch
import yaml
from torch import Tensor

from l2s.checkpoints.checkpoint import MANIFEST
from l2s.files import write_json, write_text
from l2s.merging.donor import Donor
from l2s.merging.method import Weight
from l2s.merging.recipe import MergeRecipe

PACKAGES = ("l2s", "torch", "safetensors", "numpy")


class Diagnostics(NamedTuple):
    """What a merge did to one tensor, against the base (without one: against the first model)."""

    digest: str
    delta_norm: float
    """Euclidean norm of merged − base."""
    base_norm: float
    kept_share: float
    """Share of entries that the merge moves at all, before rounding."""
    sign_conflict_share: float
    """Share of entries where two task vectors pull in opposite directions."""
    unchanged_share: float
    """Share of entries that rounding to the stored dtype put back to the base's value."""


def diagnose(weight: Weight, merged: Tensor, stored: Tensor, digest: str) -> Diagnostics:
    """Diagnostics of one tensor: ``merged`` float32, ``stored`` as written."""
    base = weight.base if weight.base is not None else weight.models[0]
    signs = (weight.models - base).sign()
    conflict = (signs.amax(0) > 0) & (signs.amin(0) < 0)
    moved = merged != base
    undone = moved & (stored == base.to(stored.dtype))
    return Diagnostics(
        digest,
        _rounded(torch.linalg.vector_norm((merged - base).double())),
        _rounded(torch.linalg.vector_norm(base.double())),
        _rounded(moved.double().mean()),
        _rounded(conflict.double().mean()),
        _rounded(undone.double().mean()),
    )


def write_manifest(
    folder: Path,
    recipe: MergeRecipe,
    digests: Mapping[str, str],
    seed: int,
    donor: Donor,
    tensors: Mapping[str, Diagnostics],
    costs: Mapping[str, float],
) -> None:
    """``README.md`` and then ``l2s_manifest.json``; nothing in them depends on where the folder lies."""
    write_text(folder / "README.md", _card(recipe))
    content: dict[str, Any] = {
        "recipe": resolved(recipe),
        "inputs": dict(digests),
        "seed": seed,
        "donor": donor._asdict(),
        "versions": {package: version(package) for package in PACKAGES},
        "tensors": {name: diagnostics._asdict() for name, diagnostics in tensors.items()},
        **costs,
    }
    write_json(folder / MANIFEST, content)


def resolved(recipe: MergeRecipe) -> dict[str, Any]:
    """The recipe in today's words, defaults of its method filled in."""
    found: dict[str, Any] = json.loads(recipe.model_dump_json(exclude_none=True))
    defaults = {
        field.alias or name: field.default
        for name, field in recipe.method.params.model_fields.items()
        if not field.json_schema_extra
    }
    return {**found, "parameters": {**defaults, **found["parameters"]}}


def _card(recipe: MergeRecipe) -> str:
    """A model card with the front matter that hubs read."""
    front = {"base_model": [model.model for model in recipe.models], "tags": ["merge", "l2s"], "library_name": "transformers"}
    if recipe.base_model:
        front["base_model"] = [recipe.base_model, *(n for n in front["base_model"] if n != recipe.base_model)]
    shown = yaml.safe_dump(resolved(recipe), sort_keys=False, allow_unicode=True)
    return (
        f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n# A {recipe.merge_method} merge\n\n"
        f"Made with L2S ({recipe.method.paper}) from this recipe:\n\n```yaml\n{shown}```\n\n"
        f"What it did to every tensor is in `{MANIFEST}`.\n"
    )


def _rounded(value: Tensor) -> float:
    return float(f"{value.item():.9g}")
