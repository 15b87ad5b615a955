"""The DVC graph: order, targets, and the reasons for which a stage is out of date."""

import subprocess
from pathlib import Path

import pytest

from flows.pipeline.repository.graph import Graph, Reason, fingerprint
from l2s.core.errors import ConfigError
from tests.flows.conftest import repro


def reasons(*targets: str) -> dict[str, list[str]]:
    graph = Graph()
    return {name: [str(reason) for reason in found] for name, found in graph.stale(graph.select(targets)).items()}


def test_everything_is_stale_before_the_first_run_and_nothing_after(toy: Path) -> None:
    assert list(reasons()) and set(reasons()) == {"make@one", "make@two", "join", "other"}
    assert sorted(repro(toy)) == ["joined", "made", "made", "other"]
    assert reasons() == {}


@pytest.mark.usefixtures("made")
def test_one_number_makes_its_stage_and_what_follows_stale(toy: Path) -> None:
    (toy / "params.yaml").write_text((toy / "params.yaml").read_text().replace("width: 2", "width: 5"))
    assert reasons() == {
        "make@two": ["params.yaml: things.two.width: 2 → 5"],
        "join": ["make@two: will run first"],
    }
    assert repro(toy) == ["made", "joined"]


@pytest.mark.usefixtures("made")
def test_code_and_missing_outputs_are_reasons(toy: Path) -> None:
    (toy / "code.py").write_text("one = 2\n")
    (toy / "other.txt").unlink()
    assert reasons() == {"join": ["code.py: modified"], "other": ["other.txt: output missing"]}


def test_targets_bring_what_they_need_and_nothing_else(toy: Path) -> None:
    graph = Graph()
    assert set(graph.select(["join"])) == {"make@one", "make@two", "join"}
    assert set(graph.select(["make"])) == {"make@one", "make@two"}
    assert graph.select([]).index("join") > graph.select([]).index("make@two")
    with pytest.raises(ConfigError, match=r"stage 'jion' is not in dvc.yaml; did you mean 'join'\?"):
        graph.select(["jion"])


@pytest.mark.usefixtures("made")
def test_a_fingerprint_changes_with_params_deps_and_outputs_and_with_nothing_else(toy: Path) -> None:

    def now() -> dict[str, str]:
        return {name: fingerprint(stage) for name, stage in Graph().stages.items()}

    before = now()
    (toy / "log.txt").write_text("unrelated")
    assert now() == before
    for path, text in (("code.py", "three = 3\n"), ("joined.txt", "tampered\n")):
        kept = (toy / path).read_text()
        (toy / path).unlink()
        (toy / path).write_text(text)
        changed = now()
        assert changed["join"] != before["join"]
        assert {name for name in changed if changed[name] != before[name]} == {"join"}
        (toy / path).write_text(kept)
    (toy / "params.yaml").write_text((toy / "params.yaml").read_text().replace("width: 1", "width: 7"))
    assert now()["make@one"] != before["make@one"] and now()["make@two"] == before["make@two"]


def test_a_broken_dvc_yaml_is_one_sentence(toy: Path) -> None:
    (toy / "dvc.yaml").write_text("stages:\n  a: {cmd: true, otus: []}\n")
    with pytest.raises(ConfigError, match=r"dvc\.yaml"):
        Graph()


@pytest.fixture
def code(toy: Path) -> Path:
    """A folder that a stage depends on."""
    (toy / "code").mkdir()
    stages = (toy / "dvc.yaml").read_text()
    (toy / "dvc.yaml").write_text(stages.replace("made-two.txt, code.py]", "made-two.txt, code]"))
    return toy / "code"


@pytest.mark.long
def test_the_files_of_a_code_folder_that_changed_are_named(toy: Path, code: Path) -> None:
    for name in ("kept.py", "edited.py", "gone.py"):
        (code / name).write_text(f"# {name}\n")
    repro(toy)
    assert reasons() == {}, "which also remembers the folder"
    (code / "edited.py").write_text("# edited\n")
    (code / "gone.py").unlink()
    (code / "new.py").write_text("# new\n")
    assert reasons() == {"join": ["code: edited.py modified, gone.py deleted, new.py added"]}
    (code / "gone.py").write_text("# gone.py\n")
    (code / "new.py").unlink()
    assert reasons() == {"join": ["code: edited.py modified"]}
    repro(toy)
    assert reasons() == {}


def test_git_names_the_files_where_the_folder_was_never_listed(toy: Path, code: Path) -> None:
    for number in range(5):
        (code / f"{number}.py").write_text("1\n")
    repro(toy)
    for command in (["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "run"]):
        subprocess.run(["git", *command], check=True, cwd=toy)
    for number in range(4):
        (code / f"{number}.py").write_text("2\n")
    (code / "new.py").write_text("3\n")
    assert reasons() == {"join": ["code: 0.py modified, 1.py modified, 2.py modified and 2 more"]}


@pytest.mark.usefixtures("made")
def test_every_leaf_of_a_parameter_is_named_new_and_lost_ones_too(toy: Path) -> None:
    (toy / "params.yaml").write_text("things:\n  one: {width: 1.5, tags: [a, c], deep: {a: null}}\n  two: {width: 2}\n")
    found = reasons()
    assert sorted(found["make@one"]) == [
        'params.yaml: things.one.deep: absent → {"a": null}',
        'params.yaml: things.one.tags.1: "b" → "c"',
        "params.yaml: things.one.width: 1 → 1.5",
    ]
    assert found["make@two"] == ['params.yaml: things.two.tags: ["a", "b"] → absent']


def test_a_dry_run_is_short_and_why_tells_all(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from flows.cli.commands.runs import _print_plan

    reasons = [Reason(f"params.yaml: recipes.old.{n}", "x" * 500 + " → absent") for n in range(40)]
    _print_plan({"merge@[b]": reasons}, False, 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "merge@[b]" and lines[-1] == "    and 38 more: l2s why merge@[b]"
    assert len(lines) == 4 and max(map(len, lines)) <= 104
    _print_plan({"merge@[b]": reasons}, False)
    assert len(capsys.readouterr().out.splitlines()) == 41
    _print_plan({"merge@a": reasons[:3]}, False, 3)
    assert len(capsys.readouterr().out.splitlines()) == 4, "three are three"
