"""The public API: what docs/api.md shows runs, and grading and common merges take no more than the core install."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import l2s
from flows.cli.commands import steps
from l2s import api
from l2s.benchmarks.benchmark import BenchmarkParams, write_problems
from tests.tiny import write_family

ROOT = Path(__file__).parent.parent
EXTRAS = ("prefect", "dvc", "matplotlib", "vl_convert", "transformers", "torch")
BLOCKED = f"""
import importlib.metadata
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

def distribution(name, installed=importlib.metadata.distribution):
    if name in {EXTRAS}:
        raise importlib.metadata.PackageNotFoundError(name)
    return installed(name)

sys.meta_path.insert(0, Absent())
importlib.metadata.distribution = distribution
"""
ENDING = "\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))\n"


def modules_after(program: str, folder: Path) -> set[str]:
    """What a program imports in a process that has the core install alone; all packages, by their top names."""
    command = [sys.executable, "-c", BLOCKED + program + ENDING]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_importing_l2s_imports_nothing_else(tmp_path: Path) -> None:
    found = modules_after("import l2s; dir(l2s)", tmp_path)
    assert not found & {"torch", "numpy", "pydantic", "polars", "pandera", "typer", "rich", *EXTRAS}


def test_grading_takes_the_core_alone(tmp_path: Path) -> None:
    program = """
import l2s
assert l2s.grade(gold="1/2", answer="0.5").correct
assert l2s.grade(gold="x^2 - 1", answer="(x + 1)(x - 1)").correct, "by algebra, in a process of its own"
assert l2s.verify([{"gold": "7", "response": "It is \\\\boxed{7}."}]).correct == 1
"""
    assert not modules_after(program, tmp_path) & {"numpy", "polars", *EXTRAS}


def test_common_merges_take_the_core_alone(tmp_path: Path) -> None:
    models = write_family(tmp_path / "models", shards=2, dtype=torch.bfloat16)
    recipes = {
        method: {
            "merge_method": method,
            "models": [{"model": str(models[name]), "parameters": {"weight": 0.5}} for name in ("quick", "slow")],
            "parameters": {"density": 0.5} if "ties" in method or "dare" in method else {},
            **({} if method == "linear" else {"base_model": str(models["base"])}),
        }
        for method in ("linear", "task_arithmetic", "ties", "dare_linear", "dare_ties")
    }
    program = f"""
import l2s
for method, recipe in {recipes}.items():
    assert not any(finding.fatal for finding in l2s.check(recipe))
    assert len(l2s.merge(recipe, "out/" + method).tensors) > 10
"""
    assert not modules_after(program, tmp_path) & {"polars", "pandera", "typer", *EXTRAS}
    for method, recipe in recipes.items():
        here = l2s.merge(recipe, tmp_path / "again" / method)
        there = json.loads((tmp_path / "out" / method / "l2s_manifest.json").read_text())
        assert {name: one.digest for name, one in here.tensors.items()} == {
            name: one["digest"] for name, one in there["tensors"].items()
        }, "with torch loaded, the same bytes"


def test_every_name_is_there_and_typed() -> None:
    stub = (ROOT / "l2s" / "__init__.pyi").read_text()
    for name in l2s.__all__:
        assert getattr(l2s, name) is not None and re.search(rf"\b{name}\b", stub)
    assert set(l2s.__all__) <= set(dir(l2s))
    with pytest.raises(AttributeError, match="no attribute 'merged'"):
        l2s.merged  # noqa: B018


@pytest.mark.parametrize("name", ["check", "merge", "calibrate", "generate", "verify", "analyse"])
def test_options_of_commands_are_keywords(name: str) -> None:
    def parameters(function: Callable[..., object]) -> set[str]:
        return set(inspect.signature(function).parameters)

    renamed = {"target": "out", "form": "format", "out_form": "out_format", "template_kwarg": "template_kwargs"}
    shown = {"as_json", "style", "show"}  # of the printed table
    options = {renamed.get(option, option) for option in parameters(getattr(steps, name))} - shown
    guarded = (
        {"force"} if name != "merge" else set[str]()
    )  # what may be replaced is told by records, see flows.cli.outputs
    assert options - guarded <= parameters(getattr(api, name))


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every block of docs/api.md, in a folder with the embedded models."""
    (tmp_path / "models").symlink_to(ROOT / "data" / "models")
    monkeypatch.chdir(tmp_path)
    params = BenchmarkParams(source="arithmetic", per_level=1, seed=1, limit=4)
    write_problems("arithmetic", params, Path("problems.jsonl"))
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    for name in ("one", "two"):  # the second evening generates nothing
        exec("".join(blocks), {"__name__": name})
    said = capsys.readouterr().out
    assert "tokenizer of models/slow" in said and "merged: 4 of 4 correct" in said, said
    assert "tokens baseline" in said, "the slow run, and what others are compared with"
    assert "slow, held to 60 tokens of thinking: " in said and "3 held" in said, "the control acts"
    assert "did you mean 'lambda'?" in said and not Path("other").exists()
    again = l2s.generate("merged", "problems.jsonl", "merged.jsonl", max_tokens=200)
    assert (again.generated, again.stored) == (0, 4)


def test_no_input_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text('{"gold": "1", "response": "1"}\n')
    with pytest.raises(l2s.L2SError, match="is an input"):
        l2s.verify("a.jsonl", "./a.jsonl")
    with pytest.raises(l2s.L2SError, match="expected OUT beside it"):
        l2s.verify("a.jsonl")
    assert Path("a.jsonl").read_text().count("gold") == 1


def test_broken_lines_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"gold": "1", "response": "1"}\nnot json\n')
    with pytest.warns(UserWarning, match="1 line is broken"):
        assert l2s.verify(tmp_path / "a.jsonl", tmp_path / "v.jsonl").correct == 1


MODEL, GIVEN = "models/slow", {"merge_method": "linear", "models": [{"model": "models/slow"}]}


@pytest.mark.parametrize("odd", [3, None, b"models", ["models/slow"], 0.5], ids=repr)
@pytest.mark.parametrize(
    ("name", "argument"),
    [
        *(("check", "recipe"), ("merge", "recipe"), ("merge", "out"), ("train", "training"), ("train", "out")),
        *(("calibrate", key) for key in ("model", "texts", "out")),
        *((name, key) for name in ("generate", "sample") for key in ("model", "problems", "out")),
        *(("search_recipe", "search"), ("search_recipe", "out"), ("verify", "responses"), ("analyse", "verdicts")),
    ],
)
def test_an_argument_of_another_kind_is_one_sentence(
    name: str, argument: str, odd: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    right = {
        "recipe": GIVEN,
        "training": {"method": "sft"},
        "search": {},
        "model": MODEL,
        "texts": "t",
        "problems": "p",
    }
    function = getattr(l2s, name)
    takes = [key for key in (*right, "out") if key in inspect.signature(function).parameters]
    given = {**{key: right.get(key, "out") for key in takes}, argument: odd}
    if name in ("verify", "analyse"):
        given = {argument: odd}
    elif name == "check":
        given.pop("out", None)
    with pytest.raises(l2s.L2SError, match=rf"^{argument}: (found|models/slow)|models/slow: no such file") as told:
        function(**given)
    assert "\n" not in str(told.value) and list(tmp_path.iterdir()) == []


def test_numbers_are_graded_as_their_text_and_other_kinds_are_refused() -> None:
    assert l2s.grade(gold=3, answer="3").correct and l2s.grade(gold="0.5", answer=0.5).correct  # type: ignore[arg-type]
    for odd in (None, ["3"], b"3", True):
        with pytest.raises(l2s.L2SError, match=r"^answer: found .*, expected text or a number$"):
            l2s.grade(gold="3", answer=odd)  # type: ignore[arg-type]
