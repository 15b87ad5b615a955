"""Levels by labels: the longest right sample as it is, without going through it again, and without second thoughts.

All three answers to a problem come from one sample, so that nothing but the level tells them apart; it is the longest
of those whose three texts differ. A problem without one is left out: it would teach that levels mean nothing.
"""

from typing import Any, ClassVar, Literal

from l2s.generation.levels import LEVELS
from l2s.training.data.data import Dataset, ExampleData, OneSource, Samples, Score
from l2s.training.data.example import Example
from l2s.training.data.sample import Sample
from l2s.training.data.selection import dataset, problems_of, right_ones
from l2s.training.data.steps import Grammar, Trace, grammar_of, trace_of


class Labelled(OneSource, ExampleData):
    """Three examples for each problem: short, medium and long."""

    kind: Literal["labelled"] = "labelled"
    medium: Literal["redo", "half"] = "redo"
    """What medium lacks: the steps that go through everything again, or every second functional step from the last."""
    steps: Grammar | None = None
    """How steps are told apart; None: by the embedded family's sentences where the samples have them, else by
    paragraphs."""

    example: ClassVar[dict[str, Any]] = {"samples": "slow"}

    def examples(self, samples: Samples, score: Score | None = None) -> Dataset[Example]:
        """Short ones first, problem by problem."""
        problems = problems_of(samples, self.samples)
        grammar = self.steps or grammar_of([one.response for found in problems.values() for one in right_ones(found)])

        def make(_: str, found: list[Sample]) -> list[Example] | str:
            if not (right := right_ones(found)):
                return "unsolved"
            read = [(one, trace) for one in right if (trace := trace_of(one.response, grammar)) and trace.concludes]
            if not read:
                return "without steps that could be read and come to the answer by themselves"
            told = [(one, texts) for one, trace in read if len(set(texts := self.texts_of(trace))) == len(LEVELS)]
            if not told:
                return f"without a right answer of three lengths (medium: {self.medium})"
            sample, texts = max(told, key=lambda pair: pair[0].tokens)
            return [
                Example(sample.id, sample.problem, sample.prompt, text, level=level)
                for level, text in zip(LEVELS, texts, strict=True)
            ]

        return dataset(problems, make, f"levels of {self.samples}")

    def texts_of(self, trace: Trace) -> list[str]:
        """The response at each level."""
        return [trace.text(trace.functional), trace.text(self.cut_of(trace)), trace.text()]

    def cut_of(self, trace: Trace) -> list[int]:
        """Places of the steps that medium lacks."""
        if self.medium == "half":
            return trace.functional[::-1][::2]
        return [place for place in trace.functional if trace.steps[place].redo]
