"""Whole searches with a simulated trialist, whose truth is known."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import ConfigError
from l2s.core.row import Row
from l2s.search.found import SearchResult
from l2s.search.outcome import Outcome
from l2s.search.space import Candidate
from tests.search.simulated import Simulated, line, line_space, plane_space, run, settings

ROOT = Path(__file__).parent.parent.parent


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def table(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "out" / name).read_text().splitlines()))


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "search.json").read_text())
    return found


def giving_up(recipe: Mapping[str, Any]) -> tuple[float, float, float]:
    """The further s goes down, the more often it gives up, and the shorter it is: plain tokens are least at 0."""
    s = recipe["s"]
    return 0.7 * max(0.0, 0.4 - s), 0.005, 0.3 + 0.2 * s


def never(recipe: Mapping[str, Any]) -> tuple[float, float, float]:
    return 0.08, 0.0, 0.4


def test_a_recipe_on_the_plateau_is_found_and_certified_over_all_trials(tmp_path: Path) -> None:
    trialist, said = Simulated(line), list[str]()
    found = run(tmp_path, trialist, count=1000, say=said.append)
    assert found.winner is not None and found.certificate is not None and found.certificate.holds
    lost, won, share = line(found.winner.proposal.candidate.recipe)
    assert won - lost > -0.01 and share < 0.40
    assert trialist.answered == sum(one.n for one in found.trials) <= 4000
    assert len(said) == 12 and said[0].startswith("trial 1 of 12: ")
    written = summary(tmp_path)
    assert written["found"] and written["winner"]["weights"] == trialist.digest(found.winner.proposal.candidate)
    assert written["spent"]["problems"] == trialist.answered and written["spent"]["trials"] == 12
    assert (tmp_path / "out" / "recipe.yaml").read_text() == f"s: {found.winner.proposal.candidate.recipe['s']}\n"
    files = {"front.csv", "race.csv", "recipe.yaml", "search.json", "trials.csv"}
    assert set(folder_bytes(tmp_path / "out")) == files


def test_tables_say_what_happened(tmp_path: Path) -> None:
    found = run(tmp_path, Simulated(line), starts=[{"s": 1.0}])
    trials, looks = table(tmp_path, "trials.csv"), table(tmp_path, "race.csv")
    assert [row["trial"] for row in trials] == [str(k) for k in range(1, 13)]
    assert (trials[0]["start"], trials[0]["value.s"], trials[1]["start"]) == ("true", "1.0", "false")
    for row, trial in zip(trials, found.trials, strict=True):
        last = [look for look in looks if look["trial"] == row["trial"]][-1]
        assert last["problems"] == row["problems"] == str(trial.n)
        assert float(last["tokens"]) / trial.n == pytest.approx(float(row["tokens"]))
        assert float(row["difference_low"]) < float(row["difference"]) < float(row["difference_high"])
        assert row["ended"] == trial.ended != ""
    assert [int(row["spent"]) for row in looks][-1] == sum(trial.n for trial in found.trials)
    assert {row["trial"] for row in table(tmp_path, "front.csv")} <= {"slow", *(row["trial"] for row in trials)}


class Workers(Simulated):
    """Answers the candidates of a round with several threads, which end in another order than they began."""

    def __init__(self, workers: int) -> None:
        super().__init__(line, order=workers)
        self.workers = workers

    def answer(self, asked: Sequence[tuple[Candidate, Sequence[Row]]]) -> list[list[Outcome]]:
        alone = super().answer
        with ThreadPoolExecutor(self.workers) as pool:
            parts = [pool.submit(alone, [one]) for one in reversed(asked)]
            return [part.result()[0] for part in reversed(parts)]


@pytest.mark.parametrize("goal", ["tokens", "front"])
def test_workers_change_no_byte(tmp_path: Path, goal: str) -> None:
    """How many there are is not ``batch``, which is a parameter."""
    run(tmp_path / "in order", Simulated(line), plane_space(), goal=goal, budget={"trials": 8})
    wanted = folder_bytes(tmp_path / "in order" / "out")
    for workers in (1, 2, 4):
        run(tmp_path / str(workers), Workers(workers), plane_space(), goal=goal, budget={"trials": 8})
        assert folder_bytes(tmp_path / str(workers) / "out") == wanted


def test_killed_at_any_moment_it_ends_with_the_same_bytes_and_answers_nothing_twice(tmp_path: Path) -> None:
    whole = Simulated(line)
    run(tmp_path / "whole", whole, plane_space(), budget={"trials": 8})
    wanted, journal = folder_bytes(tmp_path / "whole" / "out"), (tmp_path / "whole" / "journal.jsonl").read_bytes()
    moments = range(0, whole.calls, max(1, whole.calls // 10))
    folder = tmp_path / "killed"
    for moment in moments:
        with pytest.raises(KeyboardInterrupt):
            run(folder, Simulated(line, dies=moment), plane_space(), budget={"trials": 8})
        assert not (folder / "out").exists()
        (folder / "journal.jsonl").unlink()
    cuts = [len(journal) * k // 11 for k in range(1, 11)]
    for cut in cuts:  # killed while a row was being written, or before
        (folder / "journal.jsonl").write_bytes(journal[:cut])
        resumed = Simulated(line)
        run(folder, resumed, plane_space(), budget={"trials": 8})
        assert folder_bytes(folder / "out") == wanted
        assert resumed.calls < whole.calls
    again = Simulated(line)
    run(tmp_path / "whole", again, plane_space(), budget={"trials": 8})
    assert again.calls == 0 and folder_bytes(tmp_path / "whole" / "out") == wanted


SLOWLY = """
import sys, time
from pathlib import Path
from tests.search.simulated import Simulated, line, plane_space, run

class Slowly(Simulated):
    def answer(self, asked):
        time.sleep(0.05)
        return super().answer(asked)

run(Path(sys.argv[1]), Slowly(line), plane_space(), budget={"trials": 8})
"""


@pytest.mark.long
def test_killed_by_the_system_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "whole", Simulated(line), plane_space(), budget={"trials": 8})
    folder, kills = tmp_path / "killed", 0
    for lines in (1, 4, 9, 15):
        running = subprocess.Popen([sys.executable, "-c", SLOWLY, str(folder)], cwd=ROOT)
        while running.poll() is None and _lines(folder / "journal.jsonl") < lines:
            time.sleep(0.01)
        running.kill()
        kills += running.wait() == -signal.SIGKILL
    assert kills and not (folder / "out").exists()
    run(folder, Simulated(line), plane_space(), budget={"trials": 8})
    assert folder_bytes(folder / "out") == folder_bytes(tmp_path / "whole" / "out")


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_other_models_are_answered_anew(tmp_path: Path) -> None:
    run(tmp_path, Simulated(line))
    other = Simulated(line, seed=1)
    other.inputs = "others"
    run(tmp_path, other)
    run(tmp_path / "fresh", Simulated(line, seed=1))
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "fresh" / "out")


@pytest.mark.parametrize("seed", range(3))
def test_giving_up_does_not_win(tmp_path: Path, seed: int) -> None:
    found = run(tmp_path, Simulated(giving_up, seed=seed), count=1000, sampler="tpe", seed=seed)
    assert found.winner is not None and found.winner.proposal.candidate.recipe["s"] > 0.36
    shortest = min(found.trials, key=lambda one: one.plain)
    assert shortest.proposal.candidate.recipe["s"] < found.winner.proposal.candidate.recipe["s"]


def test_without_parity_there_is_no_winner_but_a_bound_and_a_recipe_of_before_goes(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "recipe.yaml").touch()
    found = run(tmp_path, Simulated(never))
    assert found.winner is None and found.certificate is None and not (tmp_path / "out" / "recipe.yaml").exists()
    written = summary(tmp_path)
    assert not written["found"] and written["winner"] is None and written["certificate"] is None
    assert -0.3 < written["best_bound"]["difference_low"] < -0.08
    assert all(
        float(row["difference_low"]) <= written["best_bound"]["difference_low"] for row in table(tmp_path, "trials.csv")
    )


@pytest.mark.parametrize("budget", [{"trials": 5}, {"trials": 30, "problems": 700}, {"trials": 30, "tokens": 40_000}])
def test_a_budget_is_kept(tmp_path: Path, budget: dict[str, int]) -> None:
    found = run(tmp_path, Simulated(line), budget=budget)
    assert len(found.trials) <= budget["trials"]
    assert sum(one.n for one in found.trials) <= budget.get("problems", 10**9)
    if "tokens" in budget:  # to within the round that passed it
        before = [look for look in found.looks if look["round"] < found.looks[-1]["round"]]
        last = {look["trial"]: look["tokens"] for look in before}
        assert sum(last.values()) < budget["tokens"] <= found.tokens


@pytest.mark.parametrize(
    ("count", "given", "said"),
    [
        (30, {}, r"benchmark search: 30 problems can certify a margin of 13\.3 points at best \(11\.4 at"),
        (214, {}, r"takes at least 215 \(189 at a single look\)"),
        (500, {"budget": {"problems": 100}}, r"budget\.problems: 100 problems can certify a margin of"),
    ],
)
def test_too_few_problems_are_said_before_anything_is_answered(
    tmp_path: Path, count: int, given: dict[str, Any], said: str
) -> None:
    trialist = Simulated(line)
    with pytest.raises(ConfigError, match=said):
        run(tmp_path, trialist, count=count, **given)
    assert trialist.calls == 0 and not list(tmp_path.iterdir())


def test_a_search_of_few_recipes_ends_when_all_were_tried(tmp_path: Path) -> None:
    said = list[str]()
    found = run(tmp_path, Simulated(line), line_space(step=0.25), say=said.append)
    assert 3 <= len(found.trials) <= 5 and said[-1] == "every recipe in these ranges has been tried"


def test_importances_from_twenty_trials_on(tmp_path: Path) -> None:
    run(tmp_path, Simulated(line), plane_space(), budget={"trials": 20}, sampler="random")
    found = summary(tmp_path)["importances"]
    assert set(found) == {"s", "t", "method"} and found["s"] == max(found.values())


def test_a_front_trades_tokens_for_accuracy(tmp_path: Path) -> None:
    found = run(tmp_path, Simulated(giving_up), goal="front", sampler="nsga2", budget={"trials": 16})
    rows = table(tmp_path, "front.csv")
    relative, difference = ([float(row[name]) for row in rows] for name in ("relative", "difference"))
    assert len(rows) >= 3 and relative == sorted(relative) and difference == sorted(difference)
    for row in rows:
        assert float(row["difference_low"]) <= float(row["difference"]) <= float(row["difference_high"])
        if row["trial"] != "slow":
            lost, won, share = giving_up(found.trials[int(row["trial"]) - 1].proposal.candidate.recipe)
            assert float(row["difference_low"]) < won - lost < float(row["difference_high"])
            plain = share * (1 - 0.5 * (lost + 0.01))
            assert float(row["relative_low"]) < plain < float(row["relative_high"])


def spent(found: SearchResult) -> float:
    return 400 * len(found.trials) / sum(one.n for one in found.trials)


def test_the_race_spends_a_half_to_a_third_of_400_problems_each(tmp_path: Path) -> None:
    """The spec's line of 17 recipes, as a grid; over five draws of outcomes."""
    shares = []
    for seed in range(5):
        found = run(tmp_path / str(seed), Simulated(line, seed=seed), sampler="grid", seed=seed, budget={"trials": 17})
        assert len(found.trials) == 17 and found.winner is not None
        lost, won, share = line(found.winner.proposal.candidate.recipe)
        assert won - lost > -0.02 and share < 0.42
        shares.append(spent(found))
    assert 2 < sum(shares) / 5 < 5


def test_settings_are_written_as_they_were_read(tmp_path: Path) -> None:
    run(tmp_path, Simulated(line), margin=0.03)
    assert summary(tmp_path)["settings"] == settings(margin=0.03).model_dump(mode="json")
