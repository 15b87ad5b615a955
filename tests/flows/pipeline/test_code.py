"""code.lock: a change of meaning changes exactly the fingerprints of the stages that it is behind."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.pipeline.repository.changed_code import changed_code
from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.lineage.code import fingerprint
from l2s.merging.methods import METHODS
from l2s.merging.recipe.aliases import METHOD_ALIASES
from l2s.training.union import TRAININGS
from tasks.running import code
from tasks.running.code import Behind, check_code, is_current, refresh
from tasks.stage import LOCK
from tasks.stages import STAGES

ROOT = Path(__file__).resolve().parents[3]


def flat(found: dict[str, Any]) -> dict[str, str]:
    return {
        f"{kind}.{member}" if isinstance(inner, dict) else kind: digest
        for kind, inner in found.items()
        for member, digest in (inner.items() if isinstance(inner, dict) else [("", inner)])
    }


def keys(recipes: list[Any], source: Path = ROOT) -> dict[str, str]:
    return flat(Behind(recipes, source=source).fingerprints(STAGES))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for name in ("l2s", "flows", "tasks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@cache
def own() -> dict[str, str]:
    """The fingerprints of the sources here."""
    return keys([])


def changed(copy: Path, file: str, edit: Callable[[str], str]) -> set[str]:
    """The keys whose fingerprint an edit changes."""
    text = (copy / file).read_text(encoding="utf-8")
    assert edit(text) != text
    try:
        (copy / file).write_text(edit(text), encoding="utf-8")
        after = keys([], copy)
    finally:
        (copy / file).write_text(text, encoding="utf-8")
    return {key for key, digest in own().items() if digest != after[key]}


def more(text: str) -> str:
    return text + "\nMORE = 1\n"


@cache
def behind(of: str = "") -> dict[str, set[str]]:
    """The sources behind every key, with a recipe that names a method for another one to act on."""
    found = Behind([{"parameters": {"of": of}}])
    members = {key: key.partition(".") for key in flat(found.fingerprints(STAGES))}
    return {key: set(found.code(kind, member or None).sources) for key, (kind, _, member) in members.items()}


SHARED = {"merge.ties", "merge.ties_merging"}
"""They import it."""
GENERATED = {"generate.auto", "generate.transformers", "generate.vllm"}
SAMPLED = {"sample.auto", "sample.transformers", "sample.vllm"}
"""Each with the grader that params.yaml names."""
GRADED = {"verify.l2s", "verify.math-verify", "verify.qwen", *SAMPLED}
TRAINED = {f"train.{name}" for name in TRAININGS}
SEARCHED = {"found", "search.auto", "search.transformers", "search.vllm"}
ALL = TRAINED | SEARCHED
EVERYTHING = set(behind())


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("l2s/merging/methods/karcher.py", {"merge.karcher"}),
        ("l2s/merging/methods/ties.py", SHARED),
        ("l2s/benchmarks/gpqa.py", {"problems.gpqa"}),
        ("l2s/generation/engines/vllm/engine.py", {"generate.auto", "generate.vllm", "sample.auto", "sample.vllm"}),
        ("l2s/generation/engines/vllm/support.py", {"generate.auto", "generate.vllm", "sample.auto", "sample.vllm"}),
        (
            "l2s/generation/engines/transformers/engine.py",
            {"generate.auto", "generate.transformers", "sample.auto", "sample.transformers"},
        ),
        ("l2s/family/muon.py", {"family"}),
        ("l2s/verification/parsing/units.py", {"verify.l2s", "verify.qwen", *SAMPLED}),
        ("l2s/verification/workers/worker.py", {"verify.l2s", "verify.math-verify", *SAMPLED}),
        ("l2s/report/templates/page.css", {"report"}),
        ("l2s/analysis/findings/study_tables.json", {"analyse"}),
        ("l2s/generation/controls/kinds/early_exit.py", {"analyse", *GENERATED}),
        ("l2s/generation/controls/union.py", {"family", "analyse", *GENERATED, *SAMPLED}),
        ("l2s/generation/settings.py", {"family", "analyse", *GENERATED, *SAMPLED}),
        ("l2s/calibration/settings.py", {"calibrate", "analyse"}),
        ("tasks/inputs/facts.py", {"analyse"}),
        ("l2s/verification/graders/qwen_text.py", {"verify.qwen"}),
        ("tasks/verify.py", GRADED - SAMPLED),
        ("tasks/stages.py", EVERYTHING),
        ("l2s/core/files.py", EVERYTHING),
        ("l2s/core/params.py", EVERYTHING),
        ("l2s/config.py", EVERYTHING),
        ("l2s/__init__.py", set()),
        ("l2s/nightly/settings.py", set()),
        ("l2s/planning/settings.py", set()),
        ("l2s/lineage/record.py", set()),
        ("flows/cli/app.py", set()),
    ],
)
def test_a_source_is_behind_what_uses_it(file: str, expected: set[str]) -> None:
    assert (ROOT / file).is_file()
    found = {key for key, sources in behind().items() if file in sources}
    assert found - ALL == expected - ALL, "trainings and searches generate and grade, and have most of it behind them"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("l2s/training/run.py", TRAINED),
        ("l2s/verification/graders/l2s.py", TRAINED),
        ("l2s/training/rewards/kinds/kimi.py", {"train.grpo"}),
        ("l2s/training/data/kinds/pir.py", {"train.sft"}),
        ("l2s/training/data/kinds/own.py", {"train.dpo"}),
    ],
)
def test_a_training_has_behind_it_what_its_block_may_name(file: str, expected: set[str]) -> None:
    assert (ROOT / file).is_file()
    assert {key for key, sources in behind().items() if file in sources} & TRAINED >= expected


def test_a_change_of_meaning_changes_what_it_is_behind(copy: Path) -> None:
    found = changed(copy, "l2s/core/seeds.py", lambda text: text.replace(">> 1", ">> 2"))
    assert (
        found
        == {key for key, sources in behind().items() if "l2s/core/seeds.py" in sources}
        == EVERYTHING - (GRADED - SAMPLED)
    )
    assert changed(copy, "l2s/report/templates/page.css", lambda text: text + " ") == {"report"}


def test_comments_docstrings_and_formatting_count_nowhere(copy: Path) -> None:
    for file in sorted(copy.glob("l2s/**/*.py"))[::7]:
        file.write_text("# one\n\n" + file.read_text(encoding="utf-8") + '\n"""More."""  # two\n', encoding="utf-8")
    assert keys([], copy) == own()


def test_a_method_that_acts_on_another_may_name_it_within_modules() -> None:
    recipe = {"merge_method": "aim", "modules": {"default": {"parameters": {"of": "breadcrumbs"}}}}
    assert "l2s/merging/methods/breadcrumbs.py" in Behind([recipe]).code("merge", "aim").sources


def test_a_method_that_acts_on_another_counts_with_those_that_recipes_name() -> None:
    found = {key for key, sources in behind("ties").items() if "l2s/merging/methods/ties.py" in sources}
    assert found == {"merge.aim", *SHARED}
    assert "l2s/merging/methods/karcher.py" not in behind("ties")["merge.aim"]
    assert keys([{"parameters": {"of": ["no name"]}}, {"parameters": None}, None]) == own()


def test_every_name_that_params_yaml_may_hold_has_a_fingerprint() -> None:
    found = own()
    assert {f"merge.{name}" for name in (*METHODS, *METHOD_ALIASES)} <= found.keys()
    assert found["merge.ties_merging"] == found["merge.ties"]
    assert {kind for kind in STAGES if kind not in found} == {
        "problems",
        "merge",
        "sample",
        "train",
        "search",
        "generate",
        "verify",
    }
    assert {f"generate.{name}" for name in ("auto", "transformers", "vllm")} <= found.keys()
    assert {"problems.arithmetic", "problems.file", "problems.jsonl", "problems.aime25"} <= found.keys()


def test_the_blocks_that_a_stage_reads_are_behind_it() -> None:
    """config.py gathers all blocks and counts with none: each stage that hands one on has it behind it otherwise."""
    for kind in STAGES:
        sources = next(sources for key, sources in behind().items() if key.partition(".")[0] == kind)
        ours = [ROOT / path for path in sources if path.startswith("tasks/") and "tasks/stage" not in path]
        read = {block for file in ours for block in _blocks_read(ast.parse(file.read_text(encoding="utf-8")))}
        for block in read & set(Config.model_fields) - {"resources"}:  # how many at once: of no result's bytes
            module = _module(Config.model_fields[block].annotation)
            assert module is None or module in sources, (kind, block, module)


def _blocks_read(tree: ast.Module) -> set[str]:
    """``config.block`` in what does a stage's work, but for loops over names alone."""
    tree.body = [node for node in tree.body if getattr(node, "name", "") not in ("needs", "estimate", "reads")]
    loops = [node.iter for node in ast.walk(tree) if isinstance(node, ast.comprehension | ast.For)]
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "config"
        if node not in loops
    }


def _module(annotation: Any) -> str | None:
    found = re.findall(r"l2s[\w.]+(?=\.\w+)", str(annotation))
    return found[0].replace(".", "/") + ".py" if found else None


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its code.lock, which takes long to write."""
    folder = tmp_path_factory.mktemp("locked") / "project"
    folder.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, folder)
    refresh(folder)
    return folder


@pytest.fixture
def project(locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(locked, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_written_only_when_it_changes(project: Path) -> None:
    before = (project / LOCK).stat().st_mtime_ns
    assert not refresh() and is_current() and (project / LOCK).stat().st_mtime_ns == before
    text = (project / LOCK).read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    (project / LOCK).write_text(text.replace("sha256:", "sha256:0", 1).replace("blake3:", "blake3:0", 1))
    assert not is_current() and refresh() and (project / LOCK).read_text() == text


def test_the_repositorys_own_is_up_to_date() -> None:
    assert is_current(ROOT), "write it anew: l2s code"


@pytest.mark.parametrize("damage", [None, "", "[]", '{"verify": {}}', '{"verify": {"l2s": "sha256:0"}}'])
def test_a_stage_refuses_other_code_than_code_lock_tells_of(project: Path, damage: str | None) -> None:
    config = Config.read()
    assert check_code("verify", "slow", config).sources
    if damage is None:
        (project / LOCK).unlink()
    else:
        (project / LOCK).write_text(damage)
    with pytest.raises(ConfigError, match=r"^code\.lock: verify\.l2s tells of other code than runs here; .* l2s code"):
        check_code("verify", "slow", config)


def test_each_stage_has_its_own_entry(project: Path) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["recipes"]["old"] = params["recipes"]["average"] | {"merge_method": "average_merging"}
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    config = Config.read()
    (project / LOCK).write_text(json.dumps({"merge": {"average_merging": own()["merge.linear"]}}))
    assert "l2s/merging/methods/linear.py" in check_code("merge", "old", config).sources
    with pytest.raises(ConfigError, match=r"code\.lock: merge\.ties tells"):
        check_code("merge", "ties-d20", config)


def test_the_file_that_changed_is_named(project: Path, monkeypatch: pytest.MonkeyPatch, copy: Path) -> None:
    from l2s.lineage.record import RECORDS, Record

    sources = Behind([]).code("verify", "l2s").sources
    before = fingerprint(sources)
    record = {"made_by": "verify@slow", "parameters": {}, "seeds": {}, "inputs": (), "outputs": (), "versions": {}}
    Record(**record, code=sources).write(RECORDS / "verify/slow.json")  # type: ignore[arg-type]
    monkeypatch.setattr(code.Behind.__init__, "__defaults__", ((), "l2s", copy))
    text = (copy / "l2s/records/lines.py").read_text()
    try:
        (copy / "l2s/records/lines.py").write_text(more(text))
        assert changed_code("verify.l2s", "verify@slow", before) == [("l2s/records/lines.py", "modified")]
        ((file, how),) = changed_code("verify.l2s", "verify@quick", before)
        assert file == "code.lock: verify.l2s" and "not known here" in how, "of that stage there is no record"
        assert changed_code("merge.none", "merge@x", before) == [("code.lock: merge.none", "no longer there")]
    finally:
        (copy / "l2s/records/lines.py").write_text(text)


def test_graders_that_params_yaml_does_not_name_are_behind_verdicts_alone() -> None:
    for named, other in (("l2s", "qwen"), ("qwen", "math_verify"), ("math-verify", "qwen")):
        found = Behind([], grader=named)
        for key in (*SAMPLED, *TRAINED, *SEARCHED - {"found"}):
            sources = found.code(*key.split(".")).sources
            assert f"l2s/verification/graders/{other}.py" not in sources
            grader = "l2s" if key in TRAINED else named.replace("-", "_")
            assert f"l2s/verification/graders/{grader}.py" in sources


def test_it_loads_no_library_of_models() -> None:
    """Each command refreshes it: seconds of every run."""
    made = "from tasks.running.code import is_current; assert is_current(); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", made], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "trl", "vllm"} & set(done.stdout.split())


@pytest.mark.parametrize(
    "recipe",
    [
        {"merge_method": "ties", "models": []},
        {"any_of": [{"merge_method": "linear"}, {"merge_method": "ties_merging"}]},
        {"merge_method": {"name": "how", "choices": ["linear", "ties"]}},
        {"merge_method": "aim", "parameters": {"of": "ties"}},
    ],
)
def test_a_search_has_the_methods_behind_it_that_its_recipe_names(recipe: dict[str, Any]) -> None:
    found = Behind([], [recipe])
    for key in SEARCHED:
        kind, _, member = key.partition(".")
        sources = found.code(kind, member or None).sources
        assert "l2s/merging/methods/ties.py" in sources and "l2s/merging/methods/karcher.py" not in sources
