"""PIR (LIMOPro, arXiv:2505.19187): functional steps that matter least for the answer are cut, over all the data.

PIR of a step = mean negative log-likelihood of the answer's tokens without it, less the same with it. Steps that go on
are never cut. Departures: steps are classed by rules (:mod:`l2s.training.data.steps`); the start model scores, the
paper takes a larger one; the share is a setting, the paper's differ by data set and were not to be had. Most values
lie near 0, so steps are cut by rank, those that stand first before others of the same value.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.training.data.data import Dataset, ExampleData, OneSource, Samples, Score
from l2s.training.data.example import Example
from l2s.training.data.sample import Sample
from l2s.training.data.selection import dataset, problems_of, right_ones
from l2s.training.data.steps import Grammar, Trace, grammar_of, trace_of

Read = tuple[Sample, Trace]


class Pir(OneSource, ExampleData):
    """One example for each problem that was solved: its first right sample, pruned."""

    kind: Literal["pir"] = "pir"
    share: float = Field(0.8, gt=0, le=1)
    """Share of all functional steps that is cut."""
    steps: Grammar | None = None
    """As in ``labelled``."""

    example: ClassVar[dict[str, Any]] = {"samples": "slow"}
    scores: ClassVar[bool] = True

    def examples(self, samples: Samples, score: Score | None = None) -> Dataset[Example]:
        """All steps are scored in one call: of each problem the whole answer first, then without each of them."""
        assert score is not None
        problems = problems_of(samples, self.samples)
        grammar = self.steps or grammar_of([one.response for found in problems.values() for one in right_ones(found)])

        def read(_: str, found: list[Sample]) -> list[Read] | str:
            if not (right := right_ones(found)):
                return "unsolved"
            traces = [(sample, trace) for sample in right if (trace := trace_of(sample.response, grammar))]
            return traces[:1] or "without steps that could be read"

        found = dataset(problems, read, f"steps of {self.samples}")
        cut = least(values_of(found.items, score), self.share)
        pruned = [
            Example(sample.id, sample.problem, sample.prompt, trace.text([step for one, step in cut if one == place]))
            for place, (sample, trace) in enumerate(found.items)
        ]
        return Dataset(tuple(pruned), found.problems, found.dropped)


def values_of(read: tuple[Read, ...], score: Score) -> dict[tuple[int, int], float]:
    """PIR, nats, of each functional step, by the places of trace and step."""
    asked = [(place, step) for place, (_, trace) in enumerate(read) for step in (None, *trace.functional)]
    texts = [
        (read[place][0].prompt + read[place][1].before_answer(() if step is None else (step,)), read[place][1].answer)
        for place, step in asked
    ]
    costs = dict(zip(asked, score(texts), strict=True))
    return {(place, step): cost - costs[place, None] for (place, step), cost in costs.items() if step is not None}


def least(values: dict[tuple[int, int], float], share: float) -> set[tuple[int, int]]:
    """The share of the steps whose values are lowest; of equal ones the first."""
    return set(sorted(values, key=lambda step: (values[step], step))[: round(share * len(values))])
