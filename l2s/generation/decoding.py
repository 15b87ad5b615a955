"""The decoding loop: rows enter as others finish, each at its own length, none waits for another.

When a quarter of the rows are finished they leave, and their places are filled from the queue.
No row's numbers depend on its neighbours (see :mod:`l2s.generation.cache`).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface, PreTrainedModel

from l2s.generation.cache import RowCache
from l2s.generation.control import Delimiters, Thinking
from l2s.generation.sampling import choose_tokens
from l2s.generation.settings import ControlParams, SamplingParams

FEWEST_ROWS = 4
"""Products of fewer rows take another path in the processor's library, with other rounding; pad to this."""
FULL_ENOUGH = 0.75
"""Finished rows are cleared out, and new ones let in, when no more than this share of the places is in use."""
ATTENTION = "l2s_rows"


@dataclass
class Request:
    """One response to generate."""

    index: int
    prompt: list[int]
    stream: random.Random


@dataclass
class Finished:
    """One generated response, as token ids (the stop token included)."""

    index: int
    ids: list[int]
    finish: str
    closed: bool
    think_tokens: int


@dataclass
class _Row:
    request: Request
    thinking: Thinking
    ids: list[int] = field(default_factory=list)
    done: bool = False
    """Finished, and waiting to be cleared out with others: moving the cache for one row costs more than the row."""


def decode(
    model: PreTrainedModel,
    requests: Sequence[Request],
    sampling: SamplingParams,
    control: ControlParams,
    delimiters: Delimiters,
    stop_tokens: frozenset[int],
    rows_at_once: int,
) -> Iterator[Finished]:
    """Generate a response to every request; yield each as it finishes."""
    model.set_attn_implementation(ATTENTION)
    waiting = sorted(requests, key=lambda request: len(request.prompt))
    cache, rows = RowCache(model.config.num_hidden_layers), list[_Row]()
    logits = torch.empty(0)
    while waiting or rows:
        if waiting and len(rows) <= FULL_ENOUGH * rows_at_once:
            count = min(rows_at_once - len(rows), len(waiting))
            entering = [_Row(request, _thinking(request, control, delimiters)) for request in waiting[-count:]]
            del waiting[-count:]
            fresh = RowCache(model.config.num_hidden_layers)
            logits = (
                torch.cat([logits, _read_prompts(model, entering, fresh)])
                if rows
                else _read_prompts(model, entering, fresh)
            )
            cache.extend(fresh)
            rows += entering
        _append_tokens(rows, choose_tokens(logits, sampling, [row.request.stream for row in rows]), stop_tokens)
        for row in rows:
            if not row.done and (end := _end(row, sampling, stop_tokens)):
                row.done = True
                yield Finished(row.request.index, row.ids, end, row.thinking.closed, row.thinking.tokens)
        staying = [place for place, row in enumerate(rows) if not row.done]
        if len(staying) <= FULL_ENOUGH * len(rows):
            rows = [rows[place] for place in staying]
            cache.keep(torch.tensor(staying, dtype=torch.long, device=model.device))
        if rows:
            logits = _next_logits(model, rows, cache)
        else:
            cache = RowCache(model.config.num_hidden_layers)


def _thinking(request: Request, control: ControlParams, delimiters: Delimiters) -> Thinking:
    """Some chat templates open thinking in the prompt: its last opening is not closed again."""
    thinking = Thinking(delimiters, control)
    opening = _last(request.prompt, delimiters.opening)
    if opening > _last(request.prompt, delimiters.closing):
        thinking.open = thinking.opened = True
    return thinking


def _last(ids: list[int], delimiter: tuple[int, ...]) -> int:
    size = len(delimiter)
    places = [place for place in range(len(ids) - size + 1) if size and tuple(ids[place : place + size]) == delimiter]
    return places[-1] if places else -1


def _append_tokens(rows: list[_Row], chosen: list[int], stop_tokens: frozenset[int]) -> None:
    for row, token in zip(rows, chosen, strict=True):
        if row.done:
            continue
        instead = row.thinking.override()
        row.ids.append(token if instead is None else instead)
        if instead is not None or token not in stop_tokens:
            row.thinking.saw(row.ids, forced=instead is not None)


def _end(row: _Row, sampling: SamplingParams, stop_tokens: frozenset[int]) -> str | None:
    """Why the row ends here, or None."""
    if row.ids[-1] in stop_tokens and not row.thinking.forced:
        return "control" if row.thinking.cut else "stop"
    if len(row.ids) >= sampling.max_tokens or row.thinking.answer_left == 0:
        return "length"
    return None


@torch.inference_mode()
def _read_prompts(model: PreTrainedModel, rows: list[_Row], cache: RowCache) -> Tensor:
    """Fill ``cache`` with the prompts; return each row's next-token logits, ``[rows, vocabulary]``, float32."""
    lengths = torch.tensor([len(row.request.prompt) for row in rows])
    width = int(lengths.max())
    ids = torch.zeros(max(len(rows), FEWEST_ROWS), width, dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row.request.prompt)] = torch.tensor(row.request.prompt)
    positions = torch.arange(width).expand(len(ids), -1)
    ids, positions = ids.to(model.device), positions.to(model.device)
    mask = cache.expect(positions)
    output: Any = model.base_model(
        input_ids=ids, position_ids=positions, attention_mask=mask, past_key_values=cache, use_cache=True
    )
    places = torch.arange(len(rows))
    cache.keep(places.to(model.device))
    last = output.last_hidden_state[places, lengths - 1]
    return _logits(model, last)


@torch.inference_mode()
def _next_logits(model: PreTrainedModel, rows: list[_Row], cache: RowCache) -> Tensor:
    """Read each row's newest token; return the logits of the one after it."""
    missing = max(0, FEWEST_ROWS - len(rows))
    if missing:
        cache.extend(cache_padding(cache, missing))
    ids = torch.tensor([[row.ids[-1]] for row in rows] + [[0]] * missing).to(model.device)
    places = [[len(row.request.prompt) + len(row.ids) - 1] for row in rows] + [[0]] * missing
    positions = torch.tensor(places).to(model.device)
    mask = cache.expect(positions)
    output: Any = model.base_model(
        input_ids=ids, position_ids=positions, attention_mask=mask, past_key_values=cache, use_cache=True
    )
    if missing:
        cache.keep(torch.arange(len(rows), device=model.device))
    return _logits(model, output.last_hidden_state[: len(rows), -1])


def _logits(model: PreTrainedModel, hidden: Tensor) -> Tensor:
    missing = max(0, FEWEST_ROWS - len(hidden))
    padded = functional.pad(hidden, (0, 0, 0, missing)) if missing else hidden
    head: Any = model.get_output_embeddings()
    logits: Tensor = head(padded)[: len(hidden)].float()
    return logits


def cache_padding(cache: RowCache, count: int) -> RowCache:
    """A cache of ``count`` empty rows like those of ``cache``."""
    padding = RowCache(len(cache.keys))
    padding.keys = [stored.new_zeros(count, *stored.shape[1:]) for stored in cache.keys]
    padding.values = [stored.new_zeros(count, *stored.shape[1:]) for stored in cache.values]
    return padding


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention with the rows' own mask; grouped heads are not copied out."""
    grouped = query.shape[1] != key.shape[1]
    mixed = functional.scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, scale=scaling, enable_gqa=grouped
    )
    return mixed.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, _attend)
