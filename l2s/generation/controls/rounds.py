"""Rounds: a transcript's tokens in runs, for an engine that decodes whole runs by itself.

Such an engine (vLLM) is asked for tokens up to the next place where the control may act: a round. What
comes back goes through :class:`~l2s.generation.controls.transcript.Transcript` token by token, which decides exactly
as it does in the transformers engine. Where it forces, takes back or tries out something, the rest of the
run is thrown away, and the next round continues from the text as it then stands. A round's limits only
save work: they may be too wide, never too narrow, and no decision is taken here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from l2s.generation.controls.probe import Likeliest
from l2s.generation.controls.transcript import Transcript

SEGMENT = 64
"""The largest number of tokens where a text, and no token, may end the response: the engine does not look for it."""


class Round(NamedTuple):
    """What an engine is asked for next."""

    max_tokens: int
    """The largest number of tokens, 1 or more."""
    ends: frozenset[int]
    """Tokens that end the round, and are part of what comes back: stop tokens, and the last tokens of all
    that the control looks for."""
    samples: bool
    """Tokens are sampled; otherwise, as in trials, the likeliest are taken."""
    top_k: int
    """How many of the likeliest tokens, with probabilities, are to be told at each place; 0: none."""
    close_ids: tuple[int, ...]
    """Tokens whose logits the control raises at every place of the round."""


def next_round(transcript: Transcript) -> Round | None:
    """Put in what the control forces; say what to ask for then. None: the response has ended."""
    while transcript.finish is None and (forced := transcript.forced_token()) is not None:
        transcript.append(forced)
    if transcript.finish is not None:
        return None
    limit, ends = min(_limits(transcript)), _ends(transcript)
    return Round(limit, ends, transcript.samples, transcript.top_k, transcript.close_ids)


def append_round(transcript: Transcript, asked: Round, tokens: Sequence[int], likeliest: Sequence[Likeliest]) -> int:
    """Feed what an engine returned; return how many of ``tokens`` were of use.

    Args:
        likeliest: at each token's place, where the round wants any.
    """
    for place, token in enumerate(tokens):
        length, best = transcript.length, likeliest[place] if asked.top_k else ()
        transcript.append(best[0][0] if best else token, best)
        if transcript.finish is not None or transcript.forced_token() is not None:
            return place + 1
        continued = transcript.length == length + 1 and transcript.last == token
        state = transcript.samples, transcript.top_k, transcript.close_ids
        if not continued or state != (asked.samples, asked.top_k, asked.close_ids):
            return place + 1
    return len(tokens)


def _limits(transcript: Transcript) -> list[int]:
    """Each a number of tokens after which something changes for certain or must be looked at."""
    control, thinking = transcript.control, transcript.thinking
    limits = [transcript.max_tokens - transcript.tokens]
    if transcript.context_left is not None:
        limits.append(transcript.context_left - transcript.length)
    if transcript.delimiters.stop_strings is not None:
        limits.append(SEGMENT)
    if transcript.top_k:
        return [*limits, 1 if transcript.top_k > 1 else transcript.trial_left]
    if thinking.answer_left is not None:
        limits.append(thinking.answer_left)
    if thinking.active and control.max_think is not None:
        limits.append(control.max_think - thinking.tokens)
    if thinking.active and (left := control.tokens_until_it_steers(thinking.tokens)):
        limits.append(left)
    if control.takes_whole_response and not thinking.opened:
        limits.append(1)
    return limits


def _ends(transcript: Transcript) -> frozenset[int]:
    control, delimiters, thinking = transcript.control, transcript.delimiters, transcript.thinking
    if transcript.top_k:
        braces = [token for token, found in delimiters.braces.items() if "}" in found]
        return transcript.stops.union(braces, delimiters.closing[-1:])
    looked_for = list[tuple[int, ...]]()
    if control.stops_somewhere and (thinking.whole or not thinking.opened):
        looked_for.append(delimiters.opening)
    if control.stops_somewhere and thinking.active:
        looked_for.append(delimiters.closing)
        looked_for += [(token,) for token in transcript.close_ids]  # the rest of the delimiter is forced
        looked_for += delimiters.triggers
    return transcript.stops.union(sequence[-1] for sequence in looked_for if sequence)
