"""Claims: what the study found, in one sentence each, and what a test of one gives."""

from typing import Any, Literal

from l2s.analysis.statistics.accuracy import Interval

Status = Literal["supported", "contradicted", "undecided"]

CLAIMS = {
    "half-at-parity-task-arithmetic": ("Task arithmetic about halves the length at parity (7B).", "table 1"),
    "half-at-parity-ties": ("TIES about halves the length at parity (7B).", "table 1"),
    "svd-limited": ("Merges of leading singular directions (LoRE, Twin) fall behind task vectors (7B).", "table 1"),
    "activation-ahead": ("Activation-informed merges (AIM, Sens) are ahead of their plain forms (7B).", "table 1"),
    "small-struggle": ("Small models lose accuracy by merging (1.5B).", "table 2"),
    "large-hard-to-shorten": ("Large models are hard to shorten (14B, 32B).", "tables 3 and 4"),
    "length-with-level": ("Answers get longer with difficulty.", "tables 1 to 4 by benchmark; figure of levels"),
    "reflections-with-level": (
        "More answers reflect as difficulty rises.",
        "tables 2 to 4 by benchmark; figure of levels",
    ),
    "reflections-fall": ("Merging lowers the share of answers that reflect (7B).", "table 6"),
    "coefficient-tenth": ("A coefficient changed by 0.1 moves the score by at most about a point.", "text"),
    "calibration-size": ("Calibration on 10 or 20 samples instead of 100 moves the score by about a point.", "text"),
    "averages": ("The Avg columns are unweighted means over benchmarks.", "tables 1, 3, 4 and 6"),
    "context-cap": ("Merged models of 1.5B and 7B were cut off at a context of 4096 tokens.", "tables 1 and 2"),
}
"""Identity to (sentence, where the study says or shows it). The last two are about the study's numbers themselves."""

HALF = 0.4
"""Length reduction from which on "about half" holds."""
POINT = 0.01
"""One point of accuracy."""
CAP = (
    "The merged 1.5B and 7B models seem to have been cut off at 4096 tokens, and R1 at 10240: a part of the printed "
    "reduction may be truncation, and R1's accuracy is too low."
)
BEST_OF = "The best of several recipes is bound to look a little too good; the recipe chosen on validation does not."


def judgement(
    name: str, on: Literal["study", "runs"], status: Status, sentence: str, numbers: Any = None, caveat: str = ""
) -> dict[str, Any]:
    """One tested claim as a row."""
    claim, source = CLAIMS[name]
    return {
        "id": name,
        "claim": claim,
        "source": f"arXiv:2503.20641, {source}",
        "on": on,
        "status": status,
        "sentence": sentence,
        "numbers": numbers or {},
        "caveat": caveat,
    }


def decided(supported: bool, contradicted: bool) -> Status:
    """The status of a test that may decide neither way."""
    return "supported" if supported else "contradicted" if contradicted else "undecided"


def points(found: Interval) -> str:
    """``−0.3 points [−2.1, +1.5]``."""
    value, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in found)
    return f"{value} points [{low}, {high}]"


def percent(share: float) -> str:
    """``−48.7 %``, of a change given as a share."""
    return f"{100 * share:+.1f} %".replace("-", "−")
