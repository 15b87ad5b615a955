"""The draw of one token a row: from the row's own stream, whatever the batch."""

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from l2s.core.seeds import seed_for
from l2s.generation.settings import SamplingParams


def stream_for(seed: int, benchmark: str, problem: str, sample: int) -> random.Random:
    """The random stream of one response."""
    return random.Random(seed_for(seed, "sample", benchmark, problem, sample))


def choose_tokens(logits: Tensor, params: SamplingParams, streams: Sequence[random.Random | None]) -> list[int]:
    """One token id per row of ``logits``, ``[rows, vocabulary]``, float32.

    Sampling inverts the cumulative distribution of the tokens sorted by probability: one uniform
    number a token, so a row's choices depend on its own logits and stream alone. A row without a
    stream takes its likeliest token, and no number is drawn for it.
    """
    if params.greedy or all(stream is None for stream in streams):
        return [int(token) for token in logits.argmax(-1).tolist()]
    ordered, tokens = (logits / params.temperature).sort(dim=-1, descending=True, stable=True)
    if params.top_k:
        ordered = ordered[:, : params.top_k]
    shares = ordered.softmax(-1).double().cumsum(-1)  # [rows, candidates]
    allowed = torch.searchsorted(shares, shares.new_full((len(shares), 1), params.top_p)).clamp(max=shares.shape[1] - 1)
    total = shares.gather(1, allowed)
    numbers = [[stream.random() if stream else 0.0] for stream in streams]
    draws = torch.tensor(numbers, dtype=torch.float64, device=shares.device)
    picked = torch.searchsorted(shares, draws * total, right=True).minimum(allowed)
    return [int(token) for token in tokens.gather(1, picked).flatten().tolist()]


def likeliest_tokens(logits: Tensor, count: int) -> list[tuple[int, float]]:
    """The ``count`` likeliest tokens of one row's ``logits``, ``[vocabulary]``, with probabilities at temperature 1.

    Equal logits come in the order of their ids.
    """
    ordered, tokens = logits.sort(descending=True, stable=True)
    shares = (ordered[:count].double() - logits.double().logsumexp(0)).exp()
    return list(zip(tokens[:count].tolist(), shares.tolist(), strict=True))
