"""Verdicts: one row per response, how long it was and whether it was right."""

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData


class Gradables(pa.DataFrameModel):
    """What grading needs of a response, whichever tool made it."""

    gold: str
    response: str


class Pairs(pa.DataFrameModel):
    """A gold answer and an answer, which is null where none was given."""

    gold: str
    answer: str = pa.Field(nullable=True)


STATUSES = ["correct", "incorrect", "no_answer", "truncated", "unparsed", "limit"]


class Verdicts(pa.DataFrameModel):
    """Every column of the response, and the grader's verdict on it.

    Only what grading itself needs is required, so that outputs of other tools can be re-graded.
    """

    gold: str
    response: str
    answer: str = pa.Field(nullable=True)
    """The extracted answer; null if the response gives none."""
    status: str = pa.Field(isin=STATUSES)
    correct: bool
    grader: str

    @pa.dataframe_check(error="status and correct agree")
    @classmethod
    def status_says_correct(cls, data: PolarsData) -> pl.LazyFrame:
        """``correct`` is true exactly where the status is ``correct``."""
        agrees: pl.LazyFrame = data.lazyframe.select((pl.col("status") == "correct") == pl.col("correct"))
        return agrees

    @pa.dataframe_check(error="a correct response has an answer")
    @classmethod
    def no_answer_is_wrong(cls, data: PolarsData) -> pl.LazyFrame:
        """Nothing is right that gave no answer."""
        answered: pl.LazyFrame = data.lazyframe.select(pl.col("answer").is_not_null() | ~pl.col("correct"))
        return answered
