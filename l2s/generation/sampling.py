"""The draw of one token a row: from the row's own stream, whatever the batch."""

import random

import torch
from torch import Tensor

from l2s.generation.settings import SamplingParams
from l2s.seeds import seed_for


def stream_for(seed: int, benchmark: str, problem: str, sample: int) -> random.Random:
    """The random stream of one response."""
    return random.Random(seed_for(seed, "sample", benchmark, problem, sample))


def choose_tokens(logits: Tensor, params: SamplingParams, streams: list[random.Random]) -> list[int]:
    """One token id per row of ``logits``, ``[rows, vocabulary]``, float32.

    Sampling inverts the cumulative distribution of the tokens sorted by probability: one uniform
    number a token, so a row's choices depend on its own logits and stream alone.
    """
    if params.greedy:
        return [int(token) for token in logits.argmax(-1).tolist()]
    ordered, tokens = (logits / params.temperature).sort(dim=-1, descending=True, stable=True)
    if params.top_k:
        ordered = ordered[:, : params.top_k]
    shares = ordered.softmax(-1).double().cumsum(-1)  # [rows, candidates]
    allowed = torch.searchsorted(shares, shares.new_full((len(shares), 1), params.top_p)).clamp(max=shares.shape[1] - 1)
    total = shares.gather(1, allowed)
    draws = torch.tensor([[stream.random()] for stream in streams], dtype=torch.float64, device=shares.device)
    picked = torch.searchsorted(shares, draws * total, right=True).minimum(allowed)
    return [int(token) for token in tokens.gather(1, picked).flatten().tolist()]
