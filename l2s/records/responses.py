"""Responses: what a model answered, and what it spent on it."""

import pandera.polars as pa

FINISHES = ["stop", "length", "control"]


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
    """Generated tokens, all of them: probes, discarded continuations and forced text included."""
    response_tokens: int = pa.Field(ge=0)
    """Tokens of the final transcript, stop token included."""
    think_tokens: int = pa.Field(ge=0)
    """Tokens between the thinking delimiters (delimiters excluded); 0 where the model never thought."""
    finish: str = pa.Field(isin=FINISHES)
    """``stop``: the model ended; ``length``: the token limit cut it; ``control``: a length control ended it."""
    closed: bool
    """Thinking, if it was opened, was closed."""
    seed: int
    engine: str

    class Config:
        """What names a row."""

        unique = ["run", "benchmark", "id", "sample"]
