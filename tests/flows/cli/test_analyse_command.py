"""l2s analyse, as a user calls it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app_for
from l2s.config import Config
from l2s.core.errors import ConfigError, RecordError
from tasks.inputs.facts import facts_of
from tests.analysis.simulate import verdict_rows


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    rows = verdict_rows({"slow": 0.97, "merge": 0.96, "quick": 0.4}, {"test": 60})
    paths = []
    for run in ("slow", "merge", "quick"):
        path = tmp_path / f"{run}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows if row["run"] == run))
        paths.append(str(path))
    return paths


def call(*words: str) -> str:
    done = CliRunner().invoke(app_for(), ["analyse", *words], catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_tables_json_markdown_latex(files: list[str], tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out"), "--baseline", "slow"]
    printed = call(*files, *out)
    assert "merge" in printed and "baseline" in printed and "detects" in printed
    content = json.loads(call(*files, *out, "--json"))
    assert content["settings"]["slow"] == "slow" and len(content["rows"]) == 3
    assert call(*files, *out, "--format", "markdown").startswith("### test\n")
    assert r"\toprule" in call(*files, *out, "--format", "latex")
    assert "task vectors" in call(*files, *out, "--show", "takeaways")


def test_what_is_known_of_runs(files: list[str], tmp_path: Path) -> None:
    about = tmp_path / "about.yaml"
    about.write_text("merge: {method: ties, coefficients: {density: 0.2}, parameters: 1000}\n")
    out = ["--out", str(tmp_path / "out"), "--about", str(about), "--baseline", "merge=slow", "--margin", "0.1"]
    content = json.loads(call(*files, *out, "--json"))
    assert {row["run"]: row["verdict"] for row in content["rows"]}["slow"] == "baseline"
    assert [row["run"] for row in content["comparisons"]] == ["merge"] and content["settings"]["margin"] == 0.1
    assert next(row for row in content["runs"] if row["run"] == "merge")["method"] == "ties"
    about.write_text("merge: {methode: ties}\n")
    with pytest.raises(ConfigError, match=r"about.yaml: merge.methode: unknown key; did you mean 'method'"):
        call(*files, *out)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--format", "html"], "'html' is not known"),
        (["--show", "takeaway"], "did you mean 'takeaways'"),
        (["--baseline", "slow", "--baseline", "quick"], "both named for all runs"),
        (["--baseline", "=slow"], "expected SLOW or RUN=SLOW"),
        (["--baseline", "slo"], "did you mean 'slow'"),
        (["--margin", "2"], "margin"),
    ],
)
def test_wrong_words_are_one_sentence_and_write_nothing(
    files: list[str], tmp_path: Path, words: list[str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        call(*files, "--out", str(tmp_path / "out"), *words)
    assert not (tmp_path / "out").exists()


def test_facts_of_the_embedded_experiment() -> None:
    """Recipes and controls as params.yaml has them; sizes as the models in the repository have them."""
    found = facts_of(Config.read(), Path("data"))
    assert found["ta-s40"].method == "task_arithmetic" and found["ta-s40"].coefficients == {"share.slow": 0.4}
    assert found["slow-budget-96"].control_kind == "budget" and found["slow-budget-96"].control["max_think"] == 96
    assert found["sens"].coefficients["calibration.samples"] == 100 and found["slow"].method is None
    assert found["ties-d20"].parameters == 607360 and (found["slow"].layers, found["slow"].kv_heads) == (4, 2)
    absent = facts_of(Config.read(), Path("nowhere"))
    assert absent["slow"].parameters is None and absent["ta-s40"].method == "task_arithmetic"


def test_responses_are_to_be_graded_first(files: list[str], tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    rows = [json.loads(line) for line in Path(files[0]).read_text().splitlines()]
    path.write_text("".join(json.dumps({k: row[k] for k in ("run", "gold", "response")}) + "\n" for row in rows))
    said = f"{path}: holds responses, which are not graded; grade them first: l2s verify {path} VERDICTS.jsonl"
    with pytest.raises(RecordError, match=f"^{said}$"):
        call(str(path), "--out", str(tmp_path / "out"))
