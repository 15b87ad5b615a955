"""Did a length control act on a response? Told from the response's own columns, so that any reader can."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

ASKING = ("no_think", "prompt", "cothink")
"""Kinds that change the prompt, of every response."""
TRYING = ("min_think", "early_exit", "entropy_stop")
"""Kinds that throw tokens away when they act: dropped ends, trial answers."""


class Spent(NamedTuple):
    """What is looked at of a response."""

    finish: str
    think_tokens: float | None
    tokens: float | None
    response_tokens: float | None


def acted_on(kind: str, control: Mapping[str, Any], response: Spent) -> bool | None:
    """Whether the control did something; None where the response does not tell.

    Args:
        kind: of the control, e.g. ``budget``.
        control: its parameters, as far as they are known: ``max_think``, ``min_think``.
        response: a budget acted where thinking was cut, ``eot_temperature`` where there was thinking to end, the
            kinds that try answers or drop ends where tokens were thrown away.
    """
    if kind in ASKING:
        return True
    if response.think_tokens is None:
        return None
    most = control.get("max_think", control.get("value") if kind == "budget" else None)
    if response.finish == "control" or (most and response.think_tokens >= most):
        return True
    if kind == "budget":
        return False
    if kind in ("eot_temperature", "fractured"):
        return response.think_tokens > max(0, int(control.get("min_think") or 0) - 1)
    if kind in TRYING and None not in (response.tokens, response.response_tokens):
        return response.tokens > response.response_tokens  # type: ignore[operator]
    return None


def share_acted_on(kind: str, control: Mapping[str, Any], responses: Iterable[Spent]) -> float | None:
    """The share of responses that the control acted on; None without a control, or where a response does not tell."""
    found = [acted_on(kind, control, response) for response in responses]
    if kind == "none" or not found or None in found:
        return None
    return sum(map(bool, found)) / len(found)
