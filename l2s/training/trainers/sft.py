"""Supervised fine-tuning by TRL, on token ids in an order of ours."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from l2s.training.data import Example
from l2s.training.job import Done, Job
from l2s.training.levels import LEVELS
from l2s.training.methods.sft import Sft
from l2s.training.trainers.choice import Chooser
from l2s.training.trainers.common import (
    Recorder,
    Tell,
    Weights,
    arguments,
    in_order,
    load_model,
    lora_of,
    run_trainer,
)
from l2s.training.trainers.rows import Row, collated, example_rows, length_of
from l2s.training.trainers.scoring import scorer


def carry_out(job: Job, tell: Tell) -> Done:
    """Fine-tune the start model on what the data make of samples."""
    settings = job.settings
    assert isinstance(settings, Sft)
    data = settings.data
    found = data.examples(job.samples, scorer(job) if data.scores else None)
    job.notes["data"] = {"examples": len(found.items), "problems": found.problems, "dropped": dict(found.dropped)}
    levels = [level for level in LEVELS if any(one.level == level for one in found.items)]
    job.words.refuse_alike(levels, found.items[0].problem)
    recorder = Recorder(job, [], tell)
    chooser = Chooser(job, recorder)
    weights = fine_tune(
        job, load_model(job), found.items, epochs=settings.epochs, batch=settings.batch_size, seed=settings.seed,
        recorder=recorder,
    )  # fmt: skip
    return Done(chooser.chosen(weights), recorder.history, levels)


def fine_tune(
    job: Job, model: Any, examples: Sequence[Example], *, epochs: int, batch: int, seed: int, recorder: Recorder,
    told: Mapping[str, Any] | None = None,
) -> Weights:  # fmt: skip
    """Train ``model`` on examples; the weights that come of it. ``told`` stands in each line of the history."""
    rows = in_order(example_rows(job, examples), length_of, epochs, batch, seed)
    trainer, counted = trainer_of(job, model, rows, batch, recorder), recorder.line
    recorder.line = lambda logs: counted(logs) | dict(told or {})
    return run_trainer(trainer, job, recorder)


def trainer_of(
    job: Job, model: Any, rows: Sequence[Row], batch: int, recorder: Recorder, kind: type[SFTTrainer] = SFTTrainer,
    numbers: Sequence[str] = (),
) -> SFTTrainer:  # fmt: skip
    """A trainer that takes rows as they stand, ``batch`` of them a step."""
    recorder.line = partial(_counted, job, rows, batch, recorder)
    settings = arguments(
        SFTConfig, job, batch, max_length=None, train_sampling_strategy="sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
    )  # fmt: skip
    return kind(
        model, settings, train_dataset=Dataset.from_list(list(rows)), processing_class=job.words.tokenizer,
        data_collator=partial(collated, padding=job.words.stop, numbers=numbers), callbacks=[recorder],
        peft_config=lora_of(job.settings),
    )  # fmt: skip


def _counted(job: Job, rows: Sequence[Row], batch: int, recorder: Recorder, logs: dict[str, Any]) -> dict[str, Any]:
    """Tokens of the step whose loss counts."""
    at = (len(recorder.history) - recorder.first) * batch
    tokens = sum(label >= 0 for row in rows[at : at + batch] for label in row["labels"])
    job.costs.trained += tokens
    return {"tokens": tokens}
