"""Graders: the ways to compare an answer with the gold answer, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from l2s.errors import ConfigError
from l2s.params import nearest
from l2s.verification.compare.equivalence import Outcome, equivalent, equivalent_by_math_verify
from l2s.verification.graders.qwen import compared_by_study
from l2s.verification.graders.qwen_text import study_answer


@dataclass(frozen=True)
class Grader:
    """One way to compare; safe to call from any thread."""

    name: str
    compare: Callable[[str, str], Outcome]
    """(gold, answer) → outcome."""
    extract: Callable[[str], str] | None = None
    """The answer of a whole response, where the grader has rules of its own for it; empty if there is none."""


def equivalent_by_study(gold: str, answer: str) -> Outcome:
    """The rules of the study; see :mod:`~l2s.verification.graders.qwen`."""
    return cast(Outcome, compared_by_study(gold, answer))


_GRADERS = {
    grader.name: grader
    for grader in (
        Grader("l2s", equivalent),
        Grader("math-verify", equivalent_by_math_verify),
        Grader("qwen", equivalent_by_study, study_answer),
    )
}


def grader_names() -> list[str]:
    """Names of all graders, sorted."""
    return sorted(_GRADERS)


def find_grader(name: str) -> Grader:
    """The grader called ``name``.

    Raises:
        ConfigError: there is none; says which there are and which name is near.
    """
    if name in _GRADERS:
        return _GRADERS[name]
    known = f"; graders: {', '.join(grader_names())}"
    hint = nearest(name, _GRADERS)
    raise ConfigError(f"grader: '{name}' does not exist{hint if 'did you mean' in hint else ''}{known}")
