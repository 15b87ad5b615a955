"""Trials in several processes: each worker keeps a live trialist, and with it an engine, from one trial to the next.

What is handed to a worker is a function of this module and its arguments, so that processes, dask and ray alike carry
it. A trial depends on candidate and problems alone, so workers change no outcome, only when it comes.
"""

import atexit
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from l2s.records import Row
from l2s.search.live import LiveSettings, LiveTrialist
from l2s.search.outcome import Outcome
from l2s.search.space import Candidate


class Told(NamedTuple):
    """What a worker found out, and what it has to say."""

    outcomes: list[Outcome]
    sentences: list[str]


class Promise(Protocol):
    """What comes of a call in a worker."""

    def result(self) -> Told:
        """Wait for it; what was raised there is raised here."""
        ...


Submit = Callable[..., Promise]
"""``submit(function, *arguments)``: of an executor of :mod:`concurrent.futures`, or of a dask client."""


class SpreadTrialist:
    """A trialist whose candidates are answered by workers; use :class:`LiveTrialist` for those that are not."""

    def __init__(
        self, settings: LiveSettings, submit: Submit, say: Callable[[str], None] = lambda sentence: None
    ) -> None:  # fmt: skip
        """Start nothing yet; ``say`` is told what the workers have to say, each sentence once."""
        self.settings, self.submit = settings, submit
        self._here, self._told, self._say = LiveTrialist(settings), set[str](), say

    @property
    def inputs(self) -> str:
        """Digest of all but candidate and problem that decides an outcome."""
        return self._here.inputs

    def baseline(self, problems: Sequence[Row]) -> list[Outcome]:
        """Outcomes of the slow run, by one worker."""
        return self._take(self.submit(answer_slow, self.settings, list(problems)))

    def answer(self, asked: Sequence[tuple[Candidate, Sequence[Row]]]) -> list[list[Outcome]]:
        """Outcomes of several candidates, all at once."""
        promised = [
            self.submit(answer_trial, self.settings, candidate, list(problems)) for candidate, problems in asked
        ]
        return [self._take(one) for one in promised]

    def digest(self, candidate: Candidate) -> str:
        """Digest of the candidate's weights; it is merged here."""
        return self._here.digest(candidate)

    def _take(self, promise: Promise) -> list[Outcome]:
        found = promise.result()
        for sentence in found.sentences:
            if sentence not in self._told:
                self._told.add(sentence)
                self._say(sentence)
        return found.outcomes

    def close(self) -> None:
        """Let go of what was merged here; workers end with their pool."""
        self._here.close()


def answer_trial(settings: LiveSettings, candidate: Candidate, problems: list[Row]) -> Told:
    """In a worker: one candidate on some problems."""
    own = _own(settings)
    return Told(own.trialist.answer([(candidate, problems)])[0], list(own.said))


def answer_slow(settings: LiveSettings, problems: list[Row]) -> Told:
    """In a worker: the slow run on some problems."""
    own = _own(settings)
    return Told(own.trialist.baseline(problems), list(own.said))


class _Own:
    """A worker's trialist."""

    def __init__(self, settings: LiveSettings) -> None:
        self.process, self.settings, self.said = os.getpid(), settings, list[str]()
        self.trialist = LiveTrialist(settings, say=self.said.append)
        atexit.register(self.trialist.close)


_kept: list[_Own] = []
"""This process's, if there is one."""


def _own(settings: LiveSettings) -> _Own:
    """The worker's; one that stands here for another search is let go, and one that came by a fork is not its own."""
    if _kept and _kept[0].process == os.getpid() and _kept[0].settings != settings:
        _kept[0].trialist.close()
    if not _kept or (_kept[0].process, _kept[0].settings) != (os.getpid(), settings):
        _kept[:] = [_Own(settings)]
    return _kept[0]
