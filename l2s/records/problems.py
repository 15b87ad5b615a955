"""Problems: what a model is asked, and the gold answer it is graded against."""

import pandera.polars as pa


class Problems(pa.DataFrameModel):
    """One row per problem; ``level`` (difficulty, from 1) and ``subject`` are optional columns."""

    benchmark: str
    """Name of the benchmark the problem belongs to."""
    id: str
    """Unique within the benchmark."""
    problem: str
    gold: str
    """The right answer, as text."""
    level: int | None = pa.Field(nullable=True)
    subject: str | None = pa.Field(nullable=True)

    class Config:
        """What names a row."""

        unique = ["benchmark", "id"]
