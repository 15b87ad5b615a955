"""The code behind a step, and dvc.yaml read without DVC."""

import sys
from pathlib import Path

import pytest

from flows.pipeline.repository.graph import Graph
from l2s.core.errors import ConfigError
from l2s.lineage.code import Code, code_behind, fingerprint
from l2s.lineage.meaning import Reading
from tasks.running.declared import declared, stage_names
from tests.lineage.projects import ROOT


def write(root: Path, **sources: str) -> Reading:
    for name, text in sources.items():
        file = root / "l2s" / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text)
    return Reading(root)


def names(found: Code) -> set[str]:
    return {name.removeprefix("l2s/").removesuffix(".py") for name in found.sources}


def test_imports_are_followed_inside_functions_and_over_lines(tmp_path: Path) -> None:
    sources = {
        "a": "def f():\n    from l2s.b import (\n        one,\n        two as three,\n    )\nimport yaml, os\n",
        "b": "from l2s.c import d\nimport l2s.e as e\nimport torch.nn\n",
        "c__d": "'a package'\nfrom .near import one\nfrom ..above import two",
        "c__near": "",
        "above": "",
        "e": "from l2s import f",
        "f": "from __future__ import annotations\nimport json",
        "lonely": "",
    }
    found = code_behind(["l2s.a"], write(tmp_path, **sources))
    assert names(found) == {"a", "b", "c/__init__", "c/d", "c/near", "above", "e", "f"}
    assert set(found.packages) == {"python", "PyYAML", "torch"}
    assert found.packages["python"] == ".".join(map(str, sys.version_info[:2]))
    after = code_behind(["l2s.a"], write(tmp_path, **sources | {"c__d": sources["c__d"] + "\nchanged = 1"}))
    assert {name for name, digest in after.sources.items() if found.sources[name] != digest} == {"l2s/c/d.py"}
    assert fingerprint(after.sources) != fingerprint(found.sources)


def test_what_is_not_run_is_not_followed(tmp_path: Path) -> None:
    reading = write(
        tmp_path,
        a="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import l2s.b\nelse:\n    import l2s.c.d\n",
        b="",
        c__d="",
        loaded="",
        later="",
    )
    package = "from l2s.loaded import one\ndef __getattr__(name):\n    from l2s.later import one\n"
    (tmp_path / "l2s/c/__init__.py").write_text(package)
    assert names(code_behind(["l2s.a"], reading)) == {"a", "c/__init__", "c/d", "loaded"}
    assert names(code_behind(["l2s.c"], reading)) == {"c/__init__", "loaded", "later"}, "asked for itself"


def test_a_module_that_is_named_in_a_text_is_followed(tmp_path: Path) -> None:
    reading = write(
        tmp_path, a="start = ['-m', 'l2s.work']\nother = 'params.yaml', 'l2s.none', 'about l2s.b'", work="", b=""
    )
    found = code_behind(["l2s.a"], reading)
    assert names(found) == {"a", "work"} and set(found.packages) == {"python"}


def test_of_what_a_module_gathers_only_what_is_asked_for_counts(tmp_path: Path) -> None:
    reading = write(
        tmp_path,
        run="from l2s.all import ALL",
        all="from l2s.one import x\nfrom l2s import two\nfrom l2s.words import word",
        one="import l2s.shared",
        two="import l2s.shared",
        shared="",
        words="",
    )
    gathering = {"l2s.all": ("l2s.one.*", "l2s.two*")}
    assert names(code_behind(["l2s.run"], reading, gathering)) == {"run", "all", "words"}
    for member in ("one", "two"):
        found = code_behind(["l2s.run", f"l2s.{member}"], reading, gathering)
        assert names(found) == {"run", "all", "words", member, "shared"}, "what two members share is behind both"


def test_everything_python_loads_is_found_by_reading() -> None:
    """What importing the analysis really loads of ours is among what was found."""
    import subprocess

    program = (
        "import l2s.analysis.output.summary, sys; print(*[m for m in sys.modules if m.partition('.')[0] == 'l2s'])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    found = code_behind(["l2s.analysis.output.summary"], Reading(ROOT)).sources
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in found}
    assert set(loaded.stdout.split()) - {"l2s", "l2s.core.versions"} <= modules


def test_a_packages_data_files_count_by_their_bytes(tmp_path: Path) -> None:
    reading = write(tmp_path, report__page="", report__charts__bar="", other__page="")
    for name in (
        "report/page.html",
        "report/templates/deep/a.css",
        "report/charts/b.json",
        "other/c.html",
        "report/d.txt",
    ):
        file = tmp_path / "l2s" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("one")
    (tmp_path / "l2s/report/__pycache__").mkdir()
    (tmp_path / "l2s/report/__pycache__/page.json").write_text("")
    first = code_behind(["l2s.report.page"], reading).sources
    assert set(first) == {
        f"l2s/report/{name}" for name in ("__init__.py", "page.py", "page.html", "templates/deep/a.css")
    }
    (tmp_path / "l2s/report/templates/deep/a.css").write_text("two")
    again = code_behind(["l2s.report.page"], Reading(tmp_path)).sources
    assert [name for name in first if first[name] != again[name]] == ["l2s/report/templates/deep/a.css"]


def test_dvc_yaml_is_read_as_dvc_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    stages = Graph().stages
    assert set(stage_names()) == set(stages) and len(stages) > 20
    for name, stage in stages.items():
        kind, _, member = name.partition("@")
        ours = declared(kind, member or None)
        assert {path.as_posix() for path in ours.outputs} == {str(out) for out in stage.outs}
        files = {str(entry) for entry in stage.deps if str(entry) not in ("params.yaml", "code.lock")}
        assert {path.as_posix() for path in ours.dependencies} == files
        params = [entry.params for entry in stage.deps if str(entry) == "params.yaml"]  # what a search found has none
        assert [set(ours.parameters)] == [set(names) for names in params or [[]]]


def test_a_matrix_and_names_with_dots(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("sizes: [1, 2]\nmodels: {qwen2.5: {path: x}}\n")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n"
        "  a:\n    matrix: {size: '${sizes}', kind: [x, y]}\n    cmd: c\n"
        "    outs: [{'o-${item.size}-${item.kind}': {cache: false}}, '${key}.txt']\n"
        "  b:\n    foreach: ${models}\n    do: {cmd: c, deps: ['d/${item.path}'], params: ['models.${key}']}\n"
    )
    assert stage_names(tmp_path) == ["a@1-x", "a@1-y", "a@2-x", "a@2-y", "b@qwen2.5"]
    assert declared("a", "2-y", tmp_path).outputs == (Path("o-2-y"), Path("2-y.txt"))
    assert declared("b", "qwen2.5", tmp_path).dependencies == (Path("d/x"),)
    for stage, name, sentence in (("a", "3-x", "has no '3-x'"), ("c", None, "no such stage")):
        with pytest.raises(ConfigError, match=sentence):
            declared(stage, name, tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: c, deps: ['${none.at.all}']}}")
    with pytest.raises(ConfigError, match=r"stages\.a: 'none\.at\.all' stands nowhere"):
        declared("a", None, tmp_path)
