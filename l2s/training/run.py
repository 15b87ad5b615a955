"""Training: a start model, its data, and the folder that comes of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from l2s.benchmarks.contamination import refuse_contamination
from l2s.checkpoints import Checkpoint
from l2s.core.digests import digest_file, digest_text, without_name
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.core.row import Row
from l2s.core.versions import __version__, version_of
from l2s.generation.settings import DecodingParams
from l2s.training.checkpoints import folder_of, remove
from l2s.training.data import read_samples
from l2s.training.gathered import refuse_learned_validation
from l2s.training.settings import TrainingParams

OnStep = Callable[[Mapping[str, Any]], None]
"""Told each line of the history as it is written."""


def train(
    settings: TrainingParams,
    *,
    start: Path,
    samples: Mapping[str, Path],
    problems: Path | None,
    validation: Path | None,
    benchmarks: Sequence[Path],
    out: Path,
    work: Path,
    decoding: DecodingParams = DecodingParams(),
    record_costs: bool = True,
    force: bool = False,
    on_step: OnStep | None = None,
    code: str = "",
) -> dict[str, Any]:
    """Train ``start`` as the settings say; ``out`` appears whole at the end.

    A training that was killed goes on from its newest whole state under ``work``, and ends with the same bytes. SIGTERM
    lets it finish its step and keep its state, and ends the process with 143.

    Args:
        start: folder of the start model.
        samples: files of verdict rows, by the names that the settings have for them.
        problems: rows to sample from, for methods that sample while they train.
        validation: problems on which a checkpoint is chosen; none: the last one is taken.
        benchmarks: problems that nothing may be trained on.
        out: a model folder like a merge's, with ``l2s_manifest.json`` and ``history.jsonl``.
        work: where states of an unfinished training lie.
        decoding: prompt and device; sampling is the settings'.
        record_costs: write seconds into manifest and history; without, their bytes repeat.
        force: replace whatever lies at ``out``.
        on_step: told how training goes.
        code: a fingerprint of the code that trains; what another one left unfinished is begun anew.

    Returns:
        The manifest.

    Raises:
        ConfigError, CheckpointError, RecordError: before anything is trained.
    """
    from l2s.training.folder import described, hardware, refuse_place, write_folder
    from l2s.training.job import Done, Job
    from l2s.training.quiet import quiet
    from l2s.training.words import Words

    refuse_place(out, start, force)
    model, words = Checkpoint(start), Words(start, decoding.prompt, settings.level_template)
    read = {name: read_samples(path) for name, path in _named(settings, samples).items()}
    asked, chosen_on = _problems(problems, settings.sampled), _problems(validation, settings.validation is not None)
    rows = {name: [{"id": one.id, "problem": one.problem} for one in found] for name, found in read.items()}
    tests = {path.stem: _problems(path, True) for path in benchmarks}
    learned = rows | ({"problems": asked} if asked else {})
    refuse_contamination(learned, tests)
    refuse_learned_validation(learned, chosen_on)
    inputs = {name: digest_file(samples[name]) for name in read}
    inputs |= {"problems": digest_file(problems)} if problems and asked else {}
    inputs |= {"validation": digest_file(validation)} if validation and chosen_on else {}
    own = folder_of(work, _digest(settings, model, inputs, decoding, code))
    job = Job(settings, start, words, read, asked, chosen_on, decoding, own)
    with quiet(), job.stop.on_signal():
        method = import_module(f"l2s.training.trainers.{settings.method}")
        done: Done = method.carry_out(job, on_step or (lambda line: None))
    costs = job.costs.spent() | {"hardware": hardware(job.device)}
    sampled = sum(one.tokens for found in read.values() for one in found)
    spent = {"sampled": sampled, "generated": costs.pop("generated"), "trained": costs.pop("trained")}
    manifest = described(
        settings, model, inputs, steps=len(done.history), tokens=spent, levels=list(done.levels),
        level_template=settings.level_template, **job.notes, **(costs if record_costs else {}),
    )  # fmt: skip
    history = done.history if record_costs else [_without_costs(line) for line in done.history]
    manifest = write_folder(out, model, done.weights, manifest, history, done.shown)
    remove(work)
    return manifest


def _named(settings: TrainingParams, samples: Mapping[str, Path]) -> dict[str, Path]:
    if missing := [name for name in settings.sources if name not in samples]:
        raise ConfigError(f"training: there are no samples '{missing[0]}'{nearest(missing[0], samples)}")
    return {name: samples[name] for name in dict.fromkeys(settings.sources)}


def _problems(path: Path | None, wanted: bool) -> list[Row]:
    from l2s.generation.generate import read_problems

    if not wanted:
        return []
    if path is None:
        raise ConfigError("training: there is no file of problems, which these settings ask for")
    if not (rows := read_problems(path)):
        raise ConfigError(f"{path}: holds no problems; expected JSONL with id, problem and gold")
    return rows


def _digest(
    settings: TrainingParams, start: Checkpoint, inputs: Mapping[str, str], decoding: DecodingParams, code: str
) -> str:
    """Digest of all that decides the bytes that are written."""
    packages = [__version__, *map(version_of, ("torch", "transformers", "trl"))]
    parts = [settings.model_dump(mode="json"), start.digest, dict(inputs), packages, decoding.device, code]
    parts.append(decoding.prompt.model_dump(mode="json"))
    return without_name(digest_text(json.dumps(parts, sort_keys=True)))[:16]


def _without_costs(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in ("seconds", "cpu_seconds")}
