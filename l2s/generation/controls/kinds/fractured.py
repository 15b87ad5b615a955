"""Fractured sampling (arXiv:2505.12992; repository frac-cot): n traces, cut at H depths, m solutions from each cut.

A trace is the thinking of one sample. For i = 1 … H its first ⌊i·L/H⌋ thinking tokens stand, thinking is closed
(the closing delimiter and ``answer_prefix`` are forced; the whole trace goes on from its own close), and m answers
of at most ``max_answer`` tokens are drawn. n is the run's ``samples``; a budget (``max_think``) cuts the traces.

Rows. Each (trace, depth, solution) is one, with ``sample`` = (trace·H + depth − 1)·m + solution and three columns of
these names; depth counts from 1. ``tokens`` is what this answer alone would cost: prefix, forced text and solution.
``plan_tokens`` is what the row adds to the cost of the plan, where a prefix is generated once; its sum over all rows
is n·L + n·H·m·(solution and forced text), the paper's.

A trace that was cut before it closed is closed like any other prefix. One that never opens thinking is left as it
is: all its rows hold it, and the first one its cost; with ``thinking_scope: response`` it is thinking as a whole,
and its full depth is the answer that it ends with.

A solution draws from a stream of its own, named by trace, cut and number, so that more traces, depths or solutions
leave those that are stored as they are.

Departure: a prefix is cut from the trace's own token ids, where the repository tokenises anew and drops the first
token, whether or not it is a BOS.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import Field

from l2s.core.errors import ConfigError
from l2s.generation.controls.asking import Answer, Solution
from l2s.generation.controls.control import ThinkingControl
from l2s.generation.controls.delimiters import NEAR, Delimiters
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.thinking import thinking_after
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import DecodingParams
from l2s.generation.store.store import Stored

AT_ONCE = 4096
"""Solutions asked for at a time: their prompts, thinking included, are held in memory."""


class Fractured(ThinkingControl):
    """Several answers from several depths of each trace of thinking."""

    kind: Literal["fractured"] = "fractured"
    max_answer: int = Field(2048, ge=1)
    answer_prefix: str = "\n\n"
    depths: int = Field(16, ge=1)
    """At how many evenly spaced depths a trace of thinking is cut, its end included (H)."""
    solutions: int = Field(4, ge=1)
    """How many answers are sampled at each cut (m), each of at most ``max_answer`` tokens."""

    asks: ClassVar[frozenset[str]] = frozenset({"depths", "solutions"})
    traces: ClassVar[bool] = True

    def refuse(self, decoding: DecodingParams) -> None:
        """Greedy traces and solutions are all the same."""
        if decoding.sampling.greedy and (self.solutions > 1 or decoding.sampling.samples > 1):
            raise ConfigError(
                f"control fractured: at temperature 0 all of {decoding.sampling.samples} traces and {self.solutions} "
                "solutions are the same; give a temperature (the paper: 0.6, top_p 0.95), or one sample and "
                "solutions: 1"
            )

    @property
    def rows_per_sample(self) -> int:
        """One for each solution at each depth."""
        return self.depths * self.solutions

    def rows(
        self, answer: Answer, prompts: Sequence[Prompt], decoding: DecodingParams, delimiters: Delimiters
    ) -> Iterator[Solution]:
        """Every solution of every prompt (a trace each), trace by trace."""
        step = max(1, AT_ONCE // self.rows_per_sample)
        for first in range(0, len(prompts), step):
            places = range(first, min(first + step, len(prompts)))
            found = dict(answer([prompts[place] for place in places], decoding, self))
            traces = {place: found[place - first] for place in places}
            yield from _solved(answer, prompts, traces, decoding, self, delimiters)


@dataclass(frozen=True)
class Cut:
    """A prefix of a trace, and what is forced after it."""

    prefix: list[int]
    forced: list[int]
    think_tokens: int
    fresh: int
    """Tokens that were generated for it and for no shallower cut of the trace."""
    over: bool = False
    """The prefix is an answer already; nothing is drawn."""


def cuts(trace: Stored, opened: bool, control: Fractured, delimiters: Delimiters) -> list[Cut]:
    """The cuts of one trace, the shallowest first; ``opened``: its prompt leaves thinking open."""
    ids, depths = trace.ids, control.depths
    start = 0 if thinking_after(opened, control, delimiters).open else _start(ids, delimiters)
    if start is None and not (control.takes_whole_response and ids):
        return [Cut(ids, [], 0, trace.tokens if depth == 0 else 0, over=True) for depth in range(depths)]
    closing = [] if start is None else [*delimiters.before_close, *delimiters.closing]
    forced = [*closing, *delimiters.forced_close[len(delimiters.closing) :]]
    ends = [(start or 0) + depth * trace.think_tokens // depths for depth in range(1, depths + 1)]
    found = [
        Cut(ids[:end], forced, end - (start or 0), end - before)
        for before, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    rest = trace.tokens - sum(cut.fresh for cut in found[:-1])
    if start is None and trace.finish == "stop":
        return [*found[:-1], Cut(ids, [], trace.think_tokens, rest, over=True)]
    if start is not None and trace.closed:
        return [*found[:-1], Cut(ids, [], trace.think_tokens, rest)]
    return [*found[:-1], replace(found[-1], fresh=rest)]


def _start(ids: list[int], delimiters: Delimiters) -> int | None:
    """Where thinking begins; None: nowhere."""
    return next((end for end in range(1, len(ids) + 1) if delimiters.opens(ids[max(0, end - NEAR) : end])), None)


def _solved(
    answer: Answer, prompts: Sequence[Prompt], traces: dict[int, Stored], decoding: DecodingParams,
    control: Fractured, delimiters: Delimiters,
) -> Iterator[Solution]:  # fmt: skip
    """The solutions of some traces, by trace, depth and number."""
    wanted, asked = list[tuple[int, int, Cut, int]](), list[Prompt]()
    for place, trace in traces.items():
        prompt, seen = prompts[place], Counter[int]()
        for depth, cut in enumerate(cuts(trace, prompt.opened, control, delimiters)):
            seen[cut.think_tokens] += 1
            stream = f"{prompt.benchmark} trace {prompt.sample} at {cut.think_tokens} {seen[cut.think_tokens]}"
            for number in range(control.solutions):
                wanted.append((place, depth, cut, number))
                if not cut.over:
                    ids = prompt.ids + cut.prefix + cut.forced
                    asked.append(Prompt(stream, prompt.problem_id, number, ids))
    sampling = decoding.sampling.model_copy(update={"max_tokens": control.max_answer})
    short = decoding.model_copy(update={"sampling": sampling})
    answers = dict(answer(asked, short, NoControl()))
    numbers = iter(range(len(asked)))
    for place, depth, cut, number in wanted:
        response = traces[place] if cut.over else _joined(cut, answers[next(numbers)])
        plan = (cut.fresh if number == 0 else 0) + (0 if cut.over else response.tokens - len(cut.prefix))
        own = prompts[place].sample
        more = {"trace": own, "depth": depth + 1, "solution": number, "plan_tokens": plan}
        yield Solution(place, (own * control.depths + depth) * control.solutions + number, response, more)


def _joined(cut: Cut, answer: Stored) -> Stored:
    """Prefix, forced text and solution as one response."""
    before = [*cut.prefix, *cut.forced]
    finish = "length" if answer.finish == "length" else "control" if cut.forced else "stop"
    limit = "max_answer" if answer.limit == "max_tokens" else answer.limit
    return Stored([*before, *answer.ids], finish, True, cut.think_tokens, len(before) + answer.tokens, limit)
