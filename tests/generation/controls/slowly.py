"""Length controls written out for one row: no cache, no batch, no state kept between steps but the text itself.

The definitions, read off the papers' descriptions; the engine's state machine is compared with this.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.settings import SamplingParams

Logits = Callable[[list[int]], list[float]]


class Slow(NamedTuple):
    ids: list[int]
    finish: str
    closed: bool
    think_tokens: int
    tokens: int
    limit: str | None
    acted: int
    """How often the control did something."""
    trials: int


class Over(Exception):
    """The response ends."""


def follows(text: Sequence[int], part: Sequence[int]) -> bool:
    return len(part) > 0 and list(text[-len(part) :]) == list(part)


def last_place(text: Sequence[int], part: Sequence[int]) -> int:
    return max((i for i in range(len(text)) if follows(text[: i + 1], part)), default=-1)


class SlowDecoder:
    def __init__(
        self, logits_of: Logits, prompt: list[int], control: Control, marks: Delimiters, stops: set[int],
        sampling: SamplingParams, stream: random.Random, room: int | None = None,
    ) -> None:  # fmt: skip
        self.room, self.to_close = room, getattr(control, "probe_closes", False)
        self.logits_of, self.prompt, self.control, self.marks, self.stops = logits_of, prompt, control, marks, stops
        self.sampling, self.stream = sampling, stream
        self.out: list[int] = []
        self.spent = self.acted = self.probes = self.probed_at = self.dropped = 0
        self.cut: tuple[int, int, bool] | None = None

    def where(self) -> tuple[bool, int, bool]:
        """Is thinking open, how many tokens has it, is it the whole text?"""
        marks, out = self.marks, self.out
        prompted = last_place(self.prompt, marks.opening) > last_place(self.prompt, marks.closing)
        starts = [0] if prompted else [i for i in range(1, len(out) + 1) if follows(out[:i], marks.opening)]
        if not starts:
            begins = list(marks.opening)[: len(out)] == out[: len(marks.opening)]
            whole = self.control.takes_whole_response and len(out) > 0 and not begins
            return whole, len(out) if whole else 0, whole
        start = starts[0]
        ends = [i for i in range(start + 1, len(out) + 1) if follows(out[start:i], marks.closing)]
        if ends:
            return False, ends[0] - start - len(marks.closing), False
        return True, len(out) - start, False

    def charge(self) -> None:
        self.spent += 1

    def check(self, beside: int = 0) -> None:
        if self.spent >= self.sampling.max_tokens:
            raise Over("length", "max_tokens")
        if self.room is not None and len(self.out) + beside >= self.room:
            raise Over("length", "context")

    def put(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            self.out.append(token)
            self.charge()
            self.check()

    def draw(self, logits: list[float]) -> int:
        order = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
        if self.sampling.greedy:
            return order[0]
        weights = [math.exp((logits[i] - logits[order[0]]) / self.sampling.temperature) for i in order]
        left = self.stream.random() * sum(weights)
        for token, weight in zip(order, weights, strict=True):
            left -= weight
            if left < 0:
                return token
        return order[-1]

    def spent_budget(self) -> bool:
        is_open, think, _ = self.where()
        return is_open and self.control.max_think is not None and think >= self.control.max_think

    def close(self, budget: bool) -> None:
        _, think, whole = self.where()
        closing = [] if whole else [*self.marks.before_close, *self.marks.closing]
        for begun in range(1, len(self.marks.closing)):
            if not whole and follows(self.out, self.marks.closing[:begun]):
                think, closing = think - begun, list(self.marks.closing[begun:])
        self.cut = (think, len(self.out) + len(closing), whole)
        self.acted += 1
        opener = self.marks.forced_close[len(self.marks.closing) :]
        self.put([*closing, *opener])
        for _ in range(self.control.max_answer):
            token = self.draw(self.logits_of(self.prompt + self.out))
            self.out.append(token)
            self.charge()
            if token in self.stops:
                raise Over("control", "max_think" if budget else None)
            self.check()
        raise Over("length", "max_answer")

    def raised(self, logits: list[float], enders: list[int]) -> list[float]:
        logits = list(logits)
        end = max(enders, key=lambda i: logits[i])
        others = [z for i, z in enumerate(logits) if i not in enders]
        gate = self.control.top_k_gate
        if gate is not None and sum(z > logits[end] for z in others) >= gate:
            return logits
        z, top, value = logits[end], max(others), self.control.value or 0.0
        if self.control.form == "bias":
            logits[end] = z + value
        elif self.control.form == "divide":
            logits[end] = z / value if z > 0 else z * value
        elif z < top:
            logits[end] = top + 1e-6 if value == 0 else top - (top - z) * value
        return logits

    def continues(self, think: int) -> bool:
        control = self.control
        return control.kind == "min_think" and (think < control.min_think or self.dropped < control.ignores)

    def drop(self, size: int) -> None:
        del self.out[len(self.out) - size :]
        self.dropped += 1
        self.acted += 1
        self.check()
        self.put(self.marks.continuation)

    def trial(self, base: list[int]) -> None:
        """Try answers after ``base``; close thinking there, or go on as if nothing had been."""
        width = 5 if self.control.kind == "entropy_stop" else 1
        width = self.control.candidates if width > 1 else 1
        self.probes += 1
        held, text = len(self.out) - len(base), len(self.marks.probe)
        for written in range(text):
            self.charge()
            self.check(written + 1 - held)
        start = self.prompt + base + list(self.marks.probe)
        answers = []
        for number, (first, share) in enumerate(self.best(start, width), 1):
            tokens, shares = [first], [share]
            while True:
                self.charge()
                ended = self.ended(tokens)
                after = text + len(tokens) if not ended else text if number < width else 0
                self.check(after - held)
                if ended:
                    break
                token, share = self.best(start + tokens, 1)[0]
                tokens.append(token)
                shares.append(share)
            answers.append([share for i, share in enumerate(shares) if self.depth(tokens[:i]) > 0])
        sure = self.settled(answers) if self.control.kind == "entropy_stop" else self.sure(answers[0])
        if self.to_close and not follows(tokens, self.marks.closing):
            sure = False
        if sure or self.probes == self.control.max_probes:
            self.out = base
            self.close(budget=False)

    def best(self, text: list[int], count: int) -> list[tuple[int, float]]:
        logits = self.logits_of(text)
        total = sum(math.exp(z) for z in logits)
        order = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
        return [(i, math.exp(logits[i]) / total) for i in order[:count]]

    def depth(self, tokens: list[int]) -> int:
        text = "".join(self.marks.braces.get(token, "") for token in tokens)
        return self.marks.probe_depth + text.count("{") - text.count("}")

    def ended(self, tokens: list[int]) -> bool:
        if "}" in self.marks.braces.get(tokens[-1], "") and self.depth(tokens) <= 0 and not self.to_close:
            return True
        full = len(tokens) == self.control.probe_tokens
        return full or tokens[-1] in self.stops or follows(tokens, self.marks.closing)

    def sure(self, shares: list[float]) -> bool:
        if not shares:
            return False
        mean = {
            "arithmetic": sum(shares) / len(shares), "min": min(shares),
            "geometric": math.prod(shares) ** (1 / len(shares)),
        }[self.control.mean]  # fmt: skip
        return mean > self.control.threshold

    def settled(self, answers: list[list[float]]) -> bool:
        weights = [math.prod(shares) for shares in answers if shares]
        if not weights:
            return False
        shares = [weight / sum(weights) for weight in weights]
        bits = sum(-share * math.log(share) / math.log(2) for share in shares)
        return bits / len(shares) < self.control.alpha / (math.e * math.log(2))

    def step(self) -> None:
        control, marks = self.control, self.marks
        if self.spent_budget():
            self.close(budget=True)
        is_open, think, whole = self.where()
        logits = self.logits_of(self.prompt + self.out)
        raises = control.kind == "eot_temperature" and is_open and think >= control.min_think
        enders = sorted(self.stops) if whole else [marks.closing[0]]
        token = self.draw(self.raised(logits, enders) if raises else logits)
        self.out.append(token)
        self.charge()
        if token in self.stops:
            if is_open and self.continues(think):
                return self.drop(1)
            raise Over("stop", None)
        closes = is_open and not whole and follows(self.out, marks.closing)
        if closes and self.continues(think + 1 - len(marks.closing)):
            return self.drop(len(marks.closing))
        self.check()
        if raises and token in enders:
            self.acted += 1
            return self.put(marks.closing[1:])
        is_open, think, _ = self.where()
        if is_open and not self.spent_budget():
            if control.kind == "early_exit":
                sizes = [len(word) for word in marks.triggers if follows(self.out, word) and len(word) <= think]
                if sizes:
                    self.trial(self.out[: -max(sizes)])
            elif control.kind == "entropy_stop":
                ended = any(follows(self.out, mark) for mark in marks.triggers)
                if (think == 0 and not self.probes) or (ended and think - self.probed_at >= control.every):
                    self.probed_at = think
                    self.trial(list(self.out))
        return None

    def run(self) -> Slow:
        try:
            if self.control.kind == "entropy_stop" and self.where()[0] and not self.spent_budget():
                self.trial([])
            while True:
                self.step()
        except Over as over:
            finish, limit = over.args
        if self.cut:
            think, close, whole = self.cut
            closed = whole or len(self.out) >= close
        else:
            out, self.out = self.out, self.out[:-1] if self.out and self.out[-1] in self.stops else self.out
            is_open, think, whole = self.where()
            closed, self.out = not is_open or (whole and finish == "stop"), out
        return Slow(self.out, finish, closed, think, self.spent, limit, self.acted, self.probes)
