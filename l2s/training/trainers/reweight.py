"""TL;DR's two streams: which one a row of a batch comes from is drawn by shares that follow tokens and accuracy.

A row is a pure function of the seed, its place and the shares. Shares that are decided after a step hold from the
step after the next on: a loader may have fetched the next batch by then, and does not have when a killed training
goes on. The references are the means of both models' samples; the model that is trained is sampled on problems of
its own, at temperature 1.
"""

import math
import random
from collections.abc import Sequence
from typing import Any

from datasets import Dataset

from l2s.benchmarks import write_problems
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.generation.generate import read_problems
from l2s.generation.settings import SamplingParams
from l2s.training.data import Example, Sample
from l2s.training.data.kinds.reweight import EQUAL, Measured, Reweight, refuse_equal
from l2s.training.data.kinds.reweight import Weights as Shares
from l2s.training.job import Job
from l2s.training.methods.sft import Sft
from l2s.training.trainers.common import Recorder, Weights, load_model, merged_weights, run_trainer
from l2s.training.trainers.rollouts import Asked, Sampler, told
from l2s.training.trainers.rows import collated, example_rows, trained_tokens
from l2s.training.trainers.tuning import trainer_of


def reweighted(job: Job, settings: Sft, data: Reweight, examples: Sequence[Example], recorder: Recorder) -> Weights:
    """Train on both streams; the weights that come of it."""
    streams = Streams(job, settings, data, examples, recorder)
    steps = math.ceil(settings.epochs * len(examples) / settings.batch_size)
    places = range(steps * settings.batch_size)
    trainer = trainer_of(
        job, load_model(job), Dataset.from_dict({"place": list(places)}), settings.batch_size, recorder,
        collator=streams,
    )  # fmt: skip
    chosen = recorder.after

    def after(step: int, model: Any) -> None:
        chosen(step, model)
        streams.after(step, model)

    recorder.after, recorder.line, recorder.more = after, streams.line, streams.saved
    return run_trainer(trainer, job, recorder, streams.restore)


class Streams:
    """Rows by their places, and the shares."""

    def __init__(
        self, job: Job, settings: Sft, data: Reweight, examples: Sequence[Example], recorder: Recorder
    ) -> None:
        self.job, self.settings, self.data, self.recorder = job, settings, data, recorder
        self.rows = {
            name: example_rows(job, [one for one in examples if one.stream == name]) for name in ("short", "long")
        }
        self.short, self.long = _measured(job.samples[data.short]), _measured(job.samples[data.long])
        refuse_equal(self.short, self.long)
        self.shares: list[tuple[int, Shares]] = [(-1, EQUAL)]
        """Each from when it was decided on, in steps done."""
        write_problems("develop", data.develop, job.work / "develop.jsonl")
        self.asked = [Asked(row) for row in read_problems(job.work / "develop.jsonl")]
        self.sampler = Sampler(job)

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """A batch of the rows in these places."""
        return collated([self.row(row["place"]) for row in rows], self.job.words.stop)

    def row(self, place: int) -> Row:
        """What is trained on in this place."""
        done = place // self.settings.batch_size
        share = [shares for step, shares in self.shares if step < done][-1]
        rng = random.Random(seed_for(self.settings.seed, "stream", place))
        return rng.choice(self.rows["short" if rng.random() < share[0] else "long"])

    def after(self, step: int, model: Any) -> None:
        """Decide on the shares anew, where that is due."""
        if step % self.data.every:
            return
        most = max(one.tokens for one in self.job.samples[self.data.long])
        seed = seed_for(self.settings.seed, "develop", step)
        sampling = SamplingParams(temperature=1.0, max_tokens=most, seed=seed)
        groups = self.sampler.sample(merged_weights(model), self.asked, sampling)
        tokens = sum(len(one.ids) for (one,) in groups) / len(groups)
        found = Measured(tokens, told(groups)["accuracy"])
        self.shares.append((step, self.data.updated(self.shares[-1][1], found, self.short, self.long)))

    def line(self, logs: dict[str, Any]) -> dict[str, Any]:
        """What a line of the history says: the step's tokens, and the share of the short stream as it now is."""
        done, size = len(self.recorder.history), self.settings.batch_size
        tokens = sum(trained_tokens(self.row(place)) for place in range(done * size, (done + 1) * size))
        self.job.costs.trained += tokens
        return {"tokens": tokens, "short_share": self.shares[-1][1][0]}

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps besides the trainer's state."""
        return {"shares": self.shares}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.shares = [(step, (short, long)) for step, (short, long) in state["shares"]]


def _measured(samples: Sequence[Sample]) -> Measured:
    return Measured(sum(one.tokens for one in samples) / len(samples), sum(one.right for one in samples) / len(samples))
