"""TRL's trainer of supervised fine-tuning, on token ids in an order of ours."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from l2s.core.row import Row
from l2s.training.data import Example
from l2s.training.job import Job
from l2s.training.trainers.common import Recorder, T, Weights, arguments, in_order, lora_of, run_trainer
from l2s.training.trainers.rows import collated, example_rows, length_of, trained_tokens


def fine_tune(
    job: Job, model: Any, examples: Sequence[Example], *, epochs: int, batch: int, seed: int, recorder: Recorder,
    told: Mapping[str, Any] | None = None,
) -> Weights:  # fmt: skip
    """Train ``model`` on examples; the weights that come of it. ``told`` stands in each line of the history."""
    rows = in_order(example_rows(job, examples), length_of, epochs, batch, seed)
    trainer = trainer_of(job, model, Dataset.from_list(rows), batch, recorder)
    counted = tokens_of(job, rows, batch, recorder, trained_tokens)
    recorder.line = lambda logs: counted(logs) | dict(told or {})
    return run_trainer(trainer, job, recorder)


def trainer_of(
    job: Job, model: Any, rows: Dataset, batch: int, recorder: Recorder, kind: type[SFTTrainer] = SFTTrainer,
    collator: Callable[[Sequence[Row]], Any] | None = None,
) -> SFTTrainer:  # fmt: skip
    """A trainer that takes rows as they stand, ``batch`` of them a step; ``collator`` makes batches of them."""
    settings = arguments(
        SFTConfig, job, batch, max_length=None, train_sampling_strategy="sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
    )  # fmt: skip
    return kind(
        model, settings, train_dataset=rows, processing_class=job.words.tokenizer, callbacks=[recorder],
        data_collator=collator or partial(collated, padding=job.words.stop), 
        peft_config=lora_of(job.settings, model),
    )  # fmt: skip


def tokens_of(
    job: Job, rows: Sequence[T], batch: int, recorder: Recorder, trained: Callable[[T], int]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function that adds to the history how many tokens of a step the loss is taken of."""

    def counted(logs: dict[str, Any]) -> dict[str, Any]:
        at = (len(recorder.history) - recorder.first) * batch
        tokens = sum(map(trained, rows[at : at + batch]))
        job.costs.trained += tokens
        return {"tokens": tokens}

    return counted
