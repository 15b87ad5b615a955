"""What the analysis depends on: the block ``analysis`` of params.yaml."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from l2s.core.params import Margin, Params

REFLECTION_WORDS = (
    "wait", "hmm", "alternatively", "re-examine", "reexamine", "double-check", "double check", "check again",
    "let me check", "let me verify", "let me recheck", "recap", "on second thought",
)  # fmt: skip

STUDY_KEYWORDS = (
    "wait", "re-examine", "double-check", "let me check", "recap", "let me just verify", "let me just check",
)  # fmt: skip
"""The study's list, as its code has it (arXiv:2503.20641): parts of words, any case."""
RESTART_WORDS = (
    "from the start", "start over", "from scratch", "re-examine", "reexamine", "alternatively", "another way",
    "another approach", "different approach",
)  # fmt: skip


class AesParams(Params):
    """Constants of the accuracy-efficiency score (O1-Pruner, arXiv:2501.12570)."""

    alpha: float = Field(1.0, ge=0)
    """Points for each share of tokens saved."""
    beta: float = Field(3.0, ge=0)
    """Points for each share of accuracy gained."""
    gamma: float = Field(5.0, ge=0)
    """Points lost for each share of accuracy lost."""


class AnalysisParams(Params):
    """Margins, seeds and roles."""

    slow: str | None = None
    """The run that every other is compared with."""
    baselines: dict[str, str] = {}
    """Run to its own slow run, e.g. where models of several sizes stand together."""
    quick: str | None = None
    """The run shown as the other end of the trade-off."""
    margin: Margin = 0.02
    """δ: parity means that the accuracy difference's lower end lies above −δ (a share)."""
    confidence: float = Field(0.95, gt=0, lt=1)
    """Of every interval."""
    bootstrap: int = Field(2000, ge=100)
    """Resamples of problems behind the intervals of lengths, ratios and scores."""
    seed: int = 0
    """Of the bootstrap."""
    validation: str | None = None
    """Benchmark on which a recipe is chosen; never part of what is reported as the result."""
    test: list[str] = []
    """Benchmarks that are reported, in this order; all but the validation benchmark if none is named."""
    candidates: list[str] = []
    """Runs among which one is chosen: merges and trained models. Their p-values are adjusted together."""
    reflection_words: tuple[str, ...] = Field(REFLECTION_WORDS, min_length=1)
    """Whole words or phrases, in any case, that count as a second thought."""
    restart_words: tuple[str, ...] = Field(RESTART_WORDS, min_length=1)
    """Parts of text, in any case, at which an answer found so far is looked at again."""
    pairing: Literal["all", "shared"] = "all"
    """``all``: runs that did not answer the same problems are refused; ``shared``: compared on those both answered."""
    aes: AesParams = AesParams()
    flops_per_byte: float = Field(562.5, ge=0)
    """Compute that one byte-equivalent of memory traffic costs in eFLOPs (Kinetics, arXiv:2506.05333: a B200's)."""

    @field_validator("reflection_words")
    @classmethod
    def words_can_be_found(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        """A blank phrase would be found everywhere, one that ends in a mark nowhere."""
        odd = [word for word in words if not word.strip() or not (word.strip()[0] + word.strip()[-1]).isalnum()]
        if odd:
            raise ValueError(f"expected words or phrases that begin and end with a letter or digit, not {odd}")
        return words

    @model_validator(mode="after")
    def roles_differ(self) -> Self:
        """What was chosen on is no result, the slow run is no merge, and the trade-off has two ends."""
        if self.validation is not None and self.validation in self.test:
            raise ValueError(f"validation: '{self.validation}' is also in test; expected a benchmark of its own")
        if self.slow is not None and self.slow in self.candidates:
            raise ValueError(f"candidates: '{self.slow}' is the slow run; expected merges, which are compared with it")
        if self.slow is not None and self.slow == self.quick:
            raise ValueError(f"quick: '{self.quick}' is the slow run too; expected another run, or no quick")
        return self
