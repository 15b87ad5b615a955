"""Lineage across commits and clones, with real git and DVC: an older commit, a fresh clone, two users and a remote."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lineage.projects import make_project, params, write
from tests.scratch import run

pytestmark = pytest.mark.slow
SUMMARY = Path("data/summary/summary.json")


def numbers(folder: Path) -> Any:
    return json.loads((folder / SUMMARY).read_text())["rows"]


def edit_weight(folder: Path, weight: float) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    for model in params["recipes"]["average"]["models"]:
        model["parameters"]["weight"] = weight
    params["recipes"]["average"]["parameters"] = {"normalize": False}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def commit(folder: Path, message: str) -> str:
    run(folder, "git", "add", "-A")
    run(folder, "git", "add", "-f", "data/models")  # as the embedded ones; models of one's own are kept out of git
    run(folder, "git", "commit", "-q", "-m", message)
    return run(folder, "git", "rev-parse", "HEAD").strip()


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A project that was run, and run again with another weight; both commits, and its outputs in a DVC remote."""
    top = tmp_path_factory.mktemp("shared")
    folder = make_project(top / "ours", small=True, copied=True)
    write(params(small=True) | {"training": {}}, folder)  # which plain dvc repro looks up for the analysis
    (folder / ".gitignore").write_text(".l2s/\n__pycache__/\n")
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "dvc", "init", "-q")
    run(folder, "dvc", "config", "core.analytics", "false")
    run(folder, "dvc", "remote", "add", "-q", "-d", "store", str(top / "store"))
    run(folder, "dvc", "repro", "-q")
    first = commit(folder, "first")
    run(folder, "dvc", "push", "-q", "--run-cache")
    edit_weight(folder, 0.2)
    run(folder, "dvc", "repro", "-q")
    second = commit(folder, "second")
    run(folder, "dvc", "push", "-q", "--run-cache")
    return folder, first, second


def clone(remote: tuple[Path, str, str], folder: Path, at: str) -> Path:
    run(remote[0], "git", "clone", "-q", str(remote[0]), str(folder))
    run(folder, "git", "checkout", "-q", at)
    return folder


def test_an_older_commit_gives_its_numbers_back_and_audits_clean(remote: tuple[Path, str, str]) -> None:
    folder, first, _ = remote
    after = numbers(folder)
    assert run(folder, "l2s", "audit").splitlines()[-1].startswith("clean")
    before = run(folder, "git", "show", f"{first}:data/summary/metrics.json")
    try:
        run(folder, "git", "checkout", "-q", first)
        run(folder, "dvc", "checkout", "-q")
        assert numbers(folder) != after
        assert (folder / "data/summary/metrics.json").read_text() == before
        assert run(folder, "l2s", "audit").splitlines()[-1].startswith("clean")
        lineage = json.loads(run(folder, "l2s", "lineage", "data/merged/average", "--json"))
        recipe = lineage["nodes"]["data/merged/average"]["parameters"]["recipes.average"]
        assert recipe["models"][0]["parameters"]["weight"] == 0.5
        assert lineage["nodes"]["data/merged/average"]["occasion"] is not None, "its occasion came back with the commit"
    finally:
        run(folder, "git", "checkout", "-q", "main")
        run(folder, "dvc", "checkout", "-q")
    assert numbers(folder) == after


def test_a_fresh_clone_pulls_and_audits_without_running_anything(remote: tuple[Path, str, str], tmp_path: Path) -> None:
    folder = clone(remote, tmp_path / "clone", remote[2])
    run(folder, "dvc", "pull", "-q")
    said = json.loads(run(folder, "l2s", "audit", "--json"))
    assert said["clean"] and said["checked"]["records"] == 11 and said["checked"]["graded"] == 20
    assert numbers(folder) == numbers(remote[0])
    assert run(folder, "dvc", "status").strip() == "Data and pipelines are up to date."
    assert run(folder, "git", "status", "--porcelain") == "", "an audit writes nothing that git sees"
    assert not (folder / ".l2s" / "responses.sqlite").exists(), "something was generated"
    lineage = json.loads(run(folder, "l2s", "lineage", str(SUMMARY), "--json"))
    assert not any(node["occasion"] for node in lineage["nodes"].values() if node["made_by"]), "made elsewhere"
    lock = (folder / "dvc.lock").read_text()
    (folder / "dvc.lock").write_text(lock.replace("weight: 0.2", "weight: 0.3", 1))
    said = run(folder, "l2s", "audit", code=1)
    assert "mismatch: params.yaml: recipes.average.models" in said or "expected [" in said


def test_two_users_share_work_through_the_remote(remote: tuple[Path, str, str], tmp_path: Path) -> None:
    """The second makes the same edit to the older commit, and gets what the first made with it."""
    folder = clone(remote, tmp_path / "theirs", remote[1])
    edit_weight(folder, 0.2)
    run(folder, "dvc", "pull", "-q", "--run-cache")
    said = run(folder, "dvc", "repro", "--pull")
    for stage in ("merge@average", "generate@average", "verify@average", "report"):
        assert f"Stage '{stage}' is cached - skipping run" in said
    assert said.count("Running stage") == 1 and "Running stage 'analyse'" in said, "its metrics are in git, not in DVC"
    assert numbers(folder) == numbers(remote[0])
    assert not (folder / ".l2s" / "responses.sqlite").exists()
    assert run(folder, "l2s", "audit").splitlines()[-1].startswith("clean")
    lineage = json.loads(run(folder, "l2s", "lineage", "data/merged/average", "--json"))
    assert lineage["nodes"]["data/merged/average"]["occasion"] is None, "nobody here knows when and where"


def test_what_is_run_again_to_the_same_bytes_leaves_git_clean(remote: tuple[Path, str, str], tmp_path: Path) -> None:
    folder = clone(remote, tmp_path / "again", remote[2])
    run(folder, "dvc", "pull", "-q")
    shutil.rmtree(folder / "data" / "merged")
    run(folder, "dvc", "repro", "-q", "-f", "-s", "merge@average")
    assert run(folder, "git", "status", "--porcelain") == ""
    shown = json.loads(run(folder, "l2s", "lineage", "data/merged/average", "--json"))["nodes"]["data/merged/average"]
    assert shown["occasion"]["seconds"] > 0, "when it was made here"
