"""Trials in several processes: each worker keeps a live trialist, and with it an engine, from one trial to the next.

What is handed to a worker is a function of this module and its arguments, so that processes, dask and ray alike carry
it. A trial depends on candidate and problems alone, so workers change no outcome, only when it comes.
"""

import atexit
import os
from collections.abc import Callable, Sequence
from typing import Protocol

from l2s.records import Row
from l2s.search.live import LiveSettings, LiveTrialist
from l2s.search.outcome import Outcome
from l2s.search.space import Candidate


class Promise(Protocol):
    """What comes of a call in a worker."""

    def result(self) -> list[Outcome]:
        """Wait for it; what was raised there is raised here."""
        ...


Submit = Callable[..., Promise]
"""``submit(function, *arguments)``: of an executor of :mod:`concurrent.futures`, or of a dask client."""


class SpreadTrialist:
    """A trialist whose candidates are answered by workers; use :class:`LiveTrialist` for those that are not."""

    def __init__(self, settings: LiveSettings, submit: Submit) -> None:
        self.settings, self.submit = settings, submit
        self._here = LiveTrialist(settings)

    @property
    def inputs(self) -> str:
        """Digest of all but candidate and problem that decides an outcome."""
        return self._here.inputs

    def baseline(self, problems: Sequence[Row]) -> list[Outcome]:
        """Outcomes of the slow run, by one worker."""
        return self.submit(answer_slow, self.settings, list(problems)).result()

    def answer(self, asked: Sequence[tuple[Candidate, Sequence[Row]]]) -> list[list[Outcome]]:
        """Outcomes of several candidates, all at once."""
        promised = [
            self.submit(answer_trial, self.settings, candidate, list(problems)) for candidate, problems in asked
        ]
        return [one.result() for one in promised]

    def digest(self, candidate: Candidate) -> str:
        """Digest of the candidate's weights; it is merged here."""
        return self._here.digest(candidate)

    def close(self) -> None:
        """Let go of what was merged here; workers end with their pool."""
        self._here.close()


def answer_trial(settings: LiveSettings, candidate: Candidate, problems: list[Row]) -> list[Outcome]:
    """In a worker: one candidate on some problems."""
    return _trialist(settings).answer([(candidate, problems)])[0]


def answer_slow(settings: LiveSettings, problems: list[Row]) -> list[Outcome]:
    """In a worker: the slow run on some problems."""
    return _trialist(settings).baseline(problems)


_kept: list[tuple[int, LiveSettings, LiveTrialist]] = []
"""This worker's trialist, with its process and settings."""


def _trialist(settings: LiveSettings) -> LiveTrialist:
    """The worker's own; one that stood here for another search, or came by a fork, is let go."""
    if not _kept or _kept[0][:2] != (os.getpid(), settings):
        if _kept and _kept[0][0] == os.getpid():
            _kept[0][2].close()
        trialist = LiveTrialist(settings)
        atexit.register(trialist.close)
        _kept[:] = [(os.getpid(), settings, trialist)]
    return _kept[0][2]
