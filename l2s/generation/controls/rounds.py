"""Rounds: a transcript's tokens in runs, for an engine that decodes whole runs by itself.

Such an engine (vLLM) is asked for tokens up to the next place where the control may act: a round. What
comes back goes through :class:`~l2s.generation.controls.transcript.Transcript` token by token, which decides exactly
as it does in the transformers engine. Where it forces, takes back or tries out something, the rest of the
run is thrown away, and the next round continues from the text as it then stands. A round's limits only
save work: they may be too wide, never too narrow, and no decision is taken here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from l2s.generation.controls.parameters import ControlParams
from l2s.generation.controls.probe import Likeliest
from l2s.generation.controls.transcript import Transcript

STRETCH = 64
"""Tokens at most where a text, and no token, may end the response: the engine does not look for it."""


class Round(NamedTuple):
    """What an engine is asked for next."""

    most: int
    """Tokens at most, 1 or more."""
    ends: frozenset[int]
    """Tokens that end the round, and are part of what comes back: stop tokens, and the last tokens of all
    that the control looks for."""
    drawn: bool
    """Tokens are sampled; otherwise, as in trials, the likeliest are taken."""
    wants: int
    """How many of the likeliest tokens, with probabilities, are to be told at each place; 0: none."""
    closers: tuple[int, ...]
    """Tokens whose logits eot_temperature raises at every place of the round."""


def next_round(transcript: Transcript) -> Round | None:
    """Put in what the control forces; say what to ask for then. None: the response has ended."""
    while transcript.finish is None and (due := transcript.due()) is not None:
        transcript.take(due)
    if transcript.finish is not None:
        return None
    return Round(
        min(_limits(transcript)), _ends(transcript), transcript.drawn, transcript.wants, transcript.closers
    )  # fmt: skip


def take_round(transcript: Transcript, asked: Round, tokens: Sequence[int], likeliest: Sequence[Likeliest]) -> int:
    """Feed what an engine returned; return how many of ``tokens`` were of use.

    Args:
        likeliest: at each token's place, where the round wants any.
    """
    for place, token in enumerate(tokens):
        length, best = transcript.length, likeliest[place] if asked.wants else ()
        transcript.take(best[0][0] if best else token, best)
        if transcript.finish is not None or transcript.due() is not None:
            return place + 1
        continued = transcript.length == length + 1 and transcript.last == token
        state = transcript.drawn, transcript.wants, transcript.closers
        if not continued or state != (asked.drawn, asked.wants, asked.closers):
            return place + 1
    return len(tokens)


def _limits(transcript: Transcript) -> list[int]:
    """Each a number of tokens after which something changes for certain or must be looked at."""
    control, thinking = transcript.control, transcript.thinking
    limits = [transcript.max_tokens - transcript.tokens]
    if transcript.room is not None:
        limits.append(transcript.room - transcript.length)
    if transcript.delimiters.stop_strings is not None:
        limits.append(STRETCH)
    if transcript.wants:
        written = transcript.length - len(transcript.ids) - len(transcript.delimiters.probe)
        return [*limits, 1 if transcript.wants > 1 else control.probe_tokens - written]
    if thinking.answer_left is not None:
        limits.append(thinking.answer_left)
    if thinking.active and control.max_think is not None:
        limits.append(control.max_think - thinking.tokens)
    if thinking.active and control.kind == "eot_temperature" and thinking.tokens < control.min_think:
        limits.append(control.min_think - thinking.tokens)
    if control.whole_text and not thinking.opened:
        limits.append(1)
    return limits


def _ends(transcript: Transcript) -> frozenset[int]:
    control, delimiters, thinking = transcript.control, transcript.delimiters, transcript.thinking
    if transcript.wants:
        braces = [token for token, found in delimiters.braces.items() if "}" in found]
        return transcript.stops.union(braces, delimiters.closing[-1:])
    looked_for = list[tuple[int, ...]]()
    if _acts(control) and (thinking.whole or not thinking.opened):
        looked_for.append(delimiters.opening)
    if _acts(control) and thinking.active:
        looked_for.append(delimiters.closing)
        looked_for += [(token,) for token in transcript.closers]  # the rest of the delimiter is forced
        looked_for += delimiters.transitions if control.kind == "early_exit" else ()
        looked_for += delimiters.separators if control.kind == "entropy_stop" else ()
    return transcript.stops.union(sequence[-1] for sequence in looked_for if sequence)


def _acts(control: ControlParams) -> bool:
    """The control does something while the response is written."""
    return control.max_think is not None or control.kind in (
        "min_think", "eot_temperature", "early_exit", "entropy_stop",
    )  # fmt: skip
