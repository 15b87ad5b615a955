"""What the machine gives, and what a stage needs of it."""

from pydantic import Field

from l2s.core.params import Params


class Needs(Params):
    """What one stage occupies while it runs."""

    cpu: int | None = Field(None, ge=0)
    """Cores."""
    gpu: int | None = Field(None, ge=0)
    """Devices."""
    memory: int | None = Field(None, ge=0)
    """GB."""


class ResourceParams(Params):
    """What stages may occupy together, and how often one that was not the user's fault is tried again."""

    cpu: int | None = Field(None, ge=1)
    """Cores; default: all of the machine's."""
    gpu: int = Field(1, ge=1)
    """Devices."""
    memory: int | None = Field(None, ge=1)
    """GB; default: four fifths of the machine's."""
    needs: dict[str, Needs] = {}
    """By stage (``merge@average``) or kind of stage (``merge``), over what is estimated."""
    retries: int = Field(1, ge=0)
    """For a stage that was killed or broke down; one whose input is wrong is not tried again."""
    delay: float = Field(5.0, ge=0)
    """Seconds before a retry."""
