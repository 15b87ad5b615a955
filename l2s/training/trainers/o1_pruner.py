"""O1-Pruner's loss within TRL's trainer of supervised fine-tuning."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from trl import SFTTrainer

from l2s.core.row import Row
from l2s.training.job import Done, Job
from l2s.training.methods.o1_pruner import O1Pruner
from l2s.training.trainers.choice import Chooser
from l2s.training.trainers.common import Recorder, Tell, in_order, load_model, run_trainer
from l2s.training.trainers.rows import collated, example_rows, length_of, trained_tokens
from l2s.training.trainers.scoring import mean_log_probabilities, mean_log_probability
from l2s.training.trainers.tuning import tokens_of, trainer_of


def carry_out(job: Job, tell: Tell) -> Done:
    """Make short and right responses likelier than they were, within the clip."""
    settings = job.settings
    assert isinstance(settings, O1Pruner)
    found = settings.data.examples(job.samples, settings.alpha, settings.seed)
    job.notes["data"] = {"examples": len(found.items), "problems": found.problems, "dropped": dict(found.dropped)}
    rows, model = example_rows(job, found.items), load_model(job)
    for row, reference in zip(rows, mean_log_probabilities(model, rows, job), strict=True):
        row["reference"] = reference
    ordered = [dict(row) for row in in_order(rows, length_of, settings.epochs, settings.batch_size, settings.seed)]
    for at in range(0, len(ordered), settings.batch_size):
        batch = ordered[at : at + settings.batch_size]
        for row in batch:
            row["share"] = 1 / len(batch)
    recorder = Recorder(job, [], tell)
    trainer = trainer_of(
        job, model, Dataset.from_list(ordered), settings.batch_size, recorder, O1PrunerTrainer, batches(job)
    )
    recorder.line = tokens_of(job, ordered, settings.batch_size, recorder, trained_tokens)
    chooser = Chooser(job, recorder)
    trainer.clip_ratio = settings.clip_ratio
    return Done(chooser.chosen(run_trainer(trainer, job, recorder)), recorder.history)


def batches(job: Job) -> Callable[[Sequence[Row]], dict[str, Tensor]]:
    """Batches with what the loss takes besides ids."""
    return partial(collated, padding=job.words.stop, numbers=("weight", "reference", "share"))


class O1PrunerTrainer(SFTTrainer):
    """The mean over a batch of max(−w ρ, −w clip(ρ))."""

    clip_ratio = 0.2

    def compute_loss(
        self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a part of a batch; ``share`` is one over the rows of the whole."""
        outputs = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False)
        now = mean_log_probability(outputs.logits, inputs["labels"])
        loss = (pruner_loss(now, inputs["reference"], inputs["weight"], self.clip_ratio) * inputs["share"]).sum()
        return (loss, outputs) if return_outputs else loss


def pruner_loss(now: Tensor, reference: Tensor, weight: Tensor, clip: float) -> Tensor:
    """The loss of each response, from its mean log-probability of a token now and under the start model."""
    ratio = torch.exp(now - reference)
    return torch.maximum(-weight * ratio, -weight * ratio.clamp(1 - clip, 1 + clip))
