"""Group-relative policy optimisation by TRL, on rollouts and advantages of ours.

TRL adds 1e-4 to the deviation that it divides by. Advantages are therefore made by
:func:`l2s.training.rewards.advantages` and given to TRL as rewards that it does not scale: less their group's mean,
which is 0, they stay what they are.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from l2s.core.errors import ConfigError
from l2s.training.data import normalised, reference_lengths
from l2s.training.job import Done, Job
from l2s.training.methods.grpo import Grpo
from l2s.training.rewards import Group, State, advantages
from l2s.training.trainers.choice import Chooser
from l2s.training.trainers.common import Recorder, Tell, arguments, load_model, lora_of, merged_weights, run_trainer
from l2s.training.trainers.rollouts import Asked, Rollout, Sampler, in_turn, sampling_of, told


def carry_out(job: Job, tell: Tell) -> Done:
    """Reinforce what the reward rewards."""
    settings = job.settings
    assert isinstance(settings, Grpo)
    levels = settings.reward.trained_levels
    job.words.refuse_alike(levels, job.problems[0]["problem"])
    recorder, rollouts = Recorder(job, [], tell), Rollouts(job, settings)
    chooser = Chooser(job, recorder, rollouts.sampler)
    recorder.line, recorder.more = rollouts.line, rollouts.saved
    trainer = trainer_of(job, settings, load_model(job), rollouts, recorder)
    weights = run_trainer(trainer, job, recorder, rollouts.restore)
    return Done(chooser.chosen(weights), recorder.history, levels, rollouts.shown)


class Rollouts:
    """What TRL calls for completions and for rewards; it keeps the reward's state."""

    def __init__(self, job: Job, settings: Grpo) -> None:
        self.job, self.settings, self.sampler, self.state = job, settings, Sampler(job), State()
        self.asked = order_of(job, settings)
        self.references = _references(job, settings)
        self.told: dict[str, Any] = {}
        self.shown: list[dict[str, Any]] = []
        """Responses to one problem at each checkpoint's step: ``samples.jsonl``."""

    def __call__(self, prompts: Sequence[str], trainer: Any) -> dict[str, Any]:
        """Responses to the problems in the places that ``prompts`` holds, each as often as its group is large."""
        settings, step = self.settings, trainer.state.global_step
        turn = settings.reward.turn(self.state)
        asked = [self.asked[int(place)]._replace(turn=turn) for place in prompts[:: settings.samples]]
        groups = self.sampler.sample(merged_weights(trainer.model), asked, sampling_of(settings, step))
        worth = self.worth(asked, groups)
        if step % settings.checkpoint_every == 0:
            self.shown += _shown(step, asked[0], groups[0], worth[0])
        every = [one for group in groups for one in group]
        self.job.costs.trained += sum(len(one.ids) for one in every)
        return {
            "prompt_ids": [one.prompt for one in every], "completion_ids": [one.ids for one in every],
            "logprobs": None, "advantage": [value for group in worth for value in group],
        }  # fmt: skip

    def worth(self, asked: Sequence[Asked], groups: Sequence[Sequence[Rollout]]) -> list[list[float]]:
        """Advantages; the reward's state goes on by one step."""
        reward = self.settings.reward
        rewards = [reward(self._group(*one), self.state) for one in zip(asked, groups, strict=True)]
        flat = [value for group in rewards for value in group]
        self.told = {"reward": sum(flat) / len(flat), **told(groups)}
        self.told["equal_groups"] = sum(len(set(group)) < 2 for group in rewards) / len(rewards)
        self.state = reward.next_state(self.state, self.told["accuracy"])
        return advantages(rewards, self.settings.scale, self.settings.std_epsilon)

    def _group(self, asked: Asked, group: Sequence[Rollout]) -> Group:
        return Group(
            [one.right for one in group], [len(one.ids) for one in group], [one.truncated for one in group],
            asked.level, self.references.get(normalised(asked.row["problem"])),
        )  # fmt: skip

    def line(self, logs: dict[str, Any]) -> dict[str, Any]:
        """What a line of the history says of the step's rollouts and of what TRL measured."""
        return self.told | ({"kl": logs["kl"]} if "kl" in logs else {})

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps besides the trainer's state."""
        return {"reward": asdict(self.state), "shown": self.shown}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.state, self.shown = State(**state["reward"]), state["shown"]


def _shown(step: int, asked: Asked, group: Sequence[Rollout], worth: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {
            "step": step, "id": asked.row["id"], "level": asked.level, "sample": sample, "response": one.text,
            "tokens": len(one.ids), "right": one.right, "truncated": one.truncated, "advantage": advantage,
        }
        for sample, (one, advantage) in enumerate(zip(group, worth, strict=True))
    ]  # fmt: skip


def advantage_of(
    prompts: Sequence[str], completions: Sequence[str], advantage: Sequence[float], **_: Any
) -> list[float]:
    """The reward that TRL is given."""
    return list(advantage)


def trainer_of(job: Job, settings: Grpo, model: Any, rollouts: Any, recorder: Recorder) -> GRPOTrainer:
    """One rollout for each step; prompts are places in an order of ours."""
    places = [{"prompt": str(place)} for place in range(settings.steps * settings.prompts)]
    config = arguments(
        GRPOConfig, job, settings.prompts * settings.samples, max_steps=settings.steps,
        num_generations=settings.samples, max_completion_length=settings.max_tokens, temperature=settings.temperature,
        beta=settings.kl, loss_type=settings.loss, scale_rewards="none",
        importance_sampling_level=settings.importance, epsilon=settings.epsilon_low,
        epsilon_high=settings.epsilon_high, shuffle_dataset=False, disable_dropout=True,
    )  # fmt: skip
    return GRPOTrainer(
        model, advantage_of, config, train_dataset=Dataset.from_list(places), processing_class=job.words.tokenizer,
        callbacks=[recorder], peft_config=lora_of(settings, model), rollout_func=rollouts,
    )  # fmt: skip


def order_of(job: Job, settings: Grpo) -> list[Asked]:
    """Problems and levels in turn."""
    stream = in_turn(job.problems, settings.steps * settings.prompts, settings.seed)
    levels = settings.reward.trained_levels
    return [Asked(row, levels[place % len(levels)] if levels else None) for place, row in enumerate(stream)]


def _references(job: Job, settings: Grpo) -> dict[str, float]:
    """Mean length of the start model's right responses, by normalised problem; problems without one are counted.

    Raises:
        ConfigError: the reward needs lengths, and none of the problems has one.
    """
    if settings.reference is None:
        return {}
    found = reference_lengths(job.samples[settings.reference])
    left = sum(normalised(row["problem"]) not in found for row in job.problems)
    if left == len(job.problems) and settings.reward.needs_reference:
        raise ConfigError(
            f"grpo: samples '{settings.reference}' hold no right response to any of its {left} problems, of whose "
            f"lengths reward {settings.reward.kind} makes targets; train on the problems that were sampled"
        )
    job.notes["without_reference"] = left
    return found
