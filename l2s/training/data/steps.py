r"""Steps of a reasoning: those that go on, and functional ones, which look again at what is there.

LIMOPro (arXiv:2505.19187) classes steps by rules and a language model; here it is rules. Traces of the embedded
family are read by their own grammar (``l2s/family/traces.py``): a second thought begins with `` Wait`` or `` Hmm`` and
ends where the next line of work begins; going through it all again is one step, to the end. Others are read by
paragraphs, which are functional where they begin with a reflection word, as the analysis counts them.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from l2s.analysis.inputs.reflection import pattern_of
from l2s.analysis.settings import REFLECTION_WORDS, RESTART_WORDS

Grammar = Literal["arithmetic", "paragraphs"]
OPENING, CLOSING = "<think>", "</think>"

_BETWEEN_SENTENCES = re.compile(r"(?<=[.?])(?= )")
_LINE = re.compile(r" [A-Z][a-z]+:[-+*/()\d]+=\d+\.")
_THOUGHT = re.compile(r" (?:Wait|Hmm)\b")
_RESTART = re.compile(r"from the start")
_RESULT = re.compile(r"=(\d+)\.\Z")
_BOX = re.compile(r"\\boxed\{(\d+)\}")
_PARAGRAPH = re.compile(r".+?(?:\n\s*\n\s*|\Z)", re.DOTALL)
_FILLER = r"(?:(?:but|so|and|oh|ok|okay|no|yes|now|actually|well)\b\W*)*"
_SECOND = re.compile(rf"\W*{_FILLER}{pattern_of(REFLECTION_WORDS).removeprefix('(?i)')}", re.IGNORECASE)
_AGAIN = re.compile(pattern_of(RESTART_WORDS))


@dataclass(frozen=True)
class Step:
    """One step, with the blanks around it."""

    text: str
    functional: bool = False
    redo: bool = False
    """It goes through everything again."""


@dataclass(frozen=True)
class Trace:
    """A response in parts: ``opening``, the steps, ``closing`` and the answer make it up."""

    opening: str
    steps: tuple[Step, ...]
    closing: str
    answer: str

    @property
    def functional(self) -> list[int]:
        """Places of the functional steps."""
        return [place for place, step in enumerate(self.steps) if step.functional]

    @property
    def concludes(self) -> bool:
        """Without its functional steps it comes to its answer too, as far as the family's lines tell."""
        result = _RESULT.search([step.text for step in self.steps if not step.functional][-1])
        box = _BOX.search(self.answer)
        return result is None or box is None or result[1] == box[1]

    def before_answer(self, cut: Collection[int] = ()) -> str:
        """The response without the steps at those places, up to where the answer begins."""
        kept = "".join(step.text for place, step in enumerate(self.steps) if place not in cut)
        return self.opening + kept + self.closing

    def text(self, cut: Collection[int] = ()) -> str:
        """The response without the steps at those places."""
        return self.before_answer(cut) + self.answer


def trace_of(response: str, grammar: Grammar) -> Trace | None:
    """The response in parts; None where it is not of that grammar, or nothing would stay without functional steps."""
    parts = _parts(response)
    if parts is None:
        return None
    opening, thinking, closing, answer = parts
    steps = _arithmetic(thinking) if grammar == "arithmetic" else list(_paragraphs(thinking))
    if steps is None or all(step.functional for step in steps):
        return None
    return Trace(opening, tuple(steps), closing, answer)


def grammar_of(responses: Sequence[str]) -> Grammar:
    """The family's, if at least half of the responses are of it."""
    fit = sum(trace_of(response, "arithmetic") is not None for response in responses)
    return "arithmetic" if 2 * fit >= len(responses) > 0 else "paragraphs"


def _parts(response: str) -> tuple[str, str, str, str] | None:
    """Opening, thinking, closing, answer; without thinking marks the last paragraph with a box is the answer."""
    if CLOSING in response:
        before, closing, answer = response.rpartition(CLOSING)
        opening = before[: before.find(OPENING) + len(OPENING)] if OPENING in before else ""
        return (opening, before[len(opening) :], closing, answer) if answer.strip() else None
    paragraphs = _PARAGRAPH.findall(response)
    boxes = [place for place, text in enumerate(paragraphs) if r"\boxed" in text]
    if OPENING in response or not boxes:
        return None
    return "", "".join(paragraphs[: boxes[-1]]), "", "".join(paragraphs[boxes[-1] :])


def _arithmetic(thinking: str) -> list[Step] | None:
    sentences = _BETWEEN_SENTENCES.split(thinking)
    if not all(sentence.startswith(" ") and sentence.endswith((".", "?")) for sentence in sentences):
        return None
    steps = list[Step]()
    for sentence in sentences:
        open_thought = bool(steps) and steps[-1].functional
        if open_thought and (steps[-1].redo or not (_LINE.fullmatch(sentence) or _THOUGHT.match(sentence))):
            steps[-1] = Step(steps[-1].text + sentence, True, steps[-1].redo)
        elif _THOUGHT.match(sentence):
            steps.append(Step(sentence, True, bool(_RESTART.search(sentence))))
        elif _LINE.fullmatch(sentence):
            steps.append(Step(sentence))
        else:
            return None
    return steps


def _paragraphs(thinking: str) -> Iterator[Step]:
    for text in _PARAGRAPH.findall(thinking):
        functional = bool(_SECOND.match(text))
        yield Step(text, functional, functional and bool(_AGAIN.search(text)))
