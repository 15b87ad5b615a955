"""How likely responses are under a model: mean log-probabilities of their tokens."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from l2s.core.row import Row
from l2s.training.job import Job
from l2s.training.trainers.common import IGNORED, load_model
from l2s.training.trainers.rows import collated, length_of, row_of

BATCH = 32


def scorer(job: Job) -> Callable[[Sequence[tuple[str, str]]], list[float]]:
    """From (text before, answer) to the mean negative log-likelihood of the answer under the start model, nats."""

    def score(texts: Sequence[tuple[str, str]]) -> list[float]:
        rows = [row_of(job.words.ids(before), job.words.response(answer)) for before, answer in texts]
        return [-one for one in mean_log_probabilities(load_model(job), rows, job)]

    return score


def mean_log_probabilities(model: Any, rows: Sequence[Row], job: Job) -> list[float]:
    """The mean over each row's labelled tokens, nats; rows of like lengths are read together."""
    found = [0.0] * len(rows)
    model = model.to(job.device).eval()
    order = sorted(range(len(rows)), key=lambda place: length_of(rows[place]))
    for at in range(0, len(order), BATCH):
        places = order[at : at + BATCH]
        batch = {key: value.to(job.device) for key, value in collated([rows[p] for p in places], 0).items()}
        with torch.inference_mode():
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        for place, one in zip(places, mean_log_probability(logits, batch["labels"]).tolist(), strict=True):
            found[place] = one
    return found


def mean_log_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean over the labelled tokens of each row, nats, ``[rows]``; from ``[rows, tokens, vocabulary]``."""
    labels = labels[:, 1:]
    lost = functional.cross_entropy(
        logits[:, :-1].float().transpose(1, 2), labels, ignore_index=IGNORED, reduction="none"
    )
    return -lost.sum(1) / (labels != IGNORED).sum(1)
