"""Controls that try an answer out while the model thinks, and end thinking by what it says."""

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from l2s.generation.controls.control import ThinkingControl
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.probe import Probe
from l2s.generation.controls.speller import Speller


class TryingControl(ThinkingControl):
    """The parameters of a trial, and when trials end thinking."""

    answer_prefix: str = "\n\n"
    probe: str = Field(min_length=1)
    """Text before a trial answer; ``{opening}`` and ``{closing}`` are replaced."""
    probe_tokens: int = Field(ge=1)
    """The largest number of tokens of a trial answer."""
    max_probes: int | None = Field(None, ge=1)
    """Thinking ends at the so many-th trial, whatever it says (DEER's code: 10)."""

    decides_while_writing: ClassVar[bool] = True

    def with_words(self, delimiters: Delimiters, speller: Speller) -> Delimiters:
        """The text before a trial answer, and where braces are."""
        probe, depth = speller.probe(self, self.probe)
        return replace(delimiters, probe=probe, probe_depth=depth, braces=speller.braces())

    def ends_thinking(self, probe: Probe, trials: int) -> bool:
        """The trial settles it, or is the last one."""
        return self.is_settled(probe) or trials == self.max_probes

    @abstractmethod
    def is_settled(self, probe: Probe) -> bool:
        """Whether the trial's answers are good enough to end thinking."""
