"""The training loop: length-bucketed batches, two halves a step, a cosine schedule.

Each step's batch is split into two fixed halves whose gradients are computed side by side, each on
one thread, and added in a fixed order: on two cores that is nearly twice as fast as one thread (the
matrices are too small for two threads to share one), and the result does not depend on the cores.
"""

import math
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM

from l2s.core.progress import Track
from l2s.family.documents import Document
from l2s.family.muon import Muon

Batch = tuple[Tensor, Tensor]
"""Token ids and targets (-100 where the loss does not count), both ``[documents, length]``."""

POOL = 60
"""Batches drawn at a time and sorted by length together."""
FLOOR = 0.05
"""Share of the peak learning rate at the end of the cosine."""
IGNORED = -100


def train(
    model: LlamaForCausalLM,
    documents: Iterator[Document],
    *,
    tokens: int,
    batch_tokens: int,
    learning_rate: float,
    muon: bool,
    warmup: int,
    seed: int,
    label: str,
    track: Track,
) -> float:
    """Train ``model`` in place on ``tokens`` tokens of documents; return the mean loss of the last tenth.

    Muon (momentum orthogonalised, for the matrices) learns arithmetic in half the steps AdamW needs;
    for fine-tuning, which should stay near the base, AdamW alone does.
    """
    batches = list(bucketed(documents, tokens, batch_tokens, random.Random(seed)))
    parameters = list(model.parameters())
    model.train()
    losses = []
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as halves:
        optimizers = _optimizers(model, learning_rate, muon, halves)
        for step, batch in enumerate(track(batches, label)):
            rate = _rate(step, len(batches), warmup)
            parts = list(halves.map(lambda half: _gradients(model, parameters, half), _halves(batch)))
            counted = sum(part[1] for part in parts)
            for index, parameter in enumerate(parameters):
                parameter.grad = sum(part[2][index] for part in parts[1:]) + parts[0][2][index]
                parameter.grad.div_(counted)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate * rate
                optimizer.step()
            losses.append(sum(part[0] for part in parts) / counted)
    model.eval()
    model.zero_grad(set_to_none=True)
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last)


def bucketed(documents: Iterator[Document], tokens: int, batch_tokens: int, rng: random.Random) -> Iterator[Batch]:
    """Batches of about ``batch_tokens`` padded tokens, of documents of like length, in shuffled order."""
    used = 0
    while used < tokens:
        pool: list[Document] = []
        drawn = 0
        while drawn < min(batch_tokens * POOL, tokens - used):
            pool.append(next(documents))
            drawn += len(pool[-1].ids)
        used += drawn
        pool.sort(key=lambda document: len(document.ids))
        groups: list[list[Document]] = [[]]
        for document in pool:
            if groups[-1] and len(document.ids) * (len(groups[-1]) + 1) > batch_tokens:
                groups.append([])
            groups[-1].append(document)
        rng.shuffle(groups)
        yield from map(_padded, groups)


def _padded(documents: Sequence[Document]) -> Batch:
    longest = max(len(document.ids) for document in documents)
    ids = torch.zeros(len(documents), longest, dtype=torch.long)
    targets = torch.full((len(documents), longest), IGNORED)
    for row, document in enumerate(documents):
        length = len(document.ids)
        ids[row, :length] = torch.tensor(document.ids)
        targets[row, document.answer_from : length] = ids[row, document.answer_from : length]
    return ids, targets


def _halves(batch: Batch) -> list[Batch]:
    ids, targets = batch
    middle = (len(ids) + 1) // 2
    return [(ids[part], targets[part]) for part in (slice(0, middle), slice(middle, None)) if len(ids[part])]


def _gradients(
    model: LlamaForCausalLM, parameters: list[torch.nn.Parameter], batch: Batch
) -> tuple[float, int, tuple[Tensor, ...]]:
    """Summed loss (nats), number of targets, and the gradient of the sum for each parameter.

    No attention mask is needed: the padding stands to the right, behind every causal position that counts.
    """
    ids, targets = batch
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1].flatten(0, 1)
    wanted = targets[:, 1:].flatten()
    counts = wanted != IGNORED
    logits = model.lm_head(hidden[counts])
    loss = functional.cross_entropy(logits, wanted[counts], reduction="sum")
    return loss.item(), int(counts.sum()), torch.autograd.grad(loss, parameters)


def _optimizers(model: LlamaForCausalLM, rate: float, muon: bool, workers: Executor) -> list[torch.optim.Optimizer]:
    if not muon:
        return [torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.05)]
    named = list(model.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
    rest = [weight for name, weight in named if weight.ndim != 2 or "embed" in name]
    return [
        Muon(matrices, lr=rate, workers=workers),
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def _rate(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up, then a cosine down to ``FLOOR``; 1 at the peak."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, steps))))
    return min(1.0, (step + 1) / warmup) * (FLOOR + (1 - FLOOR) * cosine)
