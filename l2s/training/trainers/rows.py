"""Examples as rows of token ids, and the batches that they make."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from l2s.core.errors import ConfigError
from l2s.core.row import Row
from l2s.training.data import Example
from l2s.training.job import Job
from l2s.training.trainers.common import IGNORED, T


def example_rows(job: Job, examples: Sequence[Example]) -> list[Row]:
    """Ids of each example, and of what its loss is taken; what does not fit the model's context is left out."""
    rows = list[Row]()
    for place, one in enumerate(examples):
        prompt, response = job.words.prompt(one.problem, one.level).ids, job.words.response(one.completion)
        rows.append({"place": place, **row_of(prompt, response), "weight": one.weight})
    return fitting(job, rows, length_of)


def row_of(prompt: list[int], response: list[int]) -> Row:
    """Ids of both, and what the loss is taken of: the response."""
    return {"input_ids": prompt + response, "labels": [IGNORED] * len(prompt) + response}


def fitting(job: Job, found: Sequence[T], length: Callable[[T], int]) -> list[T]:
    """What fits the model's context; how much does not is noted.

    Raises:
        ConfigError: nothing does.
    """
    context = job.words.model.context
    kept = [one for one in found if context is None or length(one) <= context]
    if left := len(found) - len(kept):
        job.notes["longer_than_context"] = left
    if not kept:
        raise ConfigError(
            f"{job.settings.method}: none of {left} examples fits the context of {job.start}, "
            f"{context} tokens; take shorter ones, or a model of a longer context"
        )
    return kept


def length_of(row: Row) -> int:
    """How many tokens a row has."""
    return len(row["input_ids"])


def trained_tokens(row: Row) -> int:
    """How many tokens of a row the loss is taken of."""
    return sum(label >= 0 for label in row["labels"])


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
