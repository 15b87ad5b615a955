"""Examples as rows of token ids, and the batches that they make."""

from collections.abc import Sequence

import torch
from torch import Tensor

from l2s.core.errors import ConfigError
from l2s.core.row import Row
from l2s.training.data import Example
from l2s.training.job import Job
from l2s.training.trainers.common import IGNORED


def example_rows(job: Job, examples: Sequence[Example]) -> list[Row]:
    """Ids of each example, and of what its loss is taken; what does not fit the model's context is left out."""
    rows = list[Row]()
    for place, one in enumerate(examples):
        prompt, response = job.words.prompt(one.problem, one.level).ids, job.words.response(one.completion)
        if job.words.fits(prompt, response):
            labels = [IGNORED] * len(prompt) + response
            rows.append({"place": place, "input_ids": prompt + response, "labels": labels, "weight": one.weight})
    if left := len(examples) - len(rows):
        job.notes["longer_than_context"] = left
    if not rows:
        raise ConfigError(
            f"{job.settings.method}: none of {left} examples fits the context of {job.start}, "
            f"{job.words.model.context} tokens; take shorter ones, or a model of a longer context"
        )
    return rows


def length_of(row: Row) -> int:
    """Tokens of a row."""
    return len(row["input_ids"])


def collated(rows: Sequence[Row], padding: int, numbers: Sequence[str] = ()) -> dict[str, Tensor]:
    """Rows padded to the right, and columns of numbers."""
    width = max(map(length_of, rows))

    def filled(column: str, value: int) -> Tensor:
        return torch.tensor([row[column] + [value] * (width - length_of(row)) for row in rows])

    mask = torch.tensor([[1] * length_of(row) + [0] * (width - length_of(row)) for row in rows])
    columns = {name: torch.tensor([row[name] for row in rows], dtype=torch.float32) for name in numbers}
    return {
        "input_ids": filled("input_ids", padding),
        "labels": filled("labels", IGNORED),
        "attention_mask": mask,
    } | columns
