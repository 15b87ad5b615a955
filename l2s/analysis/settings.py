"""What the analysis depends on: the block ``analysis`` of params.yaml."""

from pydantic import Field

from l2s.params import Params

REFLECTION_WORDS = (
    "wait", "hmm", "alternatively", "re-examine", "reexamine", "double-check", "double check", "check again",
    "let me check", "let me verify", "let me recheck", "recap", "on second thought",
)  # fmt: skip


class AnalysisParams(Params):
    """Margins, seeds and roles."""

    slow: str | None = None
    """The run that every other is compared with."""
    quick: str | None = None
    """The run shown as the other end of the trade-off."""
    margin: float = Field(0.02, gt=0, lt=1)
    """δ: parity means that the accuracy difference's lower end lies above −δ (a share)."""
    confidence: float = Field(0.95, gt=0, lt=1)
    """Of every interval."""
    bootstrap: int = Field(2000, ge=100)
    """Resamples of problems behind length intervals."""
    seed: int = 0
    """Of the bootstrap."""
    validation: str | None = None
    """Benchmark on which a recipe is chosen; never part of what is reported as the result."""
    candidates: tuple[str, ...] = ()
    """Runs among which one is chosen."""
    reflection_words: tuple[str, ...] = REFLECTION_WORDS
    """Whole words or phrases, in any case, that count as a second thought."""
