"""A search as it runs: a batch is asked for, raced and told; then what may still win is carried on."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from l2s.core.row import Row
from l2s.search.answers import Answers
from l2s.search.candidates.proposals import Proposals
from l2s.search.found import SearchResult
from l2s.search.race.certified import certificate, front, missed, nominees
from l2s.search.race.evidence import LN10, least_problems, log_parity
from l2s.search.race.parts import parts_of
from l2s.search.race.race import Rules, judge, next_look, share_of
from l2s.search.race.trial import OPEN, UNDECIDED, Trial
from l2s.search.settings import SearchParams
from l2s.search.space import Space

IMPORTANT = 20
"""Trials from which on importances are computed."""


class Running:
    """A search that runs; :meth:`rounds` carries it out, then there is a :meth:`result`."""

    def __init__(
        self, settings: SearchParams, space: Space, answers: Answers, starts: Sequence[Mapping[str, float | int]],
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.settings, self.space, self.answers, self.say = settings, space, answers, say
        alpha, pool, most = 1 - settings.confidence, len(answers.problems), settings.budget.trials
        self.budget = settings.budget.problems or most * pool
        least = least_problems(settings.margin, alpha)
        share = share_of(pool, self.budget, most, least)
        parts = parts_of(answers.problems, settings)
        self.rules = Rules(settings.margin, alpha, settings.block, share, pool, settings.goal == "front", parts)
        self.reserve = min(least_problems(settings.margin, alpha / most), self.budget // 4)
        """Problems kept to carry the winner on until its certificate holds over all trials."""
        self.proposals = Proposals(space, settings.sampler, settings.seed, most, starts=starts, front=self.rules.front)
        self.trials, self.looks, self.round, self.spent = list[Trial](), list[Row](), 0, 0

    def rounds(self) -> Iterator[int]:
        """The whole search; yields how many problems each round took."""
        batch = 0
        while count := min(
            self.settings.batch, self.settings.budget.trials - len(self.trials), self._left() // self.rules.block
        ):
            asked = self.proposals.ask(count)
            if not asked:
                self.say("every recipe in these ranges has been tried")
                break
            batch += 1
            new = [Trial(len(self.trials) + place, batch, one) for place, one in enumerate(asked, 1)]
            self.trials += new
            yield from self._race(new)
            for trial in new:
                self._tell(trial)
        yield from self._carry_on()

    def result(self) -> SearchResult:
        """What was found; after all rounds."""
        most = self.settings.budget.trials
        chosen = nominees(self.trials, self.rules)
        return SearchResult(
            self.settings, self.space, self.rules, self.trials, self.looks,
            self.answers.slow(max((one.n for one in self.trials), default=0)),
            chosen,
            certificate(chosen[0], self.rules, most) if chosen else None,
            front(self.trials, self.rules, most),
            missed(self.trials),
            self.answers.digest(chosen[0].proposal.candidate) if chosen else None,
            self.proposals.importances() if len(self.trials) >= IMPORTANT else None,
            self._tokens(),
        )  # fmt: skip

    def _race(self, trials: Sequence[Trial]) -> Iterator[int]:
        """Advance a batch, block by block, until each of its trials has ended."""
        while running := [one for one in trials if not one.ended]:
            yield self._advance(running, self.rules.share, self.rules.alpha, self._left())

    def _advance(self, running: Sequence[Trial], most: int, alpha: float, left: int) -> int:
        """One round: every trial to its next look, or to what the budget leaves; how many problems it took."""
        plan = list[tuple[Trial, int]]()
        for trial in running:
            wanted = next_look(trial, self.rules, alpha, most) - trial.n
            if wanted > left:
                wanted = left // self.rules.block * self.rules.block
            if wanted:
                plan.append((trial, trial.n + wanted))
                left -= wanted
            else:
                trial.ended = UNDECIDED
        found = self.answers.of([(trial.proposal.candidate, trial.n, end) for trial, end in plan])
        taken = sum(map(len, found))
        slow = self.answers.slow(max((end for _, end in plan), default=0))
        for (trial, end), outcomes in zip(plan, found, strict=True):
            trial.take(outcomes, slow[trial.n : end], self.rules.margin)
        self.round, self.spent = self.round + 1, self.spent + taken
        for trial, _ in plan:
            trial.ended = ""
        for trial, _ in plan:
            trial.ended = judge(trial, self.trials, self.rules, most)
        self.looks += [self._look(trial) for trial, _ in plan]
        return taken

    def _carry_on(self) -> Iterator[int]:
        """Go on with what is left: shorter ones that were undecided, the winner until it is certified over all."""
        level = self.rules.alpha / self.settings.budget.trials
        while True:
            trial, alpha, left = self._open(), self.rules.alpha, self._for_others()
            if trial is None:
                trial, alpha, left = self._uncertified(level), level, self._left(0)
            if trial is None:
                break
            ended = trial.ended
            taken = self._advance([trial], self.rules.problems, alpha, left)
            if not taken:
                trial.ended = ended
                break
            trial.ended = trial.ended or ended
            yield taken

    def _open(self) -> Trial | None:
        """An undecided trial that would win, and can still be certified; first the one with most evidence."""
        best, left = self._best(), self._for_others()
        found = [
            one
            for one in self.trials
            if one.ended in OPEN and (best is None or one.relative < best.relative)
            if least_problems(self.rules.margin, self.rules.alpha, one.counts) <= min(self.rules.problems, one.n + left)
        ]
        return max(found, key=lambda one: (log_parity(one.counts, self.rules.margin), -one.number), default=None)

    def _best(self) -> Trial | None:
        return next(iter(nominees(self.trials, self.rules)), None)

    def _for_others(self) -> int:
        """Problems left beside those that the winner may need."""
        return self._left(0) if self._best() is None else self._left()

    def _uncertified(self, alpha: float) -> Trial | None:
        """The winner, where it takes more problems until its certificate holds over all trials, and there are some."""
        best = self._best()
        if best is None or best.highest >= -math.log(alpha):
            return None
        wanted = least_problems(self.rules.margin, alpha, best.counts)
        return best if wanted <= min(self.rules.problems, best.n + self._left(0)) else None

    def _left(self, reserve: int | None = None) -> int:
        """Problems that may still be answered."""
        most = self.settings.budget.tokens
        if most is not None and self._tokens() >= most:
            return 0
        return max(0, self.budget - self.spent - (self.reserve if reserve is None else reserve))

    def _tokens(self) -> int:
        return sum(sum(one.tokens) for one in self.trials)

    def _tell(self, trial: Trial) -> None:
        if trial.n == 0:
            return
        shortfall = -self.settings.margin - trial.counts.difference
        if self.rules.front:
            self.proposals.tell(trial.proposal, [trial.plain, trial.counts.difference], 0.0)
        else:
            self.proposals.tell(trial.proposal, [trial.relative], shortfall)
        self.say(
            f"trial {trial.number} of {self.settings.budget.trials}: {trial.ended} after {trial.n} problems, "
            f"{100 * trial.counts.difference:+.1f} points, {100 * trial.relative:.1f} % of slow's tokens; "
            f"{self.spent:,} of {self.budget:,} problems spent"
        )

    def _look(self, trial: Trial) -> Row:
        won, lost, n = trial.counts
        return {
            "round": self.round, "trial": trial.number, "problems": n, "won": won, "lost": lost,
            "tokens": sum(trial.tokens), "relative": trial.relative, "ended": trial.ended, "spent": self.spent,
            "evidence": log_parity(trial.counts, self.rules.margin) * LN10,
        }  # fmt: skip
