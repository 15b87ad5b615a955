"""Graders: the ways to compare an answer with the gold answer, each a module of its own that is loaded by name.

A new grader is a new module with a ``GRADER``, and its name here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.verification.outcome import Outcome


@dataclass(frozen=True)
class Grader:
    """One way to compare; safe to call from any thread."""

    name: str
    compare: Callable[[str, str], Outcome]
    """(gold, answer) → outcome."""
    extract: Callable[[str, str], str] | None = None
    """(response, benchmark) → its answer, where the grader has rules of its own for it; empty if there is none."""


MODULES = {
    "l2s": "l2s.verification.graders.l2s",
    "math-verify": "l2s.verification.graders.math_verify",
    "qwen": "l2s.verification.graders.qwen",
}
"""Each grader's name → the module that holds its ``GRADER``; no other grader's code is loaded with it."""


def grader_names() -> list[str]:
    """Names of all graders, sorted."""
    return sorted(MODULES)


def find_grader(name: str) -> Grader:
    """The grader called ``name``.

    Raises:
        ConfigError: there is none; says which there are and which name is near.
    """
    if name in MODULES:
        return cast(Grader, import_module(MODULES[name]).GRADER)
    known = f"; graders: {', '.join(grader_names())}"
    hint = nearest(name, MODULES)
    raise ConfigError(f"grader: '{name}' does not exist{hint if 'did you mean' in hint else ''}{known}")
