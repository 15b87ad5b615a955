"""The merge: read one weight of every model, call the method, round once, write; then the manifest."""

import hashlib
import resource
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checkpoint import MANIFEST
from l2s.checkpoints.compatible import Finding, compare, tensor_names
from l2s.checkpoints.reader import EMBEDDING, HEAD, CheckpointReader
from l2s.checkpoints.writer import SHARD_BYTES, CheckpointWriter, Planned
from l2s.errors import CheckpointError
from l2s.files import replacing_folder
from l2s.merging.donor import choose_donor, copy_from_donor
from l2s.merging.manifest import Diagnostics, diagnose, write_manifest
from l2s.merging.method import Weight
from l2s.merging.recipe import MergeRecipe
from l2s.progress import Track, silent

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class _Merged(NamedTuple):
    name: str
    stored: Tensor
    diagnostics: Diagnostics


def check_merge(recipe: MergeRecipe, folders: Mapping[str, Path]) -> list[Finding]:
    """Everything that would make the merge fail or that its user should know; nothing is written."""
    findings, models = [], {}
    for name in _all_names(recipe):
        checkpoint = Checkpoint(folders.get(name, Path(name)))
        try:
            assert checkpoint.index is not None
            models[name] = checkpoint
        except CheckpointError as error:
            findings.append(Finding(True, str(error)))
    if len(models) == len(_all_names(recipe)):
        findings += compare(models)
    weights = [model.parameters.get("weight") for model in recipe.models]
    if recipe.merge_method == "linear" and all(isinstance(weight, (int, float)) for weight in weights):
        total = sum(float(weight) for weight in weights if isinstance(weight, (int, float)))
        if abs(total - 1) > 1e-6:
            said = "divided by that" if recipe.parameters.get("normalize", True) else "not normalized"
            findings.append(Finding(False, f"weights sum to {total:g}; the merge is {said}"))
    return findings


def merge_checkpoints(
    recipe: MergeRecipe,
    folders: Mapping[str, Path],
    out: Path,
    *,
    seed: int = 0,
    threads: int | None = None,
    force: bool = False,
    record_costs: bool = True,
    shard_bytes: int = SHARD_BYTES,
    track: Track = silent,
) -> None:
    """Merge the recipe's models into the folder ``out``, which appears whole or not at all.

    Args:
        folders: the recipe's model names to folders; a name that is not there is a folder itself.
        seed: of random masks; recorded.
        threads: tensors computed at a time; changes no byte.
        force: replace a folder at ``out`` that no merge of ours made.
        record_costs: note seconds and peak memory in the manifest; without them its bytes repeat.

    Raises:
        CheckpointError: the models do not fit, an input is damaged or holds NaN; nothing is written.
        ConfigError: a parameter is out of bounds for some tensor.
    """
    started = time.perf_counter()
    fatal = [finding.sentence for finding in check_merge(recipe, folders) if finding.fatal]
    if fatal:
        raise CheckpointError("; ".join(fatal))
    if out.exists() and not force and not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(f"{out}: exists and is no merge of L2S; choose another name or use --force")
    models = {name: Checkpoint(folders.get(name, Path(name))) for name in _all_names(recipe)}
    names = tensor_names(models)
    layers = int(next(iter(models.values())).config.get("num_hidden_layers", 1))
    for name in names:
        recipe.params_for(name, layers)
    digests = {name: model.digest for name, model in models.items()}
    donor = choose_donor(recipe, models)
    plan = [Planned(name, _dtype(recipe, models, name), _shape(models, name)) for name in names]
    merging = _Merging(recipe, models, digests, seed, layers)
    with replacing_folder(out) as folder:
        tensors = {}
        with merging, CheckpointWriter(folder, plan, shard_bytes) as writer:
            label = f"merging with {recipe.merge_method}"
            for merged in track(merging.run(plan, threads or 1), label, len(plan)):
                writer.write(merged.name, merged.stored)
                tensors[merged.name] = merged.diagnostics
        dtype = str(plan[0].dtype).removeprefix("torch.")
        tied = HEAD not in names and bool(models[donor.name].config.get("tie_word_embeddings"))
        copy_from_donor(models[donor.name], folder, dtype=dtype, tied=tied, chat_template=recipe.chat_template)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        costs = {"seconds": round(time.perf_counter() - started, 3), "peak_memory_bytes": peak}
        write_manifest(folder, recipe, digests, seed, donor, tensors, costs if record_costs else {})


class _Merging:
    """Open inputs, and the merge of one tensor after another."""

    def __init__(
        self, recipe: MergeRecipe, models: Mapping[str, Checkpoint], digests: Mapping[str, str], seed: int, layers: int
    ) -> None:
        self.recipe, self.digests, self.seed, self.layers = recipe, digests, seed, layers
        self.merged = recipe.model_names()
        self.base = recipe.base_model if recipe.method.needs_base else None
        self.readers = {name: CheckpointReader(model) for name, model in models.items()}
        self.stack = ExitStack()

    def __enter__(self) -> None:
        for reader in self.readers.values():
            self.stack.enter_context(reader)

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def run(self, plan: list[Planned], threads: int) -> Iterator[_Merged]:
        """Every tensor in the plan's order; each is computed by one thread, so that the bytes do not depend on them."""
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            if threads == 1:
                yield from map(self.one, plan)
                return
            with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                for start in range(0, len(plan), 2 * threads):
                    yield from pool.map(self.one, plan[start : start + 2 * threads])
        finally:
            torch.set_num_threads(before)

    def one(self, planned: Planned) -> _Merged:
        """Merge one tensor in float32 and round it once."""
        with torch.no_grad():
            base = self._read(self.base, planned.name) if self.base else None
            models = torch.stack([self._read(name, planned.name) for name in self.merged])
            digests = tuple(self.digests[name] for name in self.merged)
            weight = Weight(planned.name, base, models, digests, self.seed)
            merged = self.recipe.method.function(weight, self.recipe.params_for(planned.name, self.layers))
            stored = merged.to(planned.dtype)
            if not torch.isfinite(stored).all():
                raise CheckpointError(
                    f"{planned.name}: the merge overflows {planned.dtype} in {int((~torch.isfinite(stored)).sum())} "
                    "entries; use dtype bfloat16 or float32, or smaller weights"
                )
            data = stored.contiguous().flatten().view(torch.uint8).numpy().data
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            return _Merged(planned.name, stored, diagnose(weight, merged, stored, digest))

    def _read(self, model: str, name: str) -> Tensor:
        stored = self.readers[model].read(name)
        if not torch.isfinite(stored).all():
            count = int((~torch.isfinite(stored)).sum())
            raise CheckpointError(f"{name} of {model} holds {count} NaN or infinite entries; get a sound copy of the model")
        return stored.float()


def _all_names(recipe: MergeRecipe) -> list[str]:
    """The base first, then every listed model, each once."""
    listed = [model.model for model in recipe.models]
    return list(dict.fromkeys([*([recipe.base_model] if recipe.base_model else []), *listed]))


def _shape(models: Mapping[str, Checkpoint], name: str) -> tuple[int, ...]:
    return next(iter(models.values())).index[name if _held(models, name) else EMBEDDING].shape


def _dtype(recipe: MergeRecipe, models: Mapping[str, Checkpoint], name: str) -> torch.dtype:
    """The recipe's, else the one in which the first model stores the tensor."""
    if recipe.out_dtype or recipe.dtype:
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[
            str(recipe.out_dtype or recipe.dtype)
        ]
    return DTYPES[next(iter(models.values())).index[name if _held(models, name) else EMBEDDING].dtype]


def _held(models: Mapping[str, Checkpoint], name: str) -> bool:
    return name in next(iter(models.values())).index
