"""What all trainers share: the model, TRL's arguments, and a callback that keeps history and checkpoints."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor
from transformers import PreTrainedModel, PrinterCallback, Trainer, TrainerCallback

from l2s.causal_lm import load_causal_lm
from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.core.seeds import seed_for
from l2s.training import checkpoints
from l2s.training.folder import refuse_untrainable
from l2s.training.job import Job
from l2s.training.settings import TrainingParams

IGNORED = -100
T = TypeVar("T")
Weights = Mapping[str, Tensor]
Tell = Callable[[Mapping[str, Any]], None]
"""Told each line of the history."""


def load_model(job: Job) -> PreTrainedModel:
    """The start model with master weights in float32 on a CPU, in its own type on a GPU."""
    if job.device == "cpu":
        torch.set_num_threads(1)  # every sum in one order, whatever the machine
    model = load_causal_lm(job.start, torch.float32 if job.device == "cpu" else "auto").model
    refuse_untrainable(Checkpoint(job.start), model.state_dict())
    model.set_attn_implementation("sdpa")
    return model


def stored(job: Job, weights: Weights, cast: bool = False) -> dict[str, Tensor]:
    """Weights by the start model's names, one copy of each; ``cast``: as they will be written."""
    model = Checkpoint(job.start)
    kinds = {name: getattr(torch, TORCH_NAMES[model.entry(name).dtype]) for name in model.names()}
    return {
        name: weights[name].detach().to("cpu", kind if cast else None, copy=True).contiguous()
        for name, kind in kinds.items()
    }


def lora_of(settings: TrainingParams, model: Any) -> Any:
    """Peft's configuration of the adapters; None: all weights are trained.

    Raises:
        ConfigError: the model lacks a module that is to be adapted.
    """
    if settings.lora is None:
        return None
    from peft import LoraConfig

    targets, known = list(settings.lora.targets), {name.rpartition(".")[2] for name, _ in model.named_modules()} - {""}
    every = targets == ["all-linear"]
    if wrong := [one for one in targets if one.rpartition(".")[2] not in known and not every]:
        raise ConfigError(f"lora.targets: the model has no module '{wrong[0]}'{nearest(wrong[0], known)}")
    return LoraConfig(
        r=settings.lora.r, lora_alpha=settings.lora.alpha, task_type="CAUSAL_LM",
        target_modules="all-linear" if every else targets,
    )  # fmt: skip


def divided(batch: int, most: int) -> tuple[int, int]:
    """A batch as (texts at once, times): the fewest equal parts that are at most so large."""
    size = max(size for size in range(1, min(batch, most) + 1) if batch % size == 0)
    return size, batch // size


def arguments(kind: Callable[..., T], job: Job, batch: int, **more: Any) -> T:
    """TRL's arguments; nothing is sent anywhere, nothing depends on the machine."""
    settings, cpu = job.settings, job.device == "cpu"
    size, times = divided(batch, settings.micro_batch)
    return kind(
        output_dir=str(job.work), per_device_train_batch_size=size, gradient_accumulation_steps=times,
        learning_rate=settings.learning_rate, warmup_steps=settings.warmup, lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": settings.floor}, optim="adamw_torch", adam_beta1=0.9, adam_beta2=0.98,
        weight_decay=settings.weight_decay, max_grad_norm=settings.clip, seed=settings.seed,
        save_strategy="steps", save_steps=settings.checkpoint_every, save_total_limit=2, logging_steps=1,
        report_to="none", disable_tqdm=True, use_cpu=cpu, bf16=not cpu, gradient_checkpointing=not cpu,
        full_determinism=not cpu, dataloader_pin_memory=False, remove_unused_columns=False, num_train_epochs=1,
        **more,
    )  # fmt: skip


def in_order(items: Sequence[T], length: Callable[[T], int], epochs: int, batch: int, seed: int) -> list[T]:
    """Every item once an epoch, in an order drawn from the seed; within a batch by length."""
    rng, stream = random.Random(seed_for(seed, "order")), list[T]()
    for _ in range(epochs):
        stream += rng.sample(items, len(items))
    return [item for at in range(0, len(stream), batch) for item in sorted(stream[at : at + batch], key=length)]


def merged_weights(model: Any) -> Weights:
    """The model's weights as a loader takes them; adapters are added into a copy."""
    if hasattr(model, "merge_and_unload"):
        model = deepcopy(model).merge_and_unload()
    weights: Weights = model.state_dict()
    return weights


class Recorder(TrainerCallback):
    """History, costs, candidates and whole checkpoints of one run of a trainer."""

    def __init__(self, job: Job, history: list[dict[str, Any]], tell: Tell) -> None:
        self.job, self.history, self.tell = job, history, tell
        self.first = history[-1]["step"] if history else 0
        """Steps of the runs before: numbers go on."""
        self.more: Callable[[], dict[str, Any]] = dict
        """What the method adds to a checkpoint's state."""
        self.line: Callable[[dict[str, Any]], dict[str, Any]] = lambda logs: {}
        """What the method adds to a line of the history, given what TRL logs."""
        self.after: Callable[[int, Any], None] = lambda step, model: None
        """Done after each step."""

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Let the method look at the model; stop with a checkpoint where that is asked for."""
        self.after(self.first + state.global_step, model)
        if self.job.stop.asked:
            control.should_save = control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Add a line to the history after each step."""
        if logs is None or "loss" not in logs:
            return
        kept = {"loss": logs["loss"], "grad_norm": logs.get("grad_norm"), "learning_rate": logs.get("learning_rate")}
        kept |= {"entropy": logs["entropy"]} if "entropy" in logs else {}
        line = {"step": self.first + state.global_step, **kept, **self.line(logs), **self.job.costs.spent()}
        if any(isinstance(value, float) and not math.isfinite(value) for value in kept.values()):
            raise ConfigError(
                f"{self.job.settings.method}: loss or gradient is no number any more at step {line['step']}; "
                "take a smaller learning_rate"
            )
        self.history.append(line)
        self.tell(line)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """TRL has written its files: the checkpoint is whole once this is there."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        spent = self.job.costs.spent()
        checkpoints.complete(folder, {"history": self.history, "costs": spent, **self.more()})


def take_over(job: Job, history: list[dict[str, Any]], state: Mapping[str, Any]) -> None:
    """Go on with the history and the costs of a state."""
    history[:] = state["history"]
    costs = job.costs
    costs.generated, costs.trained = state["costs"]["generated"], state["costs"]["trained"]
    costs.seconds, costs.cpu_seconds = state["costs"]["seconds"], state["costs"]["cpu_seconds"]


def run_trainer(
    trainer: Trainer, job: Job, recorder: Recorder, restore: Callable[[dict[str, Any]], None] = lambda state: None
) -> Weights:
    """Train from the newest checkpoint, or from the start; the weights at the end."""
    trainer.remove_callback(PrinterCallback)
    found = checkpoints.newest(job.work)
    if found is not None:
        take_over(job, recorder.history, found[1])
        restore(found[1])
    trainer.train(resume_from_checkpoint=None if found is None else str(found[0]))
    job.stop.leave()
    return merged_weights(trainer.model)
