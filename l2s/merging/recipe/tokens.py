"""``tokenizer.tokens``: whose rows of embedding and head single tokens take, in mergekit's words.

tokens:
  <|im_start|>: {source: slow}                                  # where a model lacks the token
  <|eot_id|>: {source: slow, force: true}                       # in every model
  <|renamed|>: {source: {kind: model_token, model: slow, token: <|old|>}}    # or token_id: 1234
  <|unused|>: {source: {kind: zero}}
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.vocabulary import TokenRow
from l2s.core.errors import ConfigError
from l2s.core.params import Params, nearest


class ZeroRow(Params):
    """Zeros."""

    kind: Literal["zero"]


class ModelToken(Params):
    """The row of some token of a model."""

    kind: Literal["model_token"]
    model: str = Field(min_length=1)
    token: str | None = None
    token_id: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.token is None) == (self.token_id is None):
            raise ValueError("expected token or token_id, one of the two")
        return self


def _kind(found: Any) -> str:
    """Which of the forms a source has; a wrong kind is found wrong by the one it is nearest to."""
    if isinstance(found, ZeroRow) or (isinstance(found, dict) and found.get("kind") == "zero"):
        return "zero"
    return "row" if isinstance(found, dict | ModelToken) else "model"


TokenSource = Annotated[
    Annotated[ZeroRow, Tag("zero")] | Annotated[ModelToken, Tag("row")] | Annotated[str, Tag("model")],
    Discriminator(_kind),
]


class TokenParams(Params):
    """One token."""

    source: TokenSource | None = None
    """A model, which has the token; a row of some other token of a model; or zeros."""
    force: bool = False
    """In every model, not only where one lacks the token."""

    @model_validator(mode="after")
    def _forces_something(self) -> Self:
        if self.force and self.source is None:
            raise ValueError("force takes a source")
        return self


def token_rows(
    tokens: Mapping[str, TokenParams] | None, models: Mapping[str, Checkpoint], base: str | None
) -> dict[str, TokenRow]:
    """What is said of each token, with models by their names.

    Raises:
        ConfigError: a model that is not among those that are merged.
    """
    return {token: _row(token, params, models, base) for token, params in (tokens or {}).items()}


def _row(token: str, params: TokenParams, models: Mapping[str, Checkpoint], base: str | None) -> TokenRow:
    source = params.source
    if source is None or isinstance(source, ZeroRow):
        return TokenRow(zero=source is not None, force=params.force)
    name = source if isinstance(source, str) else source.model
    model = base if name == "base" and name not in models and base else name
    if model not in models:
        raise ConfigError(f"tokenizer.tokens.{token}: '{name}' is not among the models{nearest(name, models)}")
    if isinstance(source, str):
        return TokenRow(model, token, force=params.force)
    return TokenRow(model, source.token if source.token is not None else source.token_id, force=params.force)
