"""Responses: what a model answered, and what it spent on it."""

import pandera.polars as pa

FINISHES = ["stop", "length", "control"]
LIMITS = ["max_tokens", "context", "max_think", "max_answer"]


class Responses(pa.DataFrameModel):
    """One row per sampled response; the problem's own columns (``level``, ``subject``) travel along."""

    run: str
    """``<model>`` or ``<model>-<control>``."""
    model: str
    benchmark: str
    id: str
    sample: int = pa.Field(ge=0)
    """0 to n - 1, of n samples for the problem."""
    gold: str
    prompt: str
    response: str
    """Text of the final transcript, thinking included, prompt excluded."""
    tokens: int = pa.Field(ge=0)
    """Generated tokens, all of them: probes, discarded continuations and forced text included, and those of
    an outline or estimate made before. Less ``response_tokens`` and ``first_tokens`` it is what was thrown away."""
    response_tokens: int = pa.Field(ge=0)
    """Tokens of the final transcript, stop token included."""
    retokenised: int | None = pa.Field(ge=0, nullable=True)
    """Tokens of ``response`` (stripped) when the model's tokenizer reads it anew, its special tokens added: the
    study's length."""
    think_tokens: int = pa.Field(ge=0)
    """Tokens between the thinking delimiters (delimiters excluded); 0 where the model never thought."""
    finish: str = pa.Field(isin=FINISHES)
    """``stop``: the model ended; ``length``: the token limit cut it; ``control``: a length control ended it."""
    limit: str | None = pa.Field(isin=LIMITS, nullable=True)
    """What cut the response where ``finish`` is ``length`` (``max_tokens``, ``context``, ``max_answer``); where it is
    ``control``, ``max_think`` if the budget closed thinking; null otherwise."""
    closed: bool
    """Thinking, if it was opened, was closed."""
    seed: int
    engine: str
    first_tokens: int | None = pa.Field(ge=0, nullable=True)
    """Controls that ask something first: tokens of what was answered, part of ``tokens``."""
    first_answer: str | None = pa.Field(nullable=True)
    """Its text: cothink's outline, the estimate of style token-budget."""
    trace: int | None = pa.Field(ge=0, nullable=True)
    """Fractured sampling: number of the trace, from 0."""
    depth: int | None = pa.Field(ge=1, nullable=True)
    """Fractured sampling: where the trace is cut, from 1 to the number of depths (its end)."""
    solution: int | None = pa.Field(ge=0, nullable=True)
    """Fractured sampling: number of the solution at this cut, from 0."""
    plan_tokens: int | None = pa.Field(ge=0, nullable=True)
    """Fractured sampling: what the row adds to the cost of the whole plan; ``tokens`` is its cost alone."""

    class Config:
        """What names a row."""

        unique = ["run", "benchmark", "id", "sample"]
