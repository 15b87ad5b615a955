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
    counts, again = sampled(tmp_path, params(), grader="qwen")
    assert counts == (15, 0) and {row["grader"] for row in again} == {"qwen"}, "only graded anew"


def test_sampling_is_the_entrys_own_and_the_rest_is_of_decoding() -> None:
    own = {"temperature": 0.5, "top_p": 0.9, "top_k": 3, "samples": 4, "max_tokens": 50, "seed": 8}
    decoding = DecodingParams.parse({"device": "cuda", "sampling": {"context": 99, "seed": 1}}, "decoding")
    found = params(**own).decoding(decoding)
    assert found.device == "cuda" and found.sampling.model_dump() == {**own, "context": 99}


def test_a_response_that_is_cut_is_wrong_for_lack_of_an_answer(tmp_path: Path) -> None:
    _, rows = sampled(tmp_path, params(max_tokens=3))
    assert {row["finish"] for row in rows} == {"length"} and not any(row["correct"] for row in rows)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sample": 3}, "samples.x.sample: unknown key; did you mean 'samples'"),
        ({"problems": {"split": "trian"}}, "samples.x.problems.split: found 'trian', expected 'train'"),
        ({"problems": {"source": "gsm8"}}, "did you mean 'gsm8k'"),
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
