"""Early exit (DEER, arXiv:2504.15895, section 3; its repository's defaults).

At each transition word the word is held back, the answer is tried out greedily, and thinking is closed
where the trial's confidence is above the threshold; otherwise the word is put back and thinking goes on.

Departures. The trial is greedy (the repository samples it at temperature 1, its own setting being
commented out); the mean is geometric by default, which is the paper's formula (the repository's is
arithmetic for DeepSeek's models; both, and its ``min``, can be chosen); words are compared as token
sequences, so that "Waiting" is no "Wait"; the trial ends where its own braces close, not at the first
closing brace; an opening brace is not scored, but a number after a brace in the probe's own text is;
with ``probe_closes`` (its variant for Qwen3) what follows the closed braces is not scored either; after
``max_probes`` trials thinking is closed only where that is set. A trial without a scored token
has confidence 0, so an answer that is not put in braces never ends thinking.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from l2s.generation.controls.asking import Progress
from l2s.generation.controls.delimiters import Delimiters, ends_with
from l2s.generation.controls.probe import Probe
from l2s.generation.controls.speller import Speller
from l2s.generation.controls.trying import TryingControl


class EarlyExit(TryingControl):
    """Thinking ends where the model is sure of the answer at a transition word."""

    kind: Literal["early_exit"] = "early_exit"
    transitions: tuple[str, ...] = Field(("Wait",), min_length=1)
    """Words at which the answer is tried out."""
    probe: str = Field("\n**Final Answer**\n\\boxed", min_length=1)
    probe_tokens: int = Field(20, ge=1)
    probe_closes: bool = False
    """A trial goes on to where the model itself closes thinking, and one that does not get there has confidence 0
    (DEER for Qwen3)."""
    mean: Literal["geometric", "arithmetic", "min"] = "geometric"
    """How the probabilities of a trial answer's tokens become its confidence."""
    threshold: float = Field(0.95, ge=0, le=1)
    """Thinking ends where the confidence is above this."""

    added: ClassVar[frozenset[str]] = TryingControl.added | {"probe_closes"}

    def with_words(self, delimiters: Delimiters, speller: Speller) -> Delimiters:
        """Each transition word as it stands and with a leading space; a spelling without tokens cannot occur."""
        spellings = [spelling for word in self.transitions for spelling in (word, f" {word.lstrip()}")]
        words = speller.any_of(
            map(speller.known, spellings),
            f"has none of the transition words {', '.join(map(repr, self.transitions))}; "
            "give words that this model writes as transitions",
        )
        return replace(super().with_words(delimiters, speller), triggers=words)

    def trial(self, response: Progress) -> int | None:
        """At a transition word, the longest of those that end here; it is held back."""
        found = (len(word) for word in response.delimiters.triggers if ends_with(response.ids, word))
        return max((size for size in found if size <= response.think_tokens), default=None)

    def new_probe(self, delimiters: Delimiters, stops: frozenset[int]) -> Probe:
        """One answer."""
        return Probe(delimiters, stops, 1, self.probe_tokens, self.probe_closes)

    def is_settled(self, probe: Probe) -> bool:
        """The answer is sure enough."""
        complete = probe.closed or not self.probe_closes
        return complete and confidence(probe.answers[0], self.mean) > self.threshold


def confidence(probabilities: Sequence[float], mean: str) -> float:
    """Geometric or arithmetic mean, or minimum, of the probabilities of a trial's tokens; 0 of none."""
    if not probabilities or (mean == "geometric" and min(probabilities) == 0):
        return 0.0
    if mean == "min":
        return min(probabilities)
    if mean == "arithmetic":
        return math.fsum(probabilities) / len(probabilities)
    return math.exp(math.fsum(map(math.log, probabilities)) / len(probabilities))
