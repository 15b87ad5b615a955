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

LARGEST = 1 / (math.e * math.log(2))
"""Largest value of −p log₂ p, at p = 1/e."""


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
