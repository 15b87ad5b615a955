"""TRL's gradients of the first step against a slow reference: float64, one response at a time, no padding."""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from torch import Tensor
from transformers import TrainerCallback

from l2s.training.data import Example
from l2s.training.methods.grpo import Grpo
from l2s.training.trainers import dpo, grpo, tuning
from l2s.training.trainers.common import Recorder, load_model
from l2s.training.trainers.o1_pruner import O1PrunerTrainer, batches
from l2s.training.trainers.rows import example_rows
from l2s.training.union import parse_training
from tests.training.small import BLOCKS, job_of

Gradients = dict[str, Tensor]
RESPONSES = [[5, 9, 11], [7], [30, 31, 32, 33, 34, 35], [8, 8], [40, 41], [50, 3, 51, 52, 53], [60], [4, 70, 71, 72]]


class Capture(TrainerCallback):
    """The gradients of the first step; nothing more is done."""

    def __init__(self) -> None:
        self.found: Gradients = {}

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self.found = {name: p.grad.clone().double() for name, p in model.named_parameters()}
        control.should_training_stop = True


def captured(trainer: Any) -> Gradients:
    capture = Capture()
    trainer.add_callback(capture)
    trainer.train()
    return capture.found


def log_probabilities(model: Any, prompt: list[int], response: list[int]) -> Tensor:
    ids = torch.tensor([prompt + response])
    shares = model(input_ids=ids).logits[0].log_softmax(-1)
    return torch.stack([shares[len(prompt) + at - 1, token] for at, token in enumerate(response)])


def reference(model: Any, loss: Callable[[Any], Tensor]) -> Gradients:
    slow = copy.deepcopy(model).double()
    loss(slow).backward()
    return {name: p.grad for name, p in slow.named_parameters()}


def assert_close(found: Gradients, expected: Gradients) -> None:
    assert found.keys() == expected.keys()
    length = math.sqrt(sum(float((value**2).sum()) for value in expected.values()))
    apart = math.sqrt(sum(float(((found[name] - expected[name]) ** 2).sum()) for name in expected))
    assert length > 1e-3
    assert apart < 1e-5 * length


def settings_of(method: str, **more: Any) -> Any:
    block = {"method": method, "model": "m", "clip": 1e9, **BLOCKS[method], **more}
    return parse_training(block, "training.small")


@pytest.mark.parametrize(("loss", "importance"), [("grpo", "token"), ("dr_grpo", "sequence"), ("dapo", "token")])
def test_grpo(loss: str, importance: str, start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    settings: Grpo = settings_of("grpo", loss=loss, importance=importance, micro_batch=4)
    job = job_of(settings, start, inputs, tmp_path)
    prompts = [job.words.prompt(row["problem"]).ids for row in job.problems[:2] for _ in range(4)]
    worth = [1.5, -0.5, -1.0, 0.0, 0.25, 0.25, -0.75, 0.25]  # of two groups, each of mean 0

    def rollouts(places: list[str], trainer: Any) -> dict[str, Any]:
        return {"prompt_ids": prompts, "completion_ids": RESPONSES, "logprobs": None, "advantage": worth}

    def slowly(model: Any) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        tokens = sum(map(len, RESPONSES))
        for prompt, response, advantage in zip(prompts, RESPONSES, worth, strict=True):
            found = log_probabilities(model, prompt, response)
            ratio = torch.exp(found - found.detach())
            if importance == "sequence":
                ratio = torch.exp((found - found.detach()).mean()).expand(len(response))
            count = len(response)
            divisor = {"grpo": len(RESPONSES) * count, "dr_grpo": len(RESPONSES) * settings.max_tokens, "dapo": tokens}
            total = total - advantage * ratio.sum() / divisor[loss]
        return total

    model = load_model(job)
    expected = reference(model, slowly)
    trainer = grpo.trainer_of(job, settings, model, rollouts, Recorder(job, [], lambda line: None))
    assert_close(captured(trainer), expected)


def test_groups_of_equal_rewards_give_no_gradient(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    settings = settings_of("grpo")
    job = job_of(settings, start, inputs, tmp_path)
    prompts = [job.words.prompt(row["problem"]).ids for row in job.problems[:2] for _ in range(4)]

    def rollouts(places: list[str], trainer: Any) -> dict[str, Any]:
        return {"prompt_ids": prompts, "completion_ids": RESPONSES, "logprobs": None, "advantage": [0.0] * 8}

    trainer = grpo.trainer_of(job, settings, load_model(job), rollouts, Recorder(job, [], lambda line: None))
    assert all(not value.any() for value in captured(trainer).values())


def examples_of(job: Any) -> list[Example]:
    return [Example(str(at), row["problem"], "", " The" * (at + 1)) for at, row in enumerate(job.problems[:4])]


def parts(row: dict[str, Any]) -> tuple[list[int], list[int]]:
    response = [label for label in row["labels"] if label >= 0]
    return row["input_ids"][: -len(response)], response


def test_sft_counts_responses_and_their_stop_tokens_alone(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    settings = settings_of("sft")
    job = job_of(settings, start, inputs, tmp_path)
    rows, model = example_rows(job, examples_of(job)), load_model(job)
    for row, one in zip(rows, job.problems, strict=False):
        prompt, response = parts(row)
        assert prompt == job.words.model.prompt(one["problem"], job.decoding.prompt).ids
        assert response[-1] == job.words.stop and job.words.model.text(response) == " The" * (row["place"] + 1)

    def slowly(slow: Any) -> Tensor:
        found = torch.cat([log_probabilities(slow, *parts(row)) for row in rows])
        return -found.mean()

    expected = reference(model, slowly)
    trainer = tuning.trainer_of(job, model, Dataset.from_list(rows), 4, Recorder(job, [], lambda line: None))
    assert_close(captured(trainer), expected)


def test_o1_pruner(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    settings = settings_of("o1_pruner", micro_batch=2)
    job = job_of(settings, start, inputs, tmp_path)
    rows, model = example_rows(job, examples_of(job)), load_model(job)
    shifts, weights = [0.5, -0.5, 0.1, -0.1], [1.2, 0.7, -0.9, -1.0]  # the first is clipped
    for row, shift, weight in zip(rows, shifts, weights, strict=True):
        with torch.no_grad():
            now = float(log_probabilities(model, *parts(row)).mean())
        row |= {"reference": now - shift, "weight": weight, "share": 0.25}

    def slowly(slow: Any) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for row in rows:
            ratio = torch.exp(log_probabilities(slow, *parts(row)).mean() - row["reference"])
            clipped = ratio.clamp(0.8, 1.2)
            total = total + torch.maximum(-row["weight"] * ratio, -row["weight"] * clipped) / 4
        return total

    expected = reference(model, slowly)
    recorder = Recorder(job, [], lambda line: None)
    trainer = tuning.trainer_of(job, model, Dataset.from_list(rows), 4, recorder, O1PrunerTrainer, batches(job))
    assert_close(captured(trainer), expected)


@pytest.mark.parametrize("weight", [0.0, 0.5])
@pytest.mark.parametrize("count", [4, 3])  # of a batch of 4
@pytest.mark.parametrize("micro", [8, 4, *(pytest.param(few, marks=pytest.mark.long) for few in (2, 1))])
def test_dpo(micro: int, count: int, weight: float, start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    settings = settings_of("dpo", sft=weight, beta=0.3, micro_batch=micro)
    job = job_of(settings, start, inputs, tmp_path)
    prompts = [job.words.prompt(row["problem"]).ids for row in job.problems[:count]]
    pairs = [(prompt, RESPONSES[2 * at], RESPONSES[2 * at + 1]) for at, prompt in enumerate(prompts)]

    def slowly(slow: Any) -> Tensor:
        total, chosen = torch.zeros((), dtype=torch.float64), list[Tensor]()
        for prompt, better, worse in pairs:
            good, bad = log_probabilities(slow, prompt, better), log_probabilities(slow, prompt, worse)
            margin = (good - good.detach()).sum() - (bad - bad.detach()).sum()
            total = total - torch.nn.functional.logsigmoid(0.3 * margin) / len(pairs)
            chosen.append(good)
        return total - weight * torch.cat(chosen).mean()

    expected = reference(load_model(job), slowly)
    assert_close(captured(dpo.trainer_of(job, settings, pairs, Recorder(job, [], print))), expected)
