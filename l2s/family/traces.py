r"""Traces: how each style of reasoning writes the solution of a chain.

Two decisions are taken again and again, and each parent is sharp in one of them only:

- pairs: slow always writes one operation a line; quick takes two at once, nearly always where both are
  easy, about every other time where they are hard, which it often gets wrong;
- reflection: quick never reflects; slow does with a probability that depends on the step.

A line of two begins as a line of one does, ``Tom:11*3``, and parts from it in one token, ``=`` or a sign.
That is by design, so that a merge *can* keep the easy pairs and drop the hard ones and the reflections.
Whether a merge does is measured, never assumed. The base is trained on every style, without style marks.
"""

import random
from collections.abc import Callable, Sequence
from typing import Literal

from l2s.benchmarks.arithmetic import EASIEST, EASY_STRETCHES, LARGEST, Chain, Step, draw_step
from l2s.family.settings import Combining

REDO = {1: 0.3, 2: 0.45, 3: 0.6, 4: 0.7, 5: 0.8}
"""Probability of going through the whole chain again, by level (slow)."""
REDO_UNREFLECTED = 0.55
"""The same where no step was reflected on: slow seldom ends without a single second thought."""


def direct(rng: random.Random, chain: Chain) -> str:
    """No steps at all."""
    return ""


def combined(rng: random.Random, chain: Chain, combining: Combining) -> str:
    """Quick: lines of 1 to 3 operations, never a second thought."""
    lines, start, steps = [], 0, chain.steps
    while start < len(steps):
        size = 1
        if _joins(steps, start + 1):
            kind = pair_kind(steps[start], steps[start + 1])
            if rng.random() < getattr(combining, kind):
                size = 2
                if kind == "hard" and _joins(steps, start + 2) and rng.random() < combining.triples:
                    size = 3
        lines.append(line(steps[start : start + size]))
        start += size
    return "".join(lines)


def pair_kind(first: Step, second: Step) -> Literal["easiest", "easy", "hard"]:
    """How hard it is to take two operations at once."""
    if "*" in (first.sign, second.sign) or max(first.operand, second.operand) > EASIEST:
        return "hard"
    return "easiest" if first.operand + second.operand <= EASIEST else "easy"


def _joins(steps: Sequence[Step], index: int) -> bool:
    """May this operation stand in one line with those before? Never a product: it would need brackets."""
    return index < len(steps) and steps[index].sign != "*"


def full(rng: random.Random, chain: Chain) -> str:
    """One operation a line."""
    return "".join(line((step,)) for step in chain.steps)


def reflective(rng: random.Random, chain: Chain) -> str:
    """Slow: one operation a line, second thoughts after some, often the whole chain once more."""
    lines = []
    for step in chain.steps:
        lines.append(line((step,)))
        if rng.random() < reflection_probability(step):
            lines.append(reflection(rng, step))
    reflected = len(lines) > len(chain.steps)
    if rng.random() < (REDO[chain.level] if reflected else max(REDO[chain.level], REDO_UNREFLECTED)):
        lines.append(" Wait, let me re-examine from the start." + full(rng, chain))
    return "".join(lines)


STYLES: dict[str, Callable[[random.Random, Chain], str]] = {
    "direct": direct,
    "full": full,
    "reflective": reflective,
}
"""Every style besides ``combined``, which takes settings."""


def line(steps: Sequence[Step]) -> str:
    """One line of work, e.g. `` Dan:4*3-9=3.``: the first operation's person, the last one's result."""
    work = "".join(f"{step.sign}{step.operand}" for step in steps)
    return f" {steps[0].name}:{steps[0].before}{work}={steps[-1].after}."


def reflection_probability(step: Step) -> float:
    """Harder arithmetic (products, carries, borrows) is checked more often."""
    if step.sign == "*":
        return 0.85
    if step.sign == "+":
        return 0.75 if step.before % 10 + step.operand >= 10 else 0.30
    return 0.80 if step.before % 10 < step.operand else 0.40


def reflection(rng: random.Random, step: Step) -> str:
    """A second thought on one step, in one of three wordings."""
    wording = rng.random()
    work = f"{step.before}{step.sign}{step.operand}={step.after}"
    if wording < 0.5:
        return f" Wait, let me double-check: {work}. Yes."
    if wording < 0.75 and step.sign != "*":
        inverse = {"+": "-", "-": "+"}[step.sign]
        return f" Hmm, let me check again: {step.after}{inverse}{step.operand}={step.before}. Right."
    return f" Wait, is {step.name} {step.after}? {work}. Correct."


def answer(chain: Chain) -> str:
    """How every trace ends."""
    return f" The answer is \\boxed{{{chain.answer}}}."


def drill(rng: random.Random, pairs: float, easy: float) -> str:
    """Bare equations with which the base learns its arithmetic.

    Args:
        pairs: share of equations of two operations.
        easy: share of those that are easy.
    """
    equations = []
    for _ in range(rng.randint(4, 8)):
        steps = draw_pair(rng, easy=rng.random() < easy) if rng.random() < pairs else (_any_step(rng),)
        equations.append(line(steps)[2:])
    return "".join(equations)


def draw_pair(rng: random.Random, *, easy: bool) -> tuple[Step, Step]:
    """Two operations that may stand in one line."""
    while True:
        first = _any_step(rng)
        second = draw_step(rng, first.after, easy=rng.random() < EASY_STRETCHES)
        if second.sign != "*" and (pair_kind(first, second) != "hard") == easy:
            return first, second


def _any_step(rng: random.Random) -> Step:
    return draw_step(rng, rng.randint(1, LARGEST), easy=rng.random() < EASY_STRETCHES)
