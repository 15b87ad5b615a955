"""What a live trialist finds out is what merge, generate and verify would: answer by answer, key by key."""

from pathlib import Path
from typing import Any

import pytest

from l2s.benchmarks.arithmetic import problem_rows
from l2s.checkpoints import Checkpoint
from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.row import Row
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.union import parse_control
from l2s.generation.generate import Run, generate_responses
from l2s.generation.settings import DecodingParams, SamplingParams
from l2s.merging.run.merge import merge_checkpoints
from l2s.records import Responses, read_rows, write_rows
from l2s.search.live.trialist import LiveSettings, LiveTrialist
from l2s.search.live.workers import SpreadTrialist, processes
from l2s.search.outcome import Outcome
from l2s.search.space import Candidate
from l2s.verification.verify import verify_rows
from tests.search.models import MOST, arithmetic, family, recipe

PROBLEMS = problem_rows("b", 0, "test", 2)
SHARES = ((0.5, 0.45), (0.1, 0.9))
DECODING = DecodingParams(engine="transformers", sampling=SamplingParams(max_tokens=MOST))
FRACTURED: dict[str, Any] = {"kind": "fractured", "depths": 2, "solutions": 2}
BUDGET: dict[str, Any] = {
    "kind": "budget",
    "max_think": 60,
    "max_answer": 16,
    "answer_prefix": " The answer is \\boxed{",
}


def settings(folder: Path, models: dict[str, Path], **more: Any) -> LiveSettings:
    values = {"store": folder / "live.sqlite", "decoding": DECODING, **more}
    return LiveSettings("ta", models, models["slow"], **values)


def run(model: Path, folder: Path, store: Path, control: Control | None = None) -> tuple[list[Row], tuple[int, int]]:
    """What the stages would write of a model."""
    write_rows(folder / "p.jsonl", PROBLEMS)
    counts = generate_responses(
        model, Checkpoint(model).digest, [folder / "p.jsonl"], folder / "r.jsonl",
        Run("r", DECODING, control or NoControl()), store,
    )  # fmt: skip
    return verify_rows(read_rows(folder / "r.jsonl", Responses)), counts


def outcomes(rows: list[Row]) -> list[Outcome]:
    return [Outcome(row["id"], row["correct"], row["tokens"]) for row in rows]


@pytest.mark.parametrize("tied", [True, pytest.param(False, marks=pytest.mark.long)], ids=["tied", "untied"])
def test_a_trial_is_the_merged_folder_answered_by_a_fresh_engine(tied: bool, tmp_path: Path) -> None:
    """Ten of ten, and the responses are under the folder's keys: it finds them in the store."""
    models = family(tmp_path, tied)
    said: list[str] = []
    with LiveTrialist(settings(tmp_path, models), say=said.append) as trialist:
        slow = trialist.baseline(PROBLEMS)
        asked = [(Candidate(arithmetic(*shares)), PROBLEMS) for shares in SHARES]
        found = trialist.answer(asked)
        assert trialist.engine.proven and said == []
        digests = [trialist.digest(candidate) for candidate, _ in asked]
    with LiveTrialist(settings(tmp_path, models)) as second:
        assert second.answer(asked[::-1]) == found[::-1]
        assert not second.engine.proven, "the store has all, so nothing is swapped, generated or probed"
    assert len(slow) == 10 and slow == outcomes(run(models["slow"], tmp_path, tmp_path / "own.sqlite")[0])
    for number, shares in enumerate(SHARES):
        folder = tmp_path / f"merged-{number}"
        merge_checkpoints(recipe(*shares), models, folder)
        fresh, counts = run(folder, tmp_path, tmp_path / "own.sqlite")
        assert counts == (0, 10) and found[number] == outcomes(fresh)
        again, counts = run(folder, tmp_path, tmp_path / "live.sqlite")
        assert counts == (10, 0), "the run of the recipe has nothing left to generate"
        assert [row["response"] for row in again] == [row["response"] for row in fresh]
        assert digests[number] == Checkpoint(folder).weights_digest


def test_a_candidate_answers_under_its_control(tmp_path: Path) -> None:
    models = family(tmp_path, True)
    with LiveTrialist(settings(tmp_path, models)) as trialist:
        bound, free = trialist.answer(
            [(Candidate(arithmetic(0.1, 0.9), control), PROBLEMS[::2]) for control in (BUDGET, "none")]
        )
        with pytest.raises(ConfigError, match="gives several responses a problem"):
            trialist.answer([(Candidate(arithmetic(0.1, 0.9), FRACTURED), PROBLEMS)])
    assert max(one.tokens for one in bound) < max(one.tokens for one in free)


def test_a_point_that_gives_no_model_is_named(tmp_path: Path) -> None:
    models = family(tmp_path, True)
    nothing = {"merge_method": "linear", "models": arithmetic(0.0, 0.0)["models"]}
    sentence = r'ta: the weights sum to 0.*; the recipe was {"merge_method": "linear"'
    with LiveTrialist(settings(tmp_path, models)) as trialist, pytest.raises(CheckpointError, match=sentence):
        trialist.answer([(Candidate(nothing), PROBLEMS)])


def test_inputs_tell_what_else_decides_an_outcome(tmp_path: Path) -> None:
    models = family(tmp_path, True)
    changes: list[dict[str, Any]] = [
        {}, {"slow_control": parse_control(BUDGET, "c")}, {"grader": "math-verify"}, {"code": "blake3:1"},
        {"decoding": DecodingParams(engine="transformers", sampling=SamplingParams(max_tokens=50))},
    ]  # fmt: skip
    found = {LiveTrialist(settings(tmp_path, models, **change)).inputs for change in changes}
    swapped = LiveSettings("ta", models | {"base": models["quick"]}, models["slow"], tmp_path / "s", decoding=DECODING)
    found.add(LiveTrialist(swapped).inputs)
    assert len(found) == 6
    many = DecodingParams(engine="transformers", sampling=SamplingParams(max_tokens=MOST), max_batch_size=7)
    assert LiveTrialist(settings(tmp_path / "x", models, decoding=many, threads=2)).inputs in found


@pytest.mark.long
def test_workers_change_nothing(tmp_path: Path) -> None:
    """Two processes, an engine each, and the store between them."""
    models = family(tmp_path, True)
    asked = [(Candidate(arithmetic(*shares)), PROBLEMS) for shares in SHARES]
    with LiveTrialist(settings(tmp_path, models, store=tmp_path / "one.sqlite")) as alone:
        expected, slow = alone.answer(asked), alone.baseline(PROBLEMS)
        digest, inputs = alone.digest(asked[0][0]), alone.inputs
    live = settings(tmp_path, models)
    with LiveTrialist(live) as here, processes(live, 2) as workers:
        trialist = SpreadTrialist(here, workers)
        assert trialist.answer(asked) == expected and trialist.baseline(PROBLEMS) == slow
        assert (trialist.digest(asked[0][0]), trialist.inputs) == (digest, inputs)
        wrong = [(Candidate(arithmetic(*SHARES[0]), FRACTURED), PROBLEMS)]
        with pytest.raises(ConfigError, match="gives several responses a problem"):
            trialist.answer(wrong)
