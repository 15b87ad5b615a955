"""Proposals: which candidates are tried next, asked of Optuna in memory.

A sampler is made anew for each batch, seeded by the search's seed and the batch's number: what is asked depends on what
was told so far and on nothing else, so that a search that is replayed asks the same. Optuna's own storage is not used.
"""

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from math import floor, prod
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from l2s.core.seeds import seed_for
from l2s.core.threads import one_torch_thread
from l2s.search.candidates.ranges import Choice, Number
from l2s.search.space import Candidate, Space

if TYPE_CHECKING:
    import optuna

Values = Mapping[str, float | int]
SEEDS = 2**32
"""Samplers take seeds below."""
FEW = 2
"""Dimensions up to which ``auto`` fills the space evenly."""
FIRST = 4
"""Candidates at least that are spread evenly before a sampler has anything to learn from."""
TRIES = 20
"""Proposals for each place in a batch, of which all may have been tried already."""


class Proposal(NamedTuple):
    """A candidate, as it was asked for."""

    values: Values
    candidate: Candidate
    start: bool
    """Named by the user, not sampled."""
    trial: "optuna.Trial"


class Proposals:
    """Asks for batches of candidates that are all new, and is told what came of them."""

    def __init__(
        self, space: Space, sampler: str, seed: int, trials: int, *, starts: Sequence[Values] = (),
        front: bool = False,
    ) -> None:  # fmt: skip
        """Begin, with as many ``trials`` as will be asked for at most: a grid is as fine as they allow.

        With ``front`` there are two goals: few tokens, and high accuracy.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        auto = "qmc" if len(space.dimensions) <= FEW else "tpe"
        self.space, self.seed, self.sampler = space, seed, auto if sampler == "auto" else sampler
        self.study = optuna.create_study(directions=["minimize", "maximize"] if front else ["minimize"])
        self._distributions = {one.name: distribution(one) for one in space.dimensions}
        self._tried, self._batch, self._told = set[str](), 0, 0
        for values in starts:
            self.study.enqueue_trial(dict(values), user_attrs={"start": True})
        if self.sampler == "grid":
            for values in grid(space, trials, seed):
                self.study.enqueue_trial(values)

    def ask(self, count: int) -> list[Proposal]:
        """The next batch; shorter, or empty, where nothing else that is new is found."""
        from optuna.trial import TrialState

        asked = list[Proposal]()
        alone = one_torch_thread() if self.sampler == "gp" else nullcontext()  # Optuna computes these with torch
        with _quiet(), alone:
            self.study.sampler = self._sampler(count)
            for _ in range(count * TRIES):
                if len(asked) == count or not (proposal := self._next()):
                    break
                if proposal.candidate.key in self._tried:  # costs nothing and tells nothing
                    self.study.tell(proposal.trial, state=TrialState.FAIL)
                    continue
                self._tried.add(proposal.candidate.key)
                asked.append(proposal)
        self._batch += 1
        return asked

    def tell(self, proposal: Proposal, values: Sequence[float], shortfall: float) -> None:
        """What came of a candidate.

        Args:
            proposal: as it was asked for.
            values: tokens as a share of slow's; for a front, accuracy too.
            shortfall: by how much parity is missed; 0 or less: it is not.
        """
        if self.sampler != "cma-es":
            proposal.trial.set_constraint("parity", shortfall)
        elif shortfall > 0:  # it knows no constraints: what misses parity counts as longer than slow
            values = [max(1.0, values[0]) + shortfall]
        with _quiet():
            self.study.tell(proposal.trial, list(values))
        self._told += 1

    def importances(self) -> dict[str, float]:
        """How much each dimension decides whether the first value is among the best (PED-ANOVA, arXiv:2304.10255).

        Where trials differ too little to tell, all are equal.
        """
        import optuna
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        alone = optuna.create_study()
        for one in self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)):
            kept = {"params": one.params, "distributions": one.distributions, "value": one.values[0]}
            alone.add_trial(optuna.trial.create_trial(**kept))
        with _quiet():
            warnings.filterwarnings("ignore", "Target and region quantiles select the same", UserWarning)
            found = get_param_importances(alone, evaluator=PedAnovaImportanceEvaluator())
        return {name: found[name] for name in self._distributions if name in found}

    def _next(self) -> Proposal | None:
        from optuna.trial import TrialState

        if self.sampler == "grid" and not self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            return None
        trial = self.study.ask(self._distributions)
        return Proposal(trial.params, self.space.candidate(trial.params), "start" in trial.user_attrs, trial)

    def _sampler(self, count: int) -> "optuna.samplers.BaseSampler":
        from optuna import samplers

        name, seed = self.sampler, seed_for(self.seed, "sampler", self._batch) % SEEDS
        random = samplers.RandomSampler(seed)
        if name in ("random", "grid"):
            return random
        if name == "qmc" or self._told < max(FIRST, 2 * len(self._distributions)):
            whole = seed_for(self.seed, "sampler") % SEEDS  # one sequence for all batches
            return samplers.QMCSampler(
                scramble=True, seed=whole, independent_sampler=random, warn_independent_sampling=False
            )
        if name == "gp":
            return samplers.GPSampler(
                seed=seed, n_startup_trials=1, independent_sampler=random, warn_independent_sampling=False
            )
        if name == "cma-es":
            tpe = samplers.TPESampler(seed=seed, n_startup_trials=1)
            return samplers.CmaEsSampler(seed=seed, independent_sampler=tpe, warn_independent_sampling=False)
        if name == "nsga2":
            return samplers.NSGAIISampler(seed=seed, population_size=max(FIRST, count))
        return samplers.TPESampler(seed=seed, n_startup_trials=1)


def distribution(dimension: Number | Choice) -> "optuna.distributions.BaseDistribution":
    """A dimension as Optuna has it: a choice by the places of its options, a step's end on the grid."""
    from optuna import distributions

    if isinstance(dimension, Choice):
        return distributions.CategoricalDistribution(range(len(dimension.options)))
    low, high, step = dimension.low, dimension.high, dimension.step
    if step is not None:
        high = low + floor((high - low) / step + 1e-9) * step
    if dimension.whole:
        return distributions.IntDistribution(int(low), int(high), log=dimension.log, step=int(step or 1))
    return distributions.FloatDistribution(low, high, log=dimension.log, step=step)


def grid(space: Space, trials: int, seed: int) -> list[dict[str, float | int]]:
    """Every option of each choice with evenly spread numbers, as many of each as ``trials`` allow, in random order."""
    fine = 2
    while cells(space, fine) < cells(space, fine + 1) <= trials:
        fine += 1
    points = [_marks(one, fine) for one in space.dimensions]
    names = [one.name for one in space.dimensions]
    found = [dict(zip(names, cell, strict=True)) for cell in itertools.product(*points)]
    Random(seed_for(seed, "grid")).shuffle(found)
    return found


def cells(space: Space, fine: int) -> int:
    """How many cells a grid has with so many values of each number."""
    return prod(len(_marks(one, fine)) for one in space.dimensions)


def _marks(dimension: Number | Choice, fine: int) -> list[float | int]:
    """Values of a dimension, both ends among them."""
    if isinstance(dimension, Choice):
        return list(range(len(dimension.options)))
    low, high = dimension.low, dimension.high
    shares = [place / (fine - 1) for place in range(fine)]
    spread = [low * (high / low) ** share if dimension.log else low + (high - low) * share for share in shares]
    return list(dict.fromkeys(map(dimension.value, spread)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out Optuna's word that a part of it is experimental: its release is pinned."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
