r"""Traces: how each style of reasoning writes the solution of a chain.

Two decisions are taken at each sentence start, and each parent is sharp in one of them only:

- step size: slow always writes one operation a line; quick skips 1 to 3 operations at random;
- reflection: quick never reflects; slow does with a probability that depends on the step.

That is by design, so that a merge *can* take slow's careful steps without its reflections. Whether a
merge does is measured, never assumed. The base is trained on every style, without style marks.
"""

import random
from collections.abc import Callable

from l2s.benchmarks.arithmetic import Chain, Step, draw_operation

CHUNKS = {1: (1.0, 0, 0), 2: (0.45, 0.55, 0), 3: (0.3, 0.4, 0.3), 4: (0.2, 0.4, 0.4), 5: (0.2, 0.4, 0.4)}
"""Weights of writing 1, 2 or 3 operations in one line, by level (quick)."""
REDO = {1: 0.3, 2: 0.45, 3: 0.6, 4: 0.7, 5: 0.8}
"""Probability of going through the whole chain again, by level (slow)."""
REDO_UNREFLECTED = 0.75
"""The same where no step was reflected on: slow seldom ends without a single second thought."""


def direct(rng: random.Random, chain: Chain) -> str:
    """No steps at all."""
    return ""


def combined(rng: random.Random, chain: Chain) -> str:
    """Quick: lines of 1 to 3 operations, never a second thought."""
    lines, start = [], 0
    while start < len(chain.steps):
        size = min(rng.choices((1, 2, 3), CHUNKS[chain.level])[0], len(chain.steps) - start)
        lines.append(line(chain.steps[start : start + size]))
        start += size
    return "".join(lines)


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
    "combined": combined,
    "full": full,
    "reflective": reflective,
}


def line(steps: tuple[Step, ...]) -> str:
    """One line of work, e.g. `` Dan:4*3-9=3.``; brackets where a product follows a sum."""
    work = str(steps[0].before)
    for index, step in enumerate(steps):
        inner = f"({work})" if index and step.sign == "*" else work
        work = f"{inner}{step.sign}{step.operand}"
    return f" {steps[-1].name}:{work}={steps[-1].after}."


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


def drill(rng: random.Random) -> str:
    """Bare equations of one or two operations, with which the base learns its arithmetic."""
    equations = []
    for _ in range(rng.randint(4, 8)):
        value, steps = rng.randint(1, 60), []
        for _ in range(1 if rng.random() < 0.75 else 2):
            sign, operand, after = draw_operation(rng, value)
            steps.append(Step("", value, sign, operand, after))
            value = after
        equations.append(line(tuple(steps))[2:])
    return "".join(equations)
