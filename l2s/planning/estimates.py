"""What each stage of a run will cost: tokens, eFLOPs, disk, peak memory, seconds.

Nothing is loaded and no model is needed, only its shape. Every assumption that an estimate rests on is a
sentence beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from l2s.core.errors import ConfigError
from l2s.core.threads import default_threads
from l2s.merging.plan.memory import PROGRAM, predict_memory
from l2s.merging.recipe import MergeRecipe
from l2s.planning.machine import STEP, UTILISATION, Device, Past, device_seconds
from l2s.planning.shapes import Shape
from l2s.planning.training import learned, training_memory
from l2s.planning.work import NOTHING, Lengths, Work, generation_work

MERGE_BYTES_A_SECOND = {"ties": 240e6, "dare_ties": 270e6, "lore": 29e6, "twin": 36e6, "aim": 200e6, "sens": 400e6}
"""Read and written, with two cores: the README's table of merges of three models of 0.5 B parameters."""
OTHER_BYTES_A_SECOND = 400e6
ROW_BYTES = 700
"""Of a response's row besides its tokens' text."""
TOKEN_BYTES = 4
"""Of text, a token."""
PROMPT = 150.0
"""Tokens of a prompt, where no response shows them."""


@dataclass(frozen=True)
class Estimate:
    """What one stage is expected to take."""

    stage: str
    work: Work = NOTHING
    disk: float = 0.0
    """Bytes it writes."""
    memory: float = 0.0
    """Bytes at its peak."""
    trained: float = 0.0
    """Tokens that it trains on, each as often as it is met."""
    seconds: float | None = None
    """None: nothing is known that it could be worked out from."""


@dataclass
class Estimator:
    """Works out stages one by one, and collects what was assumed."""

    past: Past
    device: Device | None = None
    """None: this machine's processor."""
    devices: int = 1
    assumptions: dict[str, None] = field(default_factory=dict)
    """Sentences, each once, in the order in which they came up."""

    def assume(self, sentence: str) -> None:
        """Note what an estimate rests on."""
        self.assumptions[sentence] = None

    def merge(self, stage: str, recipe: MergeRecipe, shape: Shape) -> Estimate:
        """Bytes read and written at the method's measured rate; memory as the merge itself plans it."""
        written = 2.0 * shape.parameters
        moved = written * (len(recipe.input_names()) + 1)
        rate = MERGE_BYTES_A_SECOND.get(recipe.merge_method, OTHER_BYTES_A_SECOND)
        fixed = self.past.seconds(stage) or 1.0
        self.assume("merges: two cores and a disk as in the README's benchmark; other methods as task_arithmetic")
        return Estimate(
            stage,
            disk=written,
            memory=predict_memory(recipe, shape.tensors(), default_threads()),
            seconds=fixed + moved / rate,
        )

    def generate(
        self, stage: str, shape: Shape, questions: Mapping[str, int], lengths: Mapping[str, Lengths], settings: Any
    ) -> Estimate:
        """Tokens from the lengths, eFLOPs from the shape, seconds from past runs or the device's data sheet.

        Args:
            stage: its name.
            shape: the model's.
            questions: by benchmark.
            lengths: of responses, by benchmark.
            settings: decoding settings (``max_batch_size``, ``sampling``).
        """
        samples = settings.sampling.samples
        work = NOTHING
        for benchmark, count in questions.items():
            work += generation_work(shape, PROMPT, lengths[benchmark], samples, count)
        self.assume(f"a prompt has {PROMPT:.0f} tokens")
        weights = 2.0 * shape.parameters
        rows = min(settings.max_batch_size, samples * sum(questions.values()))
        keys = rows * (PROMPT + settings.sampling.max_tokens) * shape.kv_entries * 2.0
        rows_written = samples * sum(questions.values())
        return Estimate(
            stage,
            work,
            disk=work.tokens * TOKEN_BYTES + rows_written * ROW_BYTES,
            memory=PROGRAM + weights + keys,
            seconds=self._generation_seconds(work, weights, rows, weights + keys),
        )

    def _generation_seconds(self, work: Work, weights: float, rows: int, held: float) -> float | None:
        if self.device is not None:
            if held > self.devices * self.device.memory:
                needed = -(-held // self.device.memory)
                self.assume(
                    f"a generation holds {held / 1e9:.0f} GB: it needs {needed:.0f} such devices, or fewer rows"
                )
            self.assume(f"generation: {UTILISATION:.0%} of the data sheet's peak, at least {1000 * STEP:.0f} ms a step")
            return device_seconds(self.device, self.devices, work, weights, max(1, rows))
        rate = self.past.flops_a_second()
        if rate is None:
            self.assume("generation: no past run on this machine, so no hours; name a device with --gpu")
            return None
        self.assume(f"generation: {rate:.2g} FLOPs a second, the median of past runs on this machine")
        return work.compute / rate

    def calibrate(self, stage: str, shape: Shape, params: Any, others: int) -> Estimate:
        """Forward passes over the texts; sensitivities go backward as well (3 times the arithmetic)."""
        tokens = float(params.samples * params.max_tokens)
        passes = (3 if params.kind == "sensitivities" else 1) + others
        work = Work(tokens, 2.0 * shape.parameters * tokens * passes, 0.0)
        self.assume("calibration: every text has max_tokens tokens; weights are held in float32")
        memory = PROGRAM + 4.0 * shape.parameters * (2 if params.kind == "sensitivities" else 1)
        return Estimate(stage, work, disk=4.0 * shape.hidden * shape.layers * 8, memory=memory, seconds=None)

    def train(
        self, stage: str, settings: Any, shape: Shape, questions: Mapping[str, int], lengths: Mapping[str, Lengths]
    ) -> Estimate:
        """Tokens to generate and to train on; seconds as it took before.

        Args:
            stage: its name.
            settings: of :mod:`l2s.training.methods`.
            shape: the start model's.
            questions: problems of each block of samples that it names.
            lengths: of their responses.
        """
        found = learned(settings, questions, lengths)
        self.assume("trainings: every problem gives a response to train on; float32 weights, gradients and moments")
        return Estimate(
            stage,
            found.work(shape, PROMPT),
            disk=2.0 * shape.parameters,
            memory=PROGRAM + training_memory(settings, shape, found.mean + PROMPT),
            trained=found.trained * found.mean,
            seconds=self.past.own_seconds(stage),
        )

    def search(
        self,
        stage: str,
        settings: Any,
        recipe: MergeRecipe,
        shape: Shape,
        problems: int,
        lengths: Lengths,
        decoding: Any,
    ) -> Estimate:
        """The whole budget, and slow's answers.

        Args:
            stage: its name.
            settings: of :mod:`l2s.search.settings`.
            recipe: one of those that are tried.
            shape: the models'.
            problems: of the search's benchmark.
            lengths: of slow's responses.
            decoding: as of generations.
        """
        trials = settings.budget.trials
        asked = min(settings.budget.problems or trials * problems, trials * problems)
        if settings.budget.tokens is not None:
            asked = min(asked, int(settings.budget.tokens / lengths.mean))
        self.assume("searches: the whole budget is spent, on answers as long as slow's; every trial is merged once")
        found = self.generate(stage, shape, {"search": asked + problems}, {"search": lengths}, decoding)
        one = self.merge(stage, recipe, shape)
        parts = (found.seconds, one.seconds)
        seconds = None if None in parts else (found.seconds or 0.0) + trials * (one.seconds or 0.0)
        return replace(
            found,
            memory=found.memory + one.memory,
            seconds=self.past.own_seconds(stage) or seconds,
        )

    def other(self, stage: str) -> Estimate:
        """A stage whose cost does not depend on the models: as it was."""
        seconds = self.past.seconds(stage)
        if seconds is None:
            self.assume(f"{stage.partition('@')[0]}: it never ran here, its time is not counted")
        return Estimate(stage, memory=self.past.peak(stage) or float(PROGRAM), seconds=seconds)


def totals(estimates: Iterable[Estimate]) -> Estimate:
    """All together: seconds are summed as if one ran after another, memory is the largest."""
    found = list(estimates)
    work = NOTHING
    for estimate in found:
        work += estimate.work
    return Estimate(
        "all",
        work,
        disk=sum(estimate.disk for estimate in found),
        trained=sum(estimate.trained for estimate in found),
        memory=max((estimate.memory for estimate in found), default=0.0),
        seconds=sum(estimate.seconds or 0.0 for estimate in found),
    )


def require_shape(name: str, shape: Shape | None) -> Shape:
    """The shape, if it is known.

    Raises:
        ConfigError: it is not.
    """
    if shape is None:
        raise ConfigError(
            f"models.{name}: its shape is not known; expected a folder with config.json, or a name that ends like "
            "a published model's, e.g. Qwen2.5-Math-7B"
        )
    return shape
