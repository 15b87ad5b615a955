"""The merge: read one weight of every model, call the method, round once, write; then the manifest."""

import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.digest import combine
from l2s.checkpoints.dtypes import TORCH_NAMES
from l2s.checkpoints.writer import SHARD, CheckpointWriter, TensorPlan
from l2s.errors import CheckpointError, ConfigError
from l2s.files import replacing_folder, write_json, write_text
from l2s.merging.card import model_card
from l2s.merging.diagnostics import TensorDiagnostics
from l2s.merging.donor import Donor, choose_donor, write_side_files
from l2s.merging.manifest import (
    MANIFEST,
    DonorRecord,
    InputDigests,
    MergeManifest,
    OutputRecord,
    digests_of,
    versions,
)
from l2s.merging.plan import is_tied, only_dtype, plan_tensors
from l2s.merging.preflight import check_merge, open_models, refuse_overwriting
from l2s.merging.recipe import MergeRecipe
from l2s.merging.tensors import TensorMerger, merge_tensors
from l2s.progress import Track, silent

__all__ = ["check_merge", "merge_checkpoints"]


@dataclass(frozen=True)
class _Merge:
    """A merge that passed preflight."""

    recipe: MergeRecipe
    models: Mapping[str, Checkpoint]
    """All that are read, the base first."""
    plans: list[TensorPlan]
    donor: Donor
    digests: Mapping[str, InputDigests]
    notes: tuple[str, ...]
    seed: int


def merge_checkpoints(
    recipe: MergeRecipe,
    models: Mapping[str, Path] | None,
    out: Path,
    *,
    seed: int = 0,
    threads: int | None = None,
    track: Track = silent,
    force: bool = False,
    record_costs: bool = True,
    donor: str | None = None,
    max_shard_size: int = SHARD,
) -> MergeManifest:
    """Merge a recipe's models into the folder ``out``, which appears whole or not at all.

    Memory: the K + 1 models' copies of the largest tensor in float32, and about as much again, per thread.

    Args:
        recipe: the merge.
        models: folders by the recipe's names; a name that is not there is a folder itself.
        out: the folder; a merge of ours that lies there is replaced.
        seed: of random masks, unless the recipe has a ``random_seed``; recorded.
        threads: tensors merged at a time (default: up to 4); changes no byte.
        track: shows progress, in bytes written.
        force: replace whatever lies at ``out``, and merge against warnings that can be overruled.
        record_costs: write seconds and peak memory into the manifest; without, its bytes repeat.
        donor: whose config and tokenizer to take, unless the recipe has a ``tokenizer_source``.
        max_shard_size: bytes of tensors in one file.

    Returns:
        What ``l2s_manifest.json`` says.

    Raises:
        CheckpointError: models that are damaged or do not fit, a number that is none, a taken place.
        ConfigError: two seeds, or a donor that is not among the models.
    """
    started = time.perf_counter()
    prepared = _prepare(recipe, models, out, seed, force, donor)
    with replacing_folder(out) as folder:
        tensors = _write_weights(prepared, folder, threads, track, max_shard_size)
        manifest = _describe(prepared, folder, tensors)
        if record_costs:
            costs = {"seconds": round(time.perf_counter() - started, 3), "peak_memory_bytes": _peak_memory()}
            manifest = manifest.model_copy(update=costs)
        write_text(folder / "README.md", model_card(manifest, recipe.method, list(manifest.inputs)))
        write_json(folder / MANIFEST, manifest.model_dump(mode="json", exclude_none=True))
    return manifest


def _prepare(
    recipe: MergeRecipe, models: Mapping[str, Path] | None, out: Path, seed: int, force: bool, donor: str | None
) -> _Merge:
    opened = open_models(recipe, models)
    findings = check_merge(recipe, models, out)
    if refused := [f.sentence for f in findings if f.fatal and not (f.forcible and force)]:
        raise CheckpointError("; ".join(refused))
    refuse_overwriting(out, opened, force)
    chosen = choose_donor(recipe, opened, donor)
    plans = plan_tensors(recipe, opened, chosen.model)
    notes = tuple(finding.sentence for finding in findings)
    return _Merge(recipe, opened, plans, chosen, digests_of(opened), notes, _seed(recipe, seed))


def _seed(recipe: MergeRecipe, seed: int) -> int:
    if recipe.random_seed is None:
        return seed
    if seed not in (0, recipe.random_seed):
        raise ConfigError(f"the recipe's random_seed is {recipe.random_seed}, but seed {seed} was asked for; drop one")
    return recipe.random_seed


def _write_weights(
    merge: _Merge, folder: Path, threads: int | None, track: Track, max_shard_size: int
) -> dict[str, TensorDiagnostics]:
    digests = {name: found.weights for name, found in merge.digests.items()}
    total = sum(plan.size for plan in merge.plans)
    label = f"merging with {merge.recipe.merge_method}"
    with (
        CheckpointWriter(folder, merge.plans, max_shard_size) as writer,
        TensorMerger(merge.recipe, merge.models, digests, merge.seed, writer) as merger,
    ):
        written = track(merge_tensors(merger, merge.plans, threads), label, total, lambda item: item.size)
        return {item.name: item.diagnostics for item in written}


def _describe(merge: _Merge, folder: Path, tensors: dict[str, TensorDiagnostics]) -> MergeManifest:
    """Write the donor's files, and say what the folder was made from."""
    donor, dtype = merge.models[merge.donor.model], only_dtype(merge.plans)
    tied = is_tied(merge.plans)
    files = write_side_files(
        folder,
        donor,
        dtype=TORCH_NAMES[dtype] if dtype else None,
        tied=tied,
        rows=next((plan.shape[0] for plan in merge.plans if plan.name == donor.embedding), None),
        chat_template=merge.recipe.chat_template,
    )
    weights = combine((name, found.dtype, found.shape, found.digest) for name, found in tensors.items())
    manifest = MergeManifest(
        recipe=merge.recipe.resolved(),
        seed=merge.seed,
        inputs=dict(merge.digests),
        donor=DonorRecord(model=merge.donor.model, reason=merge.donor.reason, files=tuple(files)),
        output=OutputRecord(weights=weights, total_size=sum(plan.size for plan in merge.plans), tied=tied),
        notes=merge.notes,
        versions=versions(),
        tensors=tensors,
    )
    return manifest.with_public_names()


def _peak_memory() -> int:
    """Bytes; the largest this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
