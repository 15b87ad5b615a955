"""What a night depends on: the block ``nightly`` of params.yaml."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from l2s.core.params import Params


class HookParams(Params):
    """Whom a regression is told; nobody, unless a command or a webhook is named."""

    command: list[str] = []
    """A program and its arguments, started without a shell; the night's news stand on its input as JSON."""
    webhook: str | None = None
    """An address that the same JSON is posted to."""
    timeout: float = Field(30.0, gt=0)
    """Seconds after which either is given up."""

    @field_validator("webhook")
    @classmethod
    def _is_an_address(cls, found: str | None) -> str | None:
        parts = urlsplit(found or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an address that begins with https:// or http://")
        return found

    @field_validator("command")
    @classmethod
    def _names_a_program(cls, found: list[str]) -> list[str]:
        if found and not found[0].strip():
            raise ValueError("expected a program and its arguments as a list, e.g. [notify-send, regression]")
        return found


class NightlyParams(Params):
    """Which models are measured again, and from where on a difference is news."""

    runs: list[str] = []
    """Runs of params.yaml; the slow model's and the one chosen on validation, if none is named."""
    confidence: float = Field(0.99, gt=0, lt=1)
    """Of every interval and test. Higher than elsewhere: a test every night has many chances to be wrong."""
    longer: float = Field(0.05, ge=0)
    """Responses are a regression too where they are surely longer by more than this share."""
    new_samples: bool = True
    """Where sampling is on: draw new samples besides those of the accepted night's seeds."""
    bootstrap: int = Field(4000, ge=100)
    """Resamples of problems behind length intervals."""
    seed: int = 0
    """Of the bootstrap."""
    keep: int = Field(100, ge=2)
    """Nights whose records are kept: the last ones, and the accepted one besides."""
    on_regression: HookParams = HookParams()

    @model_validator(mode="after")
    def _runs_are_named_once(self) -> Self:
        twice = sorted({run for run in self.runs if self.runs.count(run) > 1})
        if twice:
            raise ValueError(f"runs: {', '.join(twice)} named twice; expected each run once")
        return self
