"""The merge: read one weight of every model, call the method, round once, write; then the manifest."""

import json
import resource
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.remembered import note
from l2s.checkpoints.files.writer import SHARD, CheckpointWriter
from l2s.core.devices import refuse_device
from l2s.core.digests import digest_text
from l2s.core.errors import CheckpointError
from l2s.core.files import json_or_empty, replacing_folder, write_json, write_text
from l2s.core.progress import Track, silent
from l2s.merging.plan.memory import affordable_threads
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.plan.tensors import is_tied
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.card import model_card
from l2s.merging.run.diagnostics import TensorDiagnostics
from l2s.merging.run.journal import NAME as JOURNAL
from l2s.merging.run.journal import Journal
from l2s.merging.run.manifest import MANIFEST, DonorRecord, MergeManifest, OutputRecord, versions
from l2s.merging.run.prepared import PreparedMerge, weights_digest_of
from l2s.merging.run.side_files import write_side_files
from l2s.merging.run.tensors import TensorMerger, merge_tensors


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
    max_shard_size: int = SHARD,
    max_memory: int | None = None,
    device: str = "cpu",
    statistics: Mapping[str, Path] | None = None,
    code: str = "",
) -> MergeManifest:
    """Merge a recipe's models into the folder ``out``, which appears whole or not at all.

    Weights are merged in pieces, so memory grows with threads, not with the model; see
    :mod:`l2s.merging.plan.memory`. A merge that was killed goes on where it was.

    Args:
        recipe: the merge.
        models: folders by the recipe's names; a name that is not there is a folder itself.
        out: the folder; a merge of ours that lies there is replaced.
        seed: of random masks, unless the recipe has a ``random_seed``; recorded.
        threads: tensors merged at a time (default: one a core); changes no byte.
        track: shows progress, in bytes written.
        force: replace whatever lies at ``out``, and merge against warnings that can be overruled.
        record_costs: write seconds and peak memory into the manifest; without, its bytes repeat.
        max_shard_size: bytes of tensors in one file.
        max_memory: bytes the merge may take; it then uses fewer threads.
        device: ``cuda`` does the arithmetic there.
        statistics: files of calibration statistics by the recipe's names; a name that is not there is a
            file itself.
        code: a fingerprint of the code that merges; what another one left unfinished is begun anew.

    Returns:
        What ``l2s_manifest.json`` says.

    Raises:
        CheckpointError: models that are damaged or do not fit, a number that is none, a taken place.
        ConfigError: two seeds, or a ``tokenizer_source`` that is not among the models.
    """
    started = time.perf_counter()
    refuse_device(device)
    plan = plan_merge(recipe, models, out, statistics)
    layout = plan.checked(force)
    refuse_overwriting(out, plan.models, force)
    merge = PreparedMerge.of(plan, layout, seed, threads)
    threads = affordable_threads(recipe, [plan.shape for plan in merge.layout.tensors], threads, max_memory)
    try:
        with replacing_folder(out, resume=True) as folder:
            tensors, peak = _write_weights(merge, folder, threads, track, max_shard_size, device, code)
            manifest = _describe(merge, folder, tensors)
            if record_costs:
                costs = {"seconds": round(time.perf_counter() - started, 3), "peak_memory_bytes": peak}
                manifest = manifest.model_copy(update=costs)
            write_text(folder / "README.md", model_card(manifest, recipe.method, list(manifest.inputs)))
            write_json(folder / MANIFEST, manifest.model_dump(mode="json", exclude_none=True))
    except BlockingIOError:
        raise CheckpointError(f"{out}: another merge is writing there; wait for it, or choose another place") from None
    note((entry, tensors[name].digest) for name, entry in Checkpoint(out).index.entries.items())
    return manifest


def refuse_overwriting(out: Path, models: Mapping[str, Checkpoint], force: bool) -> None:
    """Is ``out`` a place to write to?

    Raises:
        CheckpointError: it holds something that is no merge of ours, or one of the models lies there.
    """
    place = out.resolve()
    for name, folder in [(name, folder) for name, model in models.items() for folder in model.folders]:
        source = folder.resolve()
        if source == place or place in source.parents or source in place.parents:
            raise CheckpointError(f"{out}: the model '{name}' lies at {folder}; choose another place for the merge")
    if out.exists() and not out.is_dir():
        raise CheckpointError(f"{out}: is a file; choose another place for the merge")
    is_merge = "recipe" in json_or_empty(out / MANIFEST)  # a training's manifest has none
    if out.is_dir() and any(out.iterdir()) and not is_merge and not force:
        raise CheckpointError(f"{out}: holds files that are no merge of ours; choose another place, or use --force")


def _write_weights(
    merge: PreparedMerge, folder: Path, threads: int, track: Track, max_shard_size: int, device: str, code: str
) -> tuple[dict[str, TensorDiagnostics], int]:
    """Also returns the most memory that was seen in use, in bytes."""
    layout = merge.layout
    journal = Journal(folder, _fingerprint(merge, max_shard_size, device, code))
    _clear(folder, bool(journal.finished))
    with (
        journal,
        CheckpointWriter(folder, layout.tensors, max_shard_size) as writer,
        TensorMerger(merge, writer, journal, device) as merger,
        closing(merge_tensors(merger, layout.tensors, threads, track)) as written,
    ):  # threads end before files close
        label = f"merging with {merge.plan.recipe.merge_method}"
        items = track(written, label, float(layout.size), lambda item: item.size)
        found, peak = dict[str, TensorDiagnostics](), 0
        for item in items:
            found[item.name], peak = item.diagnostics, max(peak, _own_memory())
    return {plan.name: found[plan.name] for plan in layout.tensors}, peak


def _fingerprint(merge: PreparedMerge, max_shard_size: int, device: str, code: str) -> str:
    """What decides the bytes that are written: only a merge with the same may go on where one was killed."""
    inputs = {name: found.model_dump() for name, found in merge.digests.items()}
    statistics = {name: found.digest for name, found in merge.plan.statistics.items()}
    plans = [[plan.name, plan.dtype, list(plan.shape)] for plan in merge.layout.tensors]
    parts = [merge.plan.recipe.resolved(), inputs, statistics, merge.seed, plans, max_shard_size, device]
    parts += [merge.layout.donor.model, versions(), code]
    return digest_text(json.dumps(parts, sort_keys=True))


def _clear(folder: Path, resumed: bool) -> None:
    """Take away what a killed merge left, but for its journal and weights where this one goes on from them."""
    for file in folder.iterdir():
        weights = file.suffix == ".safetensors" and not file.name.startswith(".")
        if not (resumed and (weights or file.name == JOURNAL)):
            file.unlink()


def _describe(merge: PreparedMerge, folder: Path, tensors: dict[str, TensorDiagnostics]) -> MergeManifest:
    """Write the donor's files, and say what the folder was made from."""
    recipe, layout = merge.plan.recipe, merge.layout
    files = write_side_files(folder, layout, recipe.chat_template)
    manifest = MergeManifest(
        recipe=recipe.resolved(),
        seed=merge.seed,
        inputs=dict(merge.digests),
        statistics={name: found.digest for name, found in merge.plan.statistics.items()},
        donor=DonorRecord(model=layout.donor.model, reason=layout.donor.reason, files=tuple(files)),
        output=OutputRecord(
            weights=weights_digest_of(tensors),
            total_size=layout.size,
            tied=is_tied(layout.tensors, layout.vocabulary.models[layout.donor.model]),
        ),
        notes=tuple(finding.sentence for finding in merge.plan.findings),
        versions=versions(),
        tensors=tensors,
    )
    return manifest.with_public_names()


def _own_memory() -> int:
    """Bytes of this process that are not pages of files; where that is not known, its largest size so far."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:", "VmSwap:")))
