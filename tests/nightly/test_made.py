"""What changed between two nights: each kind named, and only where it is."""

import platform
from importlib.metadata import version
from typing import Any

import pytest

from l2s.nightly.made import LIBRARIES, Change, changes, explaining, library_versions
from tests.nightly.nights import made, with_run

BEFORE = made()


def kinds(after: Any) -> list[tuple[str, str]]:
    return [(change.kind, change.what) for change in changes(BEFORE, after)]


def test_nothing_changed() -> None:
    assert changes(BEFORE, made()) == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (with_run(BEFORE, "slow", weights="sha256:x", files="sha256:y"), [("weights", "slow")]),
        (with_run(BEFORE, "slow", files="sha256:y"), [("model files", "slow")]),
        (with_run(BEFORE, "slow", engine="vllm 1"), [("engine", "slow")]),
        (with_run(BEFORE, "slow", model="models/other"), []),
        (with_run(BEFORE, "slow", control={"kind": "budget", "max_think": 9}),
         [("control", "slow.kind"), ("control", "slow.max_think")]),
        (made(decoding={"engine": "auto", "sampling": {"temperature": 0.6, "seed": 0}}),
         [("decoding", "sampling.temperature")]),
        (made(grader={"name": "qwen", "code": "sha256:" + "4" * 64}), [("grader", "name")]),
        (made(grader={"name": "l2s", "code": "sha256:7"}), [("grader", "code")]),
        (made(generation="sha256:0"), [("generation code", "generation code")]),
        (made(libraries={"torch": "2.14.0", "vllm": "1"}),
         [("library", "sympy"), ("library", "torch"), ("library", "vllm")]),
        (made(benchmarks={"test": "b2", "more": "b"}), [("benchmark", "more"), ("benchmark", "test")]),
        (made(machine={"cpu": "two", "device": "cpu"}), [("machine", "cpu")]),
        (made(runs={"slow": BEFORE.runs["slow"].model_dump()}), [("run", "chosen")]),
    ],
)  # fmt: skip
def test_each_kind_is_named(after: Any, expected: list[tuple[str, str]]) -> None:
    assert kinds(after) == expected


def test_old_and_new_value_are_said_and_weights_come_first() -> None:
    after = with_run(made(libraries={"torch": "2.14.0", "sympy": "1.14.0"}), "slow", weights="sha256:" + "f" * 64)
    assert [str(change) for change in changes(BEFORE, after)] == [
        f"weights slow: sha256:{'1' * 12} → sha256:{'f' * 12}",
        "library torch: 2.13.0 → 2.14.0",
    ]


def test_a_change_explains_its_own_run_and_its_own_kinds() -> None:
    found = [
        Change(kind="weights", what="slow", before="a", after="b", run="slow"),
        Change(kind="library", what="torch", before="1", after="2"),
        Change(kind="grader", what="code", before="1", after="2"),
    ]
    assert [c.what for c in explaining(found, "slow", ("weights", "library"))] == ["slow", "torch"]
    assert [c.what for c in explaining(found, "other", ("weights", "library"))] == ["torch"]
    assert [c.what for c in explaining(found, "other", ("grader",))] == ["code"]


def test_versions_are_those_of_the_installed_libraries() -> None:
    found = library_versions()
    assert found["python"] == platform.python_version() and found["torch"] == version("torch")
    assert found.keys() <= {"python", *LIBRARIES}, "those that are not installed have none"
