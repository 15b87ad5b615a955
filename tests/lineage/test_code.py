"""The code behind a step, and dvc.yaml read without DVC."""

import sys
from pathlib import Path

import pytest

from flows.graph import Graph
from l2s.errors import ConfigError
from l2s.lineage.code import code_behind, sources_at
from tasks.declared import declared, stage_names
from tests.lineage.projects import ROOT


def write(root: Path, **sources: str) -> Path:
    for name, text in sources.items():
        file = root / "l2s" / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text)
    return root


def test_imports_are_followed_inside_functions_and_over_lines(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        a="def f():\n    from l2s.b import (\n        one,\n        two as three,\n    )\nimport yaml, os\n",
        b="from l2s.c import d\nimport l2s.e as e\nimport torch.nn\n",
        c__d="'a package'",
        e="from l2s import f",
        f="from __future__ import annotations\nimport json",
        lonely="",
    )
    found = code_behind([root / "l2s/a.py"], root)
    names = {"l2s/__init__.py", "l2s/a.py", "l2s/b.py", "l2s/c/__init__.py", "l2s/c/d.py", "l2s/e.py", "l2s/f.py"}
    assert set(found.sources) == names
    assert set(found.packages) == {"python", "PyYAML", "torch"}
    assert found.packages["python"] == ".".join(map(str, sys.version_info[:3]))
    before = dict(found.sources)
    (root / "l2s/c/d.py").write_text("changed = 1")
    after = code_behind([root / "l2s/a.py"], root).sources
    assert {name for name in names if before[name] != after[name]} == {"l2s/c/d.py"}


def test_everything_python_loads_is_found_by_reading() -> None:
    """What importing the analysis really loads of ours is among what was found."""
    import subprocess

    program = "import l2s.analysis.summary, sys; print(*[m for m in sys.modules if m.partition('.')[0] == 'l2s'])"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    found = code_behind(sources_at(ROOT / "l2s/analysis/summary.py"), ROOT).sources
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in found}
    assert set(loaded.stdout.split()) <= modules


def test_a_packages_data_files_are_sources_too(tmp_path: Path) -> None:
    root = write(tmp_path, report__page="")
    (root / "l2s/report/page.html").write_text("")
    (root / "l2s/report/__pycache__").mkdir()
    (root / "l2s/report/__pycache__/page.pyc").write_text("")
    assert [file.name for file in sources_at(root / "l2s/report")] == ["__init__.py", "page.html", "page.py"]


def test_dvc_yaml_is_read_as_dvc_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    stages = Graph().stages
    assert set(stage_names()) == set(stages) and len(stages) > 20
    for name, stage in stages.items():
        kind, _, member = name.partition("@")
        ours = declared(kind, member or None)
        assert {path.as_posix() for path in ours.outputs} == {str(out) for out in stage.outs}
        files = {str(entry) for entry in stage.deps if str(entry) != "params.yaml"}
        assert {path.as_posix() for path in ours.dependencies} == files
        (params,) = [entry for entry in stage.deps if str(entry) == "params.yaml"]
        assert set(ours.parameters) == set(params.params)


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
