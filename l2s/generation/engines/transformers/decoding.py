"""The decoding loop: rows enter as others finish, each at its own length, none waits for another.

When a quarter of the rows are finished they leave, and their places are filled from the queue.
No row's numbers depend on its neighbours (see :mod:`l2s.generation.engines.transformers.cache`).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.transcript import Transcript
from l2s.generation.engines.engine import Generated
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.engines.transformers.sampling import choose_tokens, likeliest_tokens
from l2s.generation.settings import SamplingParams

FULL_ENOUGH = 0.75
"""Finished rows are cleared out, and new ones let in, when no more than this share of the places is in use."""


@dataclass
class Request:
    """One response to generate."""

    index: int
    prompt: list[int]
    stream: random.Random
    context_left: int | None = None
    """The largest number of tokens after the prompt; see :class:`~l2s.generation.controls.transcript.Transcript`."""
    opened: bool = False
    """The prompt leaves thinking open."""


class NotANumber(Exception):
    """The model gave NaN."""


@dataclass
class Row:
    """A response on its way."""

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
    forward: Forward,
    requests: Sequence[Request],
    sampling: SamplingParams,
    control: Control,
    delimiters: Delimiters,
    stop_tokens: frozenset[int],
    max_batch_size: int,
) -> Iterator[Generated]:
    """Generate a response to every request; yield each as it finishes."""
    waiting = list[Request]()
    for request in requests:
        if (begun := transcript_of(request, control, delimiters, stop_tokens, sampling)).finish:
            yield Generated.of(request.index, begun)
        else:
            waiting.append(request)  # and begun again when it enters: nothing of it is held until then, nor after
    waiting.sort(key=lambda request: len(request.prompt))
    cache, rows = forward.cache(), list[Row]()
    logits = torch.empty(0)
    while waiting or rows:
        if waiting and len(rows) <= FULL_ENOUGH * max_batch_size:
            count = min(max_batch_size - len(rows), len(waiting))
            entering = [
                Row(request, transcript_of(request, control, delimiters, stop_tokens, sampling))
                for request in waiting[-count:]
            ]
            del waiting[-count:]
            fresh = forward.cache()
            read = forward.read([row.request.prompt for row in entering], fresh)
            logits = torch.cat([logits, read]) if rows else read
            cache.extend(fresh)
            rows += entering
        append_tokens(rows, logits, sampling, control)
        for row in rows:
            if not row.done and row.transcript.finish:
                row.done = True
                yield Generated.of(row.request.index, row.transcript)
        staying = [place for place, row in enumerate(rows) if not row.done]
        if len(staying) <= FULL_ENOUGH * len(rows):
            rows = [rows[place] for place in staying]
            cache.keep(torch.tensor(staying, dtype=torch.long, device=forward.model.device))
        if rows:
            logits = forward.next([row.last for row in rows], [row.position for row in rows], cache)
        else:
            cache = forward.cache()


def transcript_of(
    request: Request,
    control: Control,
    delimiters: Delimiters,
    stop_tokens: frozenset[int],
    sampling: SamplingParams,
) -> Transcript:
    """An empty one."""
    return Transcript(control, delimiters, stop_tokens, sampling.max_tokens, request.context_left, request.opened)


@torch.inference_mode()
def append_tokens(rows: list[Row], logits: Tensor, sampling: SamplingParams, control: Control) -> None:
    """One step of every row: the token that its control forces, or else the one chosen from its logits.

    Raises:
        NotANumber: there is NaN among the logits.
    """
    if bool(torch.isnan(logits.sum())):
        raise NotANumber
    forced_tokens = [None if row.done else row.transcript.forced_token() for row in rows]
    steered = _steered(rows, logits, control)
    streams = [row.request.stream if row.transcript.samples else None for row in rows]
    chosen = choose_tokens(steered, sampling, streams)
    for row, forced, token, own in zip(rows, forced_tokens, chosen, logits, strict=True):
        if row.done:
            continue
        if forced is None and (count := row.transcript.top_k):
            likeliest = likeliest_tokens(own, count)
            row.transcript.append(likeliest[0][0], likeliest)
        else:
            row.transcript.append(token if forced is None else forced)


def _steered(rows: list[Row], logits: Tensor, control: Control) -> Tensor:
    """The logits as the control leaves them."""
    places: dict[tuple[int, ...], list[int]] = {}
    for place, row in enumerate(rows):
        if close_ids := row.transcript.close_ids:
            places.setdefault(close_ids, []).append(place)
    if not places:
        return logits
    steered = logits.clone()
    for close_ids, found in places.items():
        steered[found] = control.raise_close(logits[found], close_ids)
    return steered
