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

from l2s.generation.controls.parameters import ControlParams


def confident(answer: Sequence[float], control: ControlParams) -> bool:
    """The trial answer, given by its tokens' probabilities, is sure enough to end thinking."""
    return confidence(answer, control.mean) > control.threshold


def confidence(probabilities: Sequence[float], mean: str) -> float:
    """Geometric or arithmetic mean, or minimum, of the probabilities of a trial's tokens; 0 of none."""
    if not probabilities or (mean == "geometric" and min(probabilities) == 0):
        return 0.0
    if mean == "min":
        return min(probabilities)
    if mean == "arithmetic":
        return math.fsum(probabilities) / len(probabilities)
    return math.exp(math.fsum(map(math.log, probabilities)) / len(probabilities))
