"""The decoding loop: rows enter as others finish, each at its own length, none waits for another.

When a quarter of the rows are finished they leave, and their places are filled from the queue.
No row's numbers depend on its neighbours (see :mod:`l2s.generation.cache`).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface, PreTrainedModel

from l2s.generation.cache import RowCache
from l2s.generation.control import Delimiters
from l2s.generation.eot_temperature import raise_close
from l2s.generation.sampling import choose_tokens, likeliest_tokens
from l2s.generation.settings import ControlParams, SamplingParams
from l2s.generation.transcript import Transcript

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
    room: int | None = None
    """Most tokens after the prompt; see :class:`~l2s.generation.transcript.Transcript`."""
    opened: bool = False
    """The prompt leaves thinking open."""


@dataclass
class Finished:
    """One generated response, as token ids (the stop token included)."""

    index: int
    ids: list[int]
    finish: str
    closed: bool
    think_tokens: int
    tokens: int
    """All that was generated, trials and dropped text included."""
    limit: str | None = None
    """What cut the response or its thinking, if anything did."""


@dataclass
class _Row:
    request: Request
    transcript: Transcript
    done: bool = False
    """Finished, and waiting to be cleared out with others: moving the cache for one row costs more than the row."""

    @property
    def last(self) -> int:
        """The token that the next one follows."""
        last = self.transcript.last
        return self.request.prompt[-1] if last is None else last

    @property
    def position(self) -> int:
        """Where that token stands.

        A transcript that took something back is read again from its last token: the slots before it
        hold what they held, and its own is written with the same numbers.
        """
        return len(self.request.prompt) + self.transcript.length - 1


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
    for request in requests:
        if request.room is not None and request.room <= 0:
            yield _finished(_Row(request, _transcript(request, control, delimiters, stop_tokens, sampling)))
    fitting = [request for request in requests if request.room is None or request.room > 0]
    waiting = sorted(fitting, key=lambda request: len(request.prompt))
    cache, rows = RowCache(model.config.num_hidden_layers), list[_Row]()
    logits = torch.empty(0)
    while waiting or rows:
        if waiting and len(rows) <= FULL_ENOUGH * rows_at_once:
            count = min(rows_at_once - len(rows), len(waiting))
            entering = [
                _Row(request, _transcript(request, control, delimiters, stop_tokens, sampling))
                for request in waiting[-count:]
            ]
            del waiting[-count:]
            fresh = RowCache(model.config.num_hidden_layers)
            logits = (
                torch.cat([logits, _read_prompts(model, entering, fresh)])
                if rows
                else _read_prompts(model, entering, fresh)
            )
            cache.extend(fresh)
            rows += entering
        _append_tokens(rows, logits, sampling, control)
        for row in rows:
            if not row.done and row.transcript.finish:
                row.done = True
                yield _finished(row)
        staying = [place for place, row in enumerate(rows) if not row.done]
        if len(staying) <= FULL_ENOUGH * len(rows):
            rows = [rows[place] for place in staying]
            cache.keep(torch.tensor(staying, dtype=torch.long, device=model.device))
        if rows:
            logits = _next_logits(model, rows, cache)
        else:
            cache = RowCache(model.config.num_hidden_layers)


def _transcript(
    request: Request,
    control: ControlParams,
    delimiters: Delimiters,
    stop_tokens: frozenset[int],
    sampling: SamplingParams,
) -> Transcript:
    return Transcript(control, delimiters, stop_tokens, sampling.max_tokens, request.room, request.opened)


def _finished(row: _Row) -> Finished:
    transcript = row.transcript
    if transcript.finish is None:
        raise RuntimeError("a row that goes on was taken for a finished one")
    thinking = transcript.thinking
    return Finished(
        row.request.index,
        transcript.ids,
        transcript.finish,
        thinking.closed,
        thinking.tokens,
        transcript.tokens,
        transcript.limit,
    )


@torch.inference_mode()
def _append_tokens(rows: list[_Row], logits: Tensor, sampling: SamplingParams, control: ControlParams) -> None:
    """One step of every row: the token that its control forces, or else the one chosen from its logits."""
    due = [None if row.done else row.transcript.due() for row in rows]
    steered = _steered(rows, logits, control)
    streams = [row.request.stream if row.transcript.drawn else None for row in rows]
    chosen = choose_tokens(steered, sampling, streams)
    for row, forced, token, own in zip(rows, due, chosen, logits, strict=True):
        if row.done:
            continue
        if forced is None and (wanted := row.transcript.wants):
            likeliest = likeliest_tokens(own, wanted)
            row.transcript.take(likeliest[0][0], likeliest)
        else:
            row.transcript.take(token if forced is None else forced)


def _steered(rows: list[_Row], logits: Tensor, control: ControlParams) -> Tensor:
    """The logits as eot_temperature leaves them."""
    if control.kind != "eot_temperature":
        return logits
    places: dict[tuple[int, ...], list[int]] = {}
    for place, row in enumerate(rows):
        if closers := row.transcript.closers:
            places.setdefault(closers, []).append(place)
    steered = logits.clone()
    for closers, found in places.items():
        steered[found] = raise_close(logits[found], closers, control)
    return steered


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
    """Read each row's last token; return the logits of the one after it."""
    missing = max(0, FEWEST_ROWS - len(rows))
    if missing:
        cache.extend(cache_padding(cache, missing))
    ids = torch.tensor([[row.last] for row in rows] + [[0]] * missing).to(model.device)
    places = [[row.position] for row in rows] + [[0]] * missing
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
