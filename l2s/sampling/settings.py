"""What an entry of ``samples:`` says."""

from pydantic import Field

from l2s.benchmarks import TrainingProblems
from l2s.core.params import Params
from l2s.generation.settings import DecodingParams, SamplingParams


class SampleParams(Params):
    """Responses of one model; engine, device and prompt are those of ``decoding:``."""

    model: str
    """Folder under ``data/``: ``models/<name>`` or ``merged/<recipe>``."""
    problems: TrainingProblems = TrainingProblems()
    samples: int = Field(8, ge=1, le=10_000)
    """Responses per problem."""
    temperature: float = Field(1.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0)
    """0: all tokens."""
    max_tokens: int = Field(32_768, ge=1)
    """Most generated tokens a response; one that is cut counts as wrong."""
    seed: int = Field(0, ge=-(2**63), lt=2**63)

    def decoding(self, decoding: DecodingParams) -> DecodingParams:
        """``decoding`` with the sampling that is asked for here."""
        own = SamplingParams(
            temperature=self.temperature, top_p=self.top_p, top_k=self.top_k, max_tokens=self.max_tokens,
            samples=self.samples, seed=self.seed,
        )  # fmt: skip
        return decoding.with_sampling(own)
