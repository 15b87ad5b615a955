"""The DVC graph: order, targets, and the reasons for which a stage is out of date."""

from pathlib import Path

import pytest

from flows.graph import Graph, fingerprint
from l2s.errors import ConfigError
from tests.flows.conftest import repro


def reasons(*targets: str) -> dict[str, list[str]]:
    graph = Graph()
    return {name: [str(reason) for reason in found] for name, found in graph.stale(graph.select(targets)).items()}


def test_everything_is_stale_before_the_first_run_and_nothing_after(toy: Path) -> None:
    assert list(reasons()) and set(reasons()) == {"make@one", "make@two", "join", "other"}
    assert sorted(repro(toy)) == ["joined", "made", "made", "other"]
    assert reasons() == {}


def test_one_number_makes_its_stage_and_what_follows_stale(toy: Path) -> None:
    repro(toy)
    (toy / "params.yaml").write_text((toy / "params.yaml").read_text().replace("width: 2", "width: 5"))
    assert reasons() == {
        "make@two": ["params.yaml: things.two.width: 2 → 5"],
        "join": ["make@two: will run first"],
    }
    assert repro(toy) == ["made", "joined"]


def test_old_and_new_value_are_named_inside_lists(toy: Path) -> None:
    repro(toy)
    (toy / "params.yaml").write_text(
        (toy / "params.yaml").read_text().replace("{width: 1, tags: [a, b]}", "{width: 1, tags: [a, c]}")
    )
    assert reasons()["make@one"] == ['params.yaml: things.one.tags[1]: "b" → "c"']


def test_code_and_missing_outputs_are_reasons(toy: Path) -> None:
    repro(toy)
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


def test_a_fingerprint_changes_with_params_deps_and_outputs_and_with_nothing_else(toy: Path) -> None:
    repro(toy)

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
