"""``l2s search`` on folders of the user's own: found, nothing found, and what is refused before anything is spent."""

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import l2s as package
from l2s.benchmarks import BenchmarkParams, write_problems
from tests.conftest import L2s
from tests.search.models import FAMILY, ranged

SEARCH: dict[str, Any] = {
    "models": {name: str(FAMILY / name) for name in ("base", "quick", "slow")},
    "problems": "given/problems.jsonl",
    "recipe": ranged(),
    "start": ["closed-form"],
    "margin": 0.3,
    "batch": 2,
    "block": 10,
    "budget": {"trials": 2, "problems": 40},
    "decoding": {"engine": "transformers", "sampling": {"max_tokens": 300}},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    params = BenchmarkParams.parse({"source": "arithmetic", "split": "search", "per_level": 4}, "problems")
    write_problems("mine", params, Path("given/problems.jsonl"))
    return tmp_path


def written(**changes: Any) -> str:
    """A file that says what :data:`SEARCH` does but for these keys; None: the key goes."""
    found = {key: value for key, value in {**SEARCH, **changes}.items() if value is not None}
    Path("search.yaml").write_text(yaml.safe_dump(found, sort_keys=False))
    return "search.yaml"


def test_found_merged_and_asked_again(folder: Path, l2s: L2s) -> None:
    code, out, _ = l2s("search", written(), "out", "--export", "optuna")
    assert code == 0 and "★" in out and "of slow's tokens" in out
    summary = json.loads(Path("out/search.json").read_text())
    assert summary["found"] and summary["spent"]["trials"] == 2
    manifest = package.merge("out/recipe.yaml", "merged")
    assert manifest.output.weights == summary["winner"]["weights"], "the folder has the trial's weights"
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    study = optuna.load_study(study_name="out", storage=JournalStorage(JournalFileBackend("out/optuna.log")))
    assert [trial.params["s"] for trial in study.trials] == [trial["value.s"] for trial in _trials()]
    before = {file.name: file.read_bytes() for file in Path("out").iterdir() if file.name != "optuna.log"}
    code, out, _ = l2s("search", "search.yaml", "out", "--json")
    assert code == 0 and json.loads(out) == summary
    assert {file.name: file.read_bytes() for file in Path("out").iterdir()} == before
    record = json.loads(Path("out.lineage.json").read_text())["record"]
    assert record["seeds"] == {"search.seed": 0, "search.decoding.sampling.seed": 0}
    behind = record["code"]
    assert "l2s/merging/methods/task_arithmetic.py" in behind and "l2s/merging/methods/karcher.py" not in behind


def _trials() -> list[dict[str, Any]]:
    import polars as pl

    return pl.read_csv("out/trials.csv").to_dicts()


def test_nothing_at_parity_is_exit_code_1_and_writes_the_best_bound(folder: Path, l2s: L2s) -> None:
    code, out, _ = l2s("search", written(recipe=ranged(-0.6, -0.5), start=None, budget={"trials": 1}), "out")
    assert code == 1 and "nothing at parity within 30 points was found in 1 trial" in out
    assert json.loads(Path("out/search.json").read_text())["best_bound"]["problems"] > 0
    assert not Path("out/recipe.yaml").exists()


def test_dry_tells_and_does_nothing(folder: Path, l2s: L2s) -> None:
    code, out, _ = l2s("search", written(), "out", "--dry")
    assert code == 0 and "1 dimension:" in out and "s: low 0.2, high 0.6" in out and "first trials:" in out
    assert not Path("out").exists() and not Path("out.lineage.json").exists()
    code, out, _ = l2s("search", "search.yaml", "out", "--dry", "--json")
    found = json.loads(out)
    assert found["dimensions"] == [{"name": "s", "low": 0.2, "high": 0.6}]
    assert len(found["first_trials"]) == 2 and found["costs"]["total"]["tokens"] > 0


@pytest.mark.parametrize(
    ("changes", "options", "sentence"),
    [
        ({}, ["--budget", "0"], "--budget: found 0, expected at least 1 problem"),
        ({}, ["--sampler", "tep"], "--sampler: 'tep' is not known; did you mean 'tpe'?"),
        ({}, ["--budget", "3"], "budget.problems: 3 problems can certify a margin of"),
        ({"budget": 40}, ["--budget", "30"], "budget: found 40, expected"),
        ({"margin": 0.02}, [], "20 problems can certify a margin of"),
        ({"problems": None}, [], "problems: name a file of problems, or a benchmark in its place"),
        ({"problems": "nowhere.jsonl"}, [], "nowhere.jsonl: no such file"),
        ({"problems": ["given/problems.jsonl", "nowhere.jsonl"]}, [], "nowhere.jsonl: no such file"),
        ({"problems": ["given/problems.jsonl"] * 2}, [], "problems: two are called problems; rename one"),
        ({"problems": None, "benchmark": {"source": "math500"}}, [], "a published test set"),
        ({"problems": None, "benchmark": "aime24"}, [], "a published test set"),
        ({"models": {"quick": "x", "slow": "y"}}, [], "'base' is not among the models"),
        ({"slow": "slwo"}, [], "slow: 'slwo' is not among the models; did you mean 'slow'?"),
        ({"start": ["average"]}, [], "start: 'average' is not under recipes"),
        ({"recipe": {**ranged(), "merge_method": {"low": 0, "high": 1}}}, [], "merge_method: found a range, but no"),
        ({"batches": 2}, [], "batches: unknown key; did you mean 'batch'?"),
        ({"decoding": {"device": "cuda:99"}}, ["--dry"], "search.yaml: decoding.device: torch"),
        ({"decoding": {"device": "cuda:99"}}, [], "search.yaml: decoding.device: torch"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_spends_nothing(
    folder: Path, l2s: L2s, changes: dict[str, Any],
    options: list[str], sentence: str,
) -> None:  # fmt: skip
    code, _, err = l2s("search", written(**changes), "out", *options)
    assert code == 2 and sentence in " ".join(err.split()) and "Traceback" not in err
    assert not Path("out").exists() and not Path(".l2s").exists()


def test_a_folder_of_something_else_is_not_replaced(folder: Path, l2s: L2s) -> None:
    Path("out").mkdir()
    shutil.copy("given/problems.jsonl", "out/mine.txt")
    code, _, err = l2s("search", written(), "out")
    assert code == 2 and "holds files of something else than a search" in " ".join(err.split())
    assert Path("out/mine.txt").is_file()


def test_the_function_stands_beside_the_package(folder: Path) -> None:
    importlib.import_module("l2s.search.settings")  # the package of almost that name
    with pytest.raises(package.L2SError, match=r"search: search\.problems: name a file|search\.problems: name a file"):
        package.search_recipe({key: value for key, value in SEARCH.items() if key != "problems"}, "out")
    with pytest.raises(package.L2SError, match="jobs: found 0, expected at least 1"):
        package.search_recipe({**SEARCH, "start": []}, "out", jobs=0)
