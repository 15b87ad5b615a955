"""Chain word problems of levels 1 to 5, and the disjoint splits they fall into.

"Tom has 4 coins. Sam has 4 times as many as Tom. How many coins does Sam have?" A problem is a chain
of people; each has more, fewer or several times as many as the one before. All values stay within
1 to 60. The level is the difficulty: the number of operations.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from l2s.core.seeds import seed_for
from l2s.records import Row

NAMES = tuple(
    [
        "Ann",
        "Bob",
        "Cal",
        "Dan",
        "Eve",
        "Fay",
        "Gus",
        "Hal",
        "Ida",
        "Jon",
        "Kim",
        "Leo",
        "Mia",
        "Ned",
        "Oli",
        "Pam",
        "Rex",
        "Sam",
        "Tom",
        "Uma",
    ]
)
OBJECTS = ("coins", "books", "pens", "cards", "shells", "apples")
LEVELS = (1, 2, 3, 4, 5)
OPERATIONS = {1: (1, 1), 2: (2, 2), 3: (3, 3), 4: (4, 5), 5: (6, 7)}
"""Fewest and most operations of each level."""
LARGEST = 60

Split = Literal["train", "check", "validation", "test"]
"""Training; deciding when training ends; choosing a recipe; reporting."""


@dataclass(frozen=True)
class Step:
    """One operation: ``before`` ``sign`` ``operand`` gives ``after``, the value of ``name``."""

    name: str
    before: int
    sign: str
    operand: int
    after: int


@dataclass(frozen=True)
class Chain:
    """One problem: the first person's value, then one step a person."""

    level: int
    first: str
    objects: str
    steps: tuple[Step, ...]

    @property
    def answer(self) -> int:
        """The last person's value."""
        return self.steps[-1].after

    @property
    def text(self) -> str:
        """The problem as a model reads it."""
        sentences = [f"{self.first} has {self.steps[0].before} {self.objects}."]
        other = self.first
        for step in self.steps:
            sentences.append(f"{step.name} has {_relation(step)} {other}.")
            other = step.name
        return " ".join([*sentences, f"How many {self.objects} does {other} have?"])


def draw_chain(rng: random.Random, level: int) -> Chain:
    """One problem of a level."""
    count = rng.randint(*OPERATIONS[level])
    first, *others = rng.sample(NAMES, count + 1)
    value, steps = rng.randint(2, 15), []
    for name in others:
        sign, operand, after = draw_operation(rng, value)
        steps.append(Step(name, value, sign, operand, after))
        value = after
    return Chain(level, first, rng.choice(OBJECTS), tuple(steps))


def draw_operation(rng: random.Random, value: int) -> tuple[str, int, int]:
    """Sign, operand and result of one operation on ``value`` whose result lies within 1 to 60."""
    while True:
        sign = rng.choice("++--**" if value <= 20 else "+--")
        operand = rng.randint(2, 4) if sign == "*" else rng.randint(1, 9)
        after = {"+": value + operand, "-": value - operand, "*": value * operand}[sign]
        if 1 <= after <= LARGEST:
            return sign, operand, after


def draw_set(seed: int, split: Split, per_level: int) -> list[Chain]:
    """``per_level`` different problems of each level, all of one split."""
    rng = random.Random(seed_for(seed, "problems", split))
    seen, chains = set[str](), []
    for level in LEVELS:
        for _ in range(per_level):
            chain = draw_chain(rng, level)
            while chain.text in seen or split_of(chain) != split:
                chain = draw_chain(rng, level)
            seen.add(chain.text)
            chains.append(chain)
    return chains


def training_chains(seed: int, name: str, weights: tuple[float, ...]) -> Iterator[Chain]:
    """Endless training problems, levels drawn by ``weights``."""
    rng = random.Random(seed_for(seed, "training", name))
    while True:
        chain = draw_chain(rng, rng.choices(LEVELS, weights)[0])
        if split_of(chain) == "train":
            yield chain


def split_of(chain: Chain) -> Split:
    """The split a problem belongs to, by a hash of its text: disjoint whatever is drawn, and however much."""
    part = hashlib.sha256(chain.text.encode()).digest()[0] % 16
    return {0: "check", 1: "validation", 2: "test", 3: "test"}.get(part, "train")  # type: ignore[return-value]


def problem_rows(benchmark: str, seed: int, split: Split, per_level: int) -> list[Row]:
    """The problems as rows of a benchmark file."""
    return [
        {
            "benchmark": benchmark,
            "id": f"{split}-{number:04d}",
            "problem": chain.text,
            "gold": str(chain.answer),
            "level": chain.level,
            "subject": "arithmetic",
        }
        for number, chain in enumerate(draw_set(seed, split, per_level))
    ]


def _relation(step: Step) -> str:
    if step.sign == "*":
        return f"{step.operand} times as many as"
    return f"{step.operand} {'more' if step.sign == '+' else 'fewer'} than"
