"""Entropy stop: adaptive thinking of "Think or Not?" (arXiv:2505.18237; its repository), online.

Before thinking begins and after each paragraph, several answers are tried out; their probabilities,
normalised to 1, have the entropy H in bits. Thinking is closed where H / candidates is below
α · h_max with h_max = 1 / (e ln 2), the largest value of −p log₂ p.

Departures. The repository replays finished traces and charges nothing; here every trial token counts.
The candidates are the likeliest first tokens, each continued greedily, where the repository has a beam
search over whole answers. Paragraphs are merged until ``every`` tokens, not 200 characters.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from l2s.generation.controls.asking import Progress
from l2s.generation.controls.delimiters import Delimiters, ends_with
from l2s.generation.controls.probe import Probe
from l2s.generation.controls.speller import Speller
from l2s.generation.controls.trying import TryingControl

LARGEST = 1 / (math.e * math.log(2))
"""Largest value of −p log₂ p, at p = 1/e."""


class EntropyStop(TryingControl):
    """Thinking ends where several answers that the model would give now agree."""

    kind: Literal["entropy_stop"] = "entropy_stop"
    separator: str = Field("\n\n", min_length=1)
    """Text that ends a paragraph."""
    every: int = Field(50, ge=1)
    """The smallest number of thinking tokens between two trials."""
    probe: str = Field("{closing}\n\n**Final Answer**\n\\boxed{", min_length=1)
    probe_tokens: int = Field(10, ge=1)
    candidates: int = Field(5, ge=2)
    """How many answers are tried out."""
    alpha: float = Field(0.3, ge=0, le=1)
    """Thinking ends where the answers' mean entropy is below this share of the largest."""

    def with_words(self, delimiters: Delimiters, speller: Speller) -> Delimiters:
        """The separator's own tokens, and every single token whose text holds it."""
        holding = [(token,) for token, text in speller.pieces.items() if self.separator in text]
        ends = speller.any_of(
            [speller.known(self.separator), *holding],
            f"cannot write the separator {self.separator!r}; "
            "give one that this model writes between its thoughts, e.g. '.'",
        )
        return replace(super().with_words(delimiters, speller), triggers=ends)

    def trial(self, response: Progress) -> int | None:
        """Before thinking begins, and at the end of a paragraph that is not too close to the last trial."""
        if response.think_tokens == 0 and not response.trials:
            return 0
        ended = any(ends_with(response.ids, end) for end in response.delimiters.triggers)
        return 0 if ended and response.since_trial >= self.every else None

    def new_probe(self, delimiters: Delimiters, stops: frozenset[int]) -> Probe:
        """Several answers."""
        return Probe(delimiters, stops, self.candidates, self.probe_tokens)

    def is_settled(self, probe: Probe) -> bool:
        """The answers leave little doubt."""
        return settled(probe.answers, self.alpha)


def settled(answers: Sequence[Sequence[float]], alpha: float) -> bool:
    """The candidate answers, each given by its tokens' probabilities, leave little doubt.

    An answer without a scored token (one that is never put in braces) is no candidate; without any
    candidate nothing is settled, and a single one settles at once.
    """
    candidates = [math.prod(answer) for answer in answers if answer]
    return bool(candidates) and sum(candidates) > 0 and mean_entropy(candidates) < alpha * LARGEST


def mean_entropy(probabilities: Sequence[float]) -> float:
    """Entropy of the normalised probabilities, in bits, over their number."""
    total = math.fsum(probabilities)
    shares = [probability / total for probability in probabilities if probability > 0]
    return -math.fsum(share * math.log2(share) for share in shares) / len(probabilities)
