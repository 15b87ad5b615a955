"""Which checkpoint: on validation problems, the shortest of those at parity with the start model there.

Parity is the product's rule: the lower end of the paired interval of accuracy lies above minus the margin.
"""

from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import load_file, save_file

from l2s.analysis.statistics.paired import tango
from l2s.checkpoints.files.json_file import read_object
from l2s.core.files import replacing_folder, write_json
from l2s.generation.settings import SamplingParams
from l2s.training.job import Job
from l2s.training.settings import ValidationParams
from l2s.training.trainers.common import Recorder, Weights, load_model, merged_weights, stored
from l2s.training.trainers.rollouts import Asked, Sampler

WEIGHTS, FOUND = "weights.safetensors", "found.json"


class Measured(NamedTuple):
    """Greedy responses to the validation problems, at a step; 0: of the start model."""

    step: int
    right: list[bool]
    tokens: list[int]

    @property
    def mean(self) -> float:
        """Tokens of a response."""
        return sum(self.tokens) / len(self.tokens)


class Chooser:
    """Measures candidates while a trainer runs; without validation there is nothing to choose."""

    def __init__(self, job: Job, recorder: Recorder, sampler: Sampler | None = None) -> None:
        self.job, self.recorder, self.settings = job, recorder, job.settings.validation
        if self.settings is not None:
            self.sampler = sampler or Sampler(job)
            if not self._folder(0).is_dir():
                self._measure(0, load_model(job).state_dict(), self.settings)
            else:  # a killed training generated them
                job.costs.generated += sum(read_object(self._folder(0) / FOUND)["tokens"])
            recorder.after = self.after

    def after(self, step: int, model: Any) -> None:
        """Measure a candidate where one is due."""
        if self.settings is not None and step % self.settings.every == 0:
            self._measure(step, merged_weights(model), self.settings)

    def _measure(self, step: int, weights: Weights, settings: ValidationParams) -> None:
        """Measure the weights as they would be written, rounding and all."""
        kept = stored(self.job, weights, cast=True)
        sampling = SamplingParams(max_tokens=settings.max_tokens)
        groups = self.sampler.sample(kept, [Asked(row) for row in self.job.validation], sampling)
        found = Measured(step, [one.right for (one,) in groups], [len(one.ids) for (one,) in groups])
        with replacing_folder(self._folder(step)) as folder:
            save_file(kept, folder / WEIGHTS)
            write_json(folder / FOUND, found._asdict())

    def _folder(self, step: int) -> Path:
        return self.job.work / "candidates" / str(step)

    def chosen(self, last: Weights) -> Weights:
        """The weights that are kept; why is noted."""
        if self.settings is None:
            return last
        step = len(self.recorder.history)
        self._measure(step, last, self.settings)
        files = self._folder(0).parent.glob(f"*/{FOUND}")
        every = sorted(Measured(**read_object(file)) for file in files)
        start, candidates = every[0], [one for one in every[1:] if one.step <= step]
        best = choose(start, candidates, self.settings)
        told = [_told(one, start, self.settings) for one in candidates]
        self.job.notes["validation"] = {"start": _told(start, start, self.settings), "steps": told, "chosen": best.step}
        kept: Weights = load_file(self._folder(best.step) / WEIGHTS)
        return kept


def lower_end(one: Measured, start: Measured, confidence: float) -> float:
    """The lower end of the interval of the accuracy difference to the start model, problem by problem."""
    won = sum(ours and not theirs for ours, theirs in zip(one.right, start.right, strict=True))
    lost = sum(theirs and not ours for ours, theirs in zip(one.right, start.right, strict=True))
    return tango(won, lost, len(one.right), confidence).low


def choose(start: Measured, candidates: list[Measured], settings: ValidationParams) -> Measured:
    """The shortest at parity; if none is, the one whose loss is bounded best. Of equal ones the earlier."""
    low = {one.step: lower_end(one, start, settings.confidence) for one in candidates}
    if good := [one for one in candidates if low[one.step] > -settings.margin]:
        return min(good, key=lambda one: (one.mean, one.step))
    return min(candidates, key=lambda one: (-low[one.step], one.step))


def _told(one: Measured, start: Measured, settings: ValidationParams) -> dict[str, Any]:
    return {
        "step": one.step, "accuracy": sum(one.right) / len(one.right), "tokens": one.mean,
        "difference_low": lower_end(one, start, settings.confidence),
    }  # fmt: skip
