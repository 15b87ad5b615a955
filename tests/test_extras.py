"""What an extra brings, and what is said where it is missing."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import l2s
from l2s.core.extras import EXTRAS, MissingExtra

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def distributions(extra: str) -> set[str]:
    """What an extra asks for by itself, as names that compare."""
    asked = PROJECT["optional-dependencies"][extra]
    return {re.split(r"[\[<>=~! ]", one)[0].lower().replace("_", "-") for one in asked}


def test_each_package_is_in_its_extra() -> None:
    known = packages_distributions()
    for package, extra in EXTRAS.items():
        names = {name.lower().replace("_", "-") for name in known.get(package, [])} | {package.replace("_", "-")}
        others = {"tokenizers": "transformers"}  # comes with it
        assert distributions(extra) & (names | {others.get(package, package)}), (package, extra)


def test_all_is_all() -> None:
    extras = PROJECT["optional-dependencies"]
    reached = {"all"}
    for _ in extras:
        inner = [re.search(r"l2s\[(.*)\]", one) for extra in reached for one in extras[extra]]
        reached |= {name for found in inner if found for name in found[1].split(",")}
    assert set(extras) - reached == {"vllm", "dev"}


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("dvc", "run --dry", "pipeline"),
        ("torch", "calibrate data/models/slow texts.jsonl OUT/a.safetensors", "generate"),
        ("transformers", "generate data/models/slow OUT/problems.jsonl OUT/a.jsonl", "generate"),
        ("torch", "merge OUT/recipe.yaml OUT/merged", "torch"),
    ],
)
def test_a_command_without_its_extra_is_one_sentence(tmp_path: Path, missing: str, command: str, extra: str) -> None:
    models = ROOT / "data" / "models"
    (tmp_path / "recipe.yaml").write_text(
        f"merge_method: breadcrumbs\nbase_model: {models}/base\nmodels: [{{model: {models}/slow}}]\n"
    )
    (tmp_path / "problems.jsonl").write_text('{"id": "1", "problem": "1 + 1", "gold": "2"}\n')
    words = ["l2s", *command.replace("OUT", str(tmp_path)).split()]
    program = f"import sys; sys.modules[{missing!r}] = None; sys.argv = {words}; from flows.program import main; main()"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.strip() == f"error: l2s {words[1]} needs the extra '{extra}': pip install 'l2s[{extra}]'"
    assert {path.name for path in tmp_path.iterdir()} == {"recipe.yaml", "problems.jsonl"}


def test_the_api_says_it_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "l2s.calibration.calibrate", None)
    with pytest.raises(ModuleNotFoundError) as ours:  # of no extra: ours to mend
        l2s.calibrate("model", "texts.jsonl", tmp_path / "out.safetensors")
    assert not isinstance(ours.value, MissingExtra)
    monkeypatch.delitem(sys.modules, "l2s.calibration.calibrate")
    for package in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        l2s.L2SError, match=r"^l2s calibrate needs the extra 'generate': pip install 'l2s\[generate\]'$"
    ):
        l2s.calibrate("model", "texts.jsonl", tmp_path / "out.safetensors")
