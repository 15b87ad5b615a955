"""Chain word problems of levels 1 to 5, and the disjoint splits they fall into.

"Tom has 4 coins. Sam has 4 times as many as Tom. How many coins does Sam have?" A problem is a chain
of people; each has more, fewer or several times as many as the one before. All values stay within
1 to 60. The level is the difficulty: the number of operations. Operations come in stretches, a pair of
easy ones (up to 3 more or fewer) or a single hard one: a good reasoner takes an easy pair in one go.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from l2s.core.row import Row
from l2s.core.seeds import seed_for

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
EVEN = (1.0, 1.0, 1.0, 1.0, 1.0)
OPERATIONS = {1: (1, 1), 2: (2, 2), 3: (3, 3), 4: (4, 5), 5: (6, 7)}
"""Fewest and most operations of each level."""
LARGEST = 60
EASIEST = 3
"""Largest operand of an easy operation."""
EASY_STRETCHES = 0.5
"""Share of stretches that are easy."""

Split = Literal["train", "check", "validation", "test", "search"]
"""Training; deciding when training ends; choosing a recipe; reporting; searching for recipes."""


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
    """One problem of a level; a pair of easy operations is cut off where the chain ends."""
    count = rng.randint(*OPERATIONS[level])
    first, *others = rng.sample(NAMES, count + 1)
    value, steps, easy_left = rng.randint(2, 15), list[Step](), 0
    for name in others:
        if not easy_left and rng.random() < EASY_STRETCHES:
            easy_left = 2
        steps.append(draw_step(rng, value, easy=easy_left > 0, name=name))
        value, easy_left = steps[-1].after, max(0, easy_left - 1)
    return Chain(level, first, rng.choice(OBJECTS), tuple(steps))


def draw_step(rng: random.Random, value: int, *, easy: bool, name: str = "") -> Step:
    """An operation on ``value``, easy or hard, whose result lies within 1 to 60."""
    while True:
        sign = rng.choice("+-" if easy else "++--**" if value <= 20 else "+--")
        operand = rng.randint(*((2, 4) if sign == "*" else (1, EASIEST) if easy else (EASIEST + 1, 9)))
        after = {"+": value + operand, "-": value - operand, "*": value * operand}[sign]
        if 1 <= after <= LARGEST:
            return Step(name, value, sign, operand, after)


def draw_set(seed: int, split: Split, per_level: int, weights: Sequence[float] = EVEN) -> list[Chain]:
    """``per_level`` different problems of each level, times the level's weight, all of one split."""
    rng = random.Random(seed_for(seed, "problems", split))
    seen, chains = set[str](), []
    for level, weight in zip(LEVELS, weights, strict=True):
        for _ in range(round(per_level * weight)):
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
    return {0: "check", 1: "validation", 2: "test", 3: "search"}.get(part, "train")  # type: ignore[return-value]


def problem_rows(benchmark: str, seed: int, split: Split, per_level: int, weights: Sequence[float] = EVEN) -> list[Row]:
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
        for number, chain in enumerate(draw_set(seed, split, per_level, weights))
    ]


def _relation(step: Step) -> str:
    if step.sign == "*":
        return f"{step.operand} times as many as"
    return f"{step.operand} {'more' if step.sign == '+' else 'fewer'} than"
