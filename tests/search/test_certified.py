"""How often a certificate is false where every candidate loses exactly the margin."""

import math
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from l2s.search.race.certified import front, missed, nominees
from l2s.search.race.evidence import Counts
from l2s.search.race.race import Rules
from l2s.search.race.trial import CERTIFIED, UNDECIDED, WORSE, Trial
from tests.search.simulated import Simulated, run
from tests.search.test_race import trial

MEMORY = Path("/dev/shm")
RULES = Rules(margin=0.02, alpha=0.05, block=20, share=430, problems=1000)


def at_the_margin(recipe: Mapping[str, Any]) -> tuple[float, float, float]:
    """Any recipe loses 2.5 points and wins 0.5; tokens differ."""
    return 0.025, 0.005, 0.4 + 0.3 * recipe["s"]


def false_certificates(searches: int) -> tuple[float, float]:
    """Shares of searches with a winner whose certificate holds over all trials, and with any winner at all."""
    over_all = alone = 0
    for seed in range(searches):
        with TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:  # a disk would wait for each row
            found = run(
                Path(folder), Simulated(at_the_margin, seed=seed), count=1000, seed=seed, sampler="random",
                budget={"trials": 12, "problems": 6000},
            )  # fmt: skip
        over_all += found.certificate is not None and found.certificate.holds
        alone += found.winner is not None
    return over_all / searches, alone / searches


@pytest.mark.long
def test_certificates_over_all_trials_are_seldom_false_and_those_of_single_trials_often() -> None:
    over_all, alone = false_certificates(40)
    assert over_all <= 0.10  # 4 of 40: at a rate of 5 %, more come in 4 % of such tests
    assert alone > 0.08


@pytest.mark.slow
def test_certificates_of_two_thousand_searches() -> None:
    over_all, alone = false_certificates(2000)
    print(f"false certificates: {over_all:.2%} over all trials, {alone:.2%} with a winner at all")
    assert over_all <= 0.05 and alone > 0.08


def ended(made: Trial, how: str) -> Trial:
    made.ended = how
    return made


def test_of_equally_short_ones_the_one_with_most_evidence_wins() -> None:
    first = ended(trial(1, n=240), CERTIFIED)
    second = ended(trial(2, n=300), CERTIFIED)
    longer = ended(trial(3, n=400, tokens=41), CERTIFIED)  # by 2.5 %
    worse = ended(trial(4, n=240, tokens=20, lost=100), WORSE)
    undecided = ended(trial(5, n=100, tokens=30), UNDECIDED)
    tried = [first, second, longer, worse, undecided]
    assert nominees(tried, RULES) == [second, first]
    assert missed(tried) is undecided and missed([first]) is None
    assert nominees([worse, undecided], RULES) == []


def test_a_front_has_no_point_that_another_beats() -> None:
    one, two = ended(trial(1, n=220, tokens=30, lost=20), UNDECIDED), ended(trial(2, n=220, tokens=40), UNDECIDED)
    beaten = ended(trial(3, n=220, tokens=35, lost=40), UNDECIDED)
    found = front([one, two, beaten], RULES, 12)
    assert [point.trial for point in found] == [1, 2]  # slow is as accurate as the second, but longer
    assert found[0].difference[0] == pytest.approx(-20 / 220)
    narrow = front([one, two], RULES, 1)[0]
    wide = front([one, two], RULES, 100)[0]
    assert wide.difference[1] < narrow.difference[1] < -20 / 220 < narrow.difference[2] < wide.difference[2]


def test_a_certificate_over_all_takes_more_evidence_than_one_alone(tmp_path: Path) -> None:
    found = run(tmp_path, Simulated(lambda recipe: (0.0, 0.0, 0.4)), count=1000)
    assert found.certificate is not None and found.certificate.holds
    assert found.certificate.needed == pytest.approx(math.log(12 / 0.05))
    assert found.winner is not None and found.winner.counts == Counts(0, 0, 360)  # 359, in whole blocks
    said = list[str]()
    short = run(tmp_path / "short", Simulated(lambda recipe: (0.0, 0.0, 0.4)), count=300, say=said.append)
    assert said[0].startswith(
        "a certificate over all 12 trials takes at least 359 problems, and benchmark search has 300"
    )
    assert short.winner is not None and short.certificate is not None and not short.certificate.holds
