"""Rollouts: responses of the weights as they are now, by the product's own engine, and graded."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from l2s.core.digests import digest_text, without_name
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.transformers.engine import TransformersEngine
from l2s.generation.levels import Level
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import SamplingParams
from l2s.training.job import Job
from l2s.training.settings import RolloutParams
from l2s.training.trainers.common import Weights
from l2s.verification import verify_rows


class Asked(NamedTuple):
    """A problem, as it is asked."""

    row: Row
    level: Level | None = None
    turn: str | None = None
    """Of the user, where a reward words it."""


@dataclass(frozen=True)
class Rollout:
    """One response that was sampled and graded."""

    prompt: list[int]
    ids: list[int]
    """The stop token is the last, if the model ended by itself."""
    text: str
    right: bool
    """Graded right, and ended by itself."""
    truncated: bool


class Sampler:
    """An engine built once, and given the current weights before each use."""

    def __init__(self, job: Job) -> None:
        self.job, self.engine = job, TransformersEngine(job.start, job.device, job.decoding.max_batch_size)

    def sample(self, weights: Weights, asked: Sequence[Asked], sampling: SamplingParams) -> list[list[Rollout]]:
        """So many responses to each problem as ``sampling`` says, in order.

        Each draws from a stream made of the seed, the level, the problem and the sample.
        """
        self.engine.model.load_state_dict(weights, strict=False)  # a tied head is the embedding
        prompts = list(self._prompts(asked, sampling.samples))
        done = self.engine.generate(prompts, sampling, NoControl(), self.job.decoding.prompt)
        found = sorted(done, key=lambda one: one.index)
        self.job.costs.generated += sum(one.tokens for one in found)
        rows = [
            {"gold": asked[place // sampling.samples].row["gold"], "response": self.engine.words.text(one.ids),
             "finish": one.finish, "closed": one.closed}
            for place, one in enumerate(found)
        ]  # fmt: skip
        rollouts = [
            Rollout(prompt.ids, one.ids, row["response"], row["correct"] and one.finish == "stop", one.finish != "stop")
            for prompt, one, row in zip(prompts, found, verify_rows(rows), strict=True)
        ]
        return [rollouts[at : at + sampling.samples] for at in range(0, len(rollouts), sampling.samples)]

    def _prompts(self, asked: Sequence[Asked], samples: int) -> Iterator[Prompt]:
        for row, level, turn in asked:
            written = self.job.words.prompt(row["problem"], level, turn)
            for sample in range(samples):
                yield Prompt(f"{row['benchmark']} {level or ''}", row["id"], sample, *written[1:])


def sampling_of(settings: RolloutParams, number: int) -> SamplingParams:
    """How a method samples for the so many-th time."""
    return SamplingParams(
        temperature=settings.temperature, max_tokens=settings.max_tokens, samples=settings.samples,
        seed=seed_for(settings.seed, "rollout", number),
    )  # fmt: skip


def in_turn(problems: Sequence[Row], count: int, seed: int) -> list[Row]:
    """At least so many problems, in an order drawn from the seed; all come once before one comes again."""
    rng, stream = random.Random(seed_for(seed, "problems")), list[Row]()
    while len(stream) < count:
        stream += rng.sample(problems, len(problems))
    return stream


def told(groups: Sequence[Sequence[Rollout]]) -> dict[str, Any]:
    """What the history says of rollouts; lengths of right and wrong ones apart."""
    every = [one for group in groups for one in group]
    ids = "\n".join(" ".join(map(str, one.ids)) for one in every)
    return {
        "accuracy": sum(one.right for one in every) / len(every),
        "right_tokens": _mean([len(one.ids) for one in every if one.right]),
        "wrong_tokens": _mean([len(one.ids) for one in every if not one.right]),
        "truncated": sum(one.truncated for one in every) / len(every),
        "rollouts": without_name(digest_text(ids))[:16],
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
