"""Summary: one row per run and benchmark, the numbers a table shows."""

import pandera.polars as pa

VERDICTS = ["baseline", "parity", "better", "worse", "undecided"]


class Summary(pa.DataFrameModel):
    """Shares lie between 0 and 1; differences are against the slow model on the same problems."""

    run: str
    model: str
    control: str
    benchmark: str
    n: int = pa.Field(ge=1)
    """Responses behind the row."""
    accuracy: float = pa.Field(ge=0, le=1)
    accuracy_low: float = pa.Field(ge=0, le=1)
    accuracy_high: float = pa.Field(ge=0, le=1)
    tokens: float = pa.Field(ge=0, nullable=True)
    """Mean generated tokens a response; null where the verdicts do not tell."""
    reduction: float = pa.Field(le=1, nullable=True)
    """1 - tokens / slow model's tokens; negative where the run is longer; null without the slow model."""
    truncated: float = pa.Field(ge=0, le=1)
    reflective: float = pa.Field(ge=0, le=1)
    verdict: str = pa.Field(isin=VERDICTS)
    chosen: bool
    """True for the recipe chosen on the validation benchmark."""

    class Config:
        """What names a row."""

        unique = ["run", "benchmark"]
