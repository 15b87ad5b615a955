"""Several responses a problem, graded: the rows, what is kept of them, and the command."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app_for
from l2s.benchmarks import TrainingProblems, write_problems
from l2s.core.errors import ConfigError
from l2s.core.row import Row
from l2s.generation.generate import Run
from l2s.generation.settings import DecodingParams
from l2s.records import Verdicts, read_rows
from l2s.sampling.sample import sample_responses
from l2s.sampling.settings import SampleParams
from l2s.verification.verify import verify_rows

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "data" / "models" / "quick"
PROBLEMS = {"per_level": 1, "seed": 3}


def params(**changes: object) -> SampleParams:
    found = {"model": "models/quick", "problems": PROBLEMS, "samples": 3, "max_tokens": 60, "seed": 7}
    return SampleParams.parse(found | changes, "samples.x")


def sampled(folder: Path, asked: SampleParams, **more: str) -> tuple[tuple[int, int], list[Row]]:
    problems = folder / "p.jsonl"
    write_problems(asked.problems.named, asked.problems, problems)
    counts, rows = sample_responses(
        MODEL, "w", [problems], folder / "out.jsonl",
        Run("x", asked.decoding(DecodingParams(engine="transformers"))), folder / "store.sqlite", **more,
    )  # fmt: skip
    assert rows == read_rows(folder / "out.jsonl", Verdicts)
    return tuple(counts), rows


def test_rows_are_verdicts_with_the_problem(tmp_path: Path) -> None:
    counts, rows = sampled(tmp_path, params())
    assert counts == (0, 15) and len(rows) == 15
    assert [row["sample"] for row in rows[:4]] == [0, 1, 2, 0]
    assert {row["benchmark"] for row in rows} == {"arithmetic-train"}
    for row in rows:
        assert row["problem"] in row["prompt"] and row["gold"].isdigit()
        assert row["correct"] is (row["status"] == "correct")
    assert len({row["response"] for row in rows if row["id"] == rows[-1]["id"]}) > 1, "samples of a problem differ"
    assert verify_rows(rows) == rows, "what is graded again is the same"


@pytest.mark.long
def test_nothing_is_generated_twice_and_each_setting_counts(tmp_path: Path) -> None:
    first = sampled(tmp_path, params())
    assert sampled(tmp_path, params()) == ((15, 0), first[1])
    assert sampled(tmp_path, params(samples=4))[0] == (15, 5), "more samples: only the new ones"
    assert sampled(tmp_path, params(max_tokens=50))[0] == (0, 15)
    assert sampled(tmp_path, params(seed=8))[0] == (0, 15)
    assert sampled(tmp_path, params(temperature=0.5))[0] == (0, 15)
    again = sampled(tmp_path, params(), grader="qwen")
    assert again[0] == (15, 0) and {row["grader"] for row in again[1]} == {"qwen"}, "only graded anew"


def test_a_response_that_is_cut_is_wrong_for_lack_of_an_answer(tmp_path: Path) -> None:
    _, rows = sampled(tmp_path, params(max_tokens=3))
    assert {row["finish"] for row in rows} == {"length"} and not any(row["correct"] for row in rows)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sample": 3}, "samples.x.sample: unknown key; did you mean 'samples'"),
        ({"samples": 0}, "samples.x.samples: found 0"),
        ({"temperature": -1}, "samples.x.temperature: found -1"),
        ({"problems": {"split": "trian"}}, "samples.x.problems.split: found 'trian', expected 'train'"),
        ({"problems": {"source": "gsm8"}}, "did you mean 'gsm8k'"),
        ({"model": 3}, "samples.x.model: found 3"),
    ],
)
def test_what_cannot_be_is_one_sentence(changes: Row, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        params(**changes)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = TrainingProblems.parse(PROBLEMS, "p")
    write_problems("train", asked, Path("problems.jsonl"))
    command = ["sample", str(MODEL), "problems.jsonl", "out.jsonl", "--samples", "2", "--max-tokens", "40"]
    done = CliRunner().invoke(app_for(["sample"]), [*command, "--engine", "transformers", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said == {"rows": 10, "correct": said["correct"], "generated": 10, "stored": 0}
    rows = read_rows(Path("out.jsonl"), Verdicts)
    assert sum(row["correct"] for row in rows) == said["correct"] and rows[0]["problem"]
    assert Path("out.jsonl.lineage.json").exists()
    for bad in ("problems.jsonl", str(MODEL)):
        with pytest.raises(ConfigError, match=r"choose another place|is a folder"):
            CliRunner().invoke(app_for(["sample"]), [*command[:3], bad], catch_exceptions=False)
