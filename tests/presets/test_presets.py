"""Every preset is complete, is read without a complaint, and says what the papers print."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.pipeline.repository.graph import Graph
from l2s.config import Config
from l2s.generation.prompts.text import prompt_text
from l2s.merging.recipe import MergeRecipe
from l2s.presets import preset_names, read_preset
from l2s.requirements import broken_recipes
from tests.conftest import L2s

ROOT = Path(__file__).resolve().parents[2]
STUDY = ["gsm8k", "math500", "minerva_math", "olympiadbench", "college_math", "aime24"]
NAMED = {*STUDY, "aime25", "amc23"}
"""Sources of benchmarks that the presets name."""
SIZES = ["1.5b", "7b", "14b", "32b"]


def params_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read_preset(name))
    return found


def config_of(name: str) -> Config:
    return Config.parse(params_of(name), f"{name}.yaml")


def test_the_presets_are_those_promised() -> None:
    sizes = ["qwen2.5-1.5b", "qwen2.5-14b", "qwen2.5-32b", "qwen2.5-7b", "qwen3-8b"]
    assert preset_names() == ["dpo", "o1-pruner", *sizes, "tiny", "tldr-7b"]


@pytest.mark.parametrize("name", preset_names())
def test_each_is_complete_and_checks_out(name: str, tmp_path: Path) -> None:
    params = params_of(name)
    assert set(params) == set(Config.model_fields), "every block is written out"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    config = Config.read(tmp_path / "params.yaml")
    assert broken_recipes(params) == []
    assert set(config.recipes) == {run.model.removeprefix("merged/") for run in config.runs.values()
                                   if run.model.startswith("merged/")}, "every recipe is measured"  # fmt: skip
    assert config.analysis.slow in config.runs and config.analysis.quick in config.runs
    assert config.analysis.validation in config.benchmarks
    assert set(config.analysis.test) <= set(config.benchmarks) - {config.analysis.validation}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=() if one in ("tiny", "tldr-7b") else pytest.mark.long) for one in preset_names()]
)
def test_dvc_reads_its_graph(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    shutil.copytree(ROOT / ".dvc", ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    Path("params.yaml").write_text(read_preset(name))
    graph, config = Graph(), config_of(name)
    expected = {f"merge@{recipe}" for recipe in config.recipes} | {f"verify@{run}" for run in config.runs}
    expected |= {f"generate@{run}" for run in config.runs} | {f"problems@{bench}" for bench in config.benchmarks}
    expected |= {f"calibrate@{name}" for name in config.calibration} | {"family", "analyse", "report"}
    assert expected <= set(graph.stages)
    assert set(graph.stale(graph.select([]))) == set(graph.stages), "in an empty project everything is to be done"


ALPHAS = {"1.5b": 0.7, "7b": 0.7, "14b": 0.7, "32b": 0.7}
TIES = {"1.5b": (0.8, 1.0), "7b": (0.8, 1.0), "14b": (0.2, 0.5), "32b": (0.25, 0.55)}
DROPS = {"1.5b": 0.3, "7b": 0.3, "14b": 0.4}
SENS = {"1.5b": (0.4, 3), "7b": (0.7, 2), "14b": (0.8, 6)}


def values(config: Config, recipe: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a weight is merged with: of the whole merge, and of the slow model."""
    parsed = MergeRecipe.parse(config.recipes[recipe], recipe)
    whole, models = parsed.params_for("model.layers.0.mlp.up_proj.weight", 0.0)
    assert parsed.model_names()[-1] == "slow"
    return whole.model_dump(by_alias=True), models[-1].model_dump(by_alias=True)


@pytest.mark.parametrize("size", SIZES)
def test_the_coefficients_are_the_studys_table(size: str) -> None:
    config = config_of(f"qwen2.5-{size}")
    assert values(config, "task-arithmetic")[1]["weight"] == ALPHAS[size]
    trimmed, alpha = TIES[size]
    whole, slow = values(config, "ties")
    assert (whole["lambda"], whole["scope"]) == (alpha, "tensor")
    assert slow["density"] == pytest.approx(1 - trimmed), "the study's k is the share trimmed"
    assert [model["parameters"]["weight"] for model in config.recipes["average"]["models"]] == [0.5, 0.5]
    if size in DROPS:
        whole, slow = values(config, "dare")
        assert slow["density"] == pytest.approx(1 - DROPS[size]) and whole["lambda"] == 0.5
        whole, slow = values(config, "aim-ties")
        assert (whole["omega"], whole["of"], whole["lambda"]) == (0.4, "ties", alpha)
        assert slow["density"] == pytest.approx(1 - trimmed)
        whole, _ = values(config, "sens")
        assert (whole["lambda"], whole["temperature"]) == SENS[size]
    assert ("lore" in config.recipes) == (size in ("1.5b", "7b")) and ("twin" in config.recipes) == (size == "7b")


@pytest.mark.parametrize("size", SIZES)
def test_models_benchmarks_prompt_and_limits_are_the_studys(size: str) -> None:
    config, general = config_of(f"qwen2.5-{size}"), size in ("14b", "32b")
    assert config.models["quick"].name == f"Qwen/Qwen2.5-{'' if general else 'Math-'}{size.upper()}"
    assert config.models["slow"].name == f"deepseek-ai/DeepSeek-R1-Distill-Qwen-{size.upper()}"
    assert config.analysis.test == STUDY
    sampling = config.decoding.sampling
    assert sampling.greedy and (sampling.max_tokens, sampling.samples) == (10240, 1)
    assert prompt_text(None, config.decoding.prompt, "1+1?").text == (  # type: ignore[arg-type]
        "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
        "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert config.grading.grader == "qwen"


def test_qwen3_8b_is_the_published_merge() -> None:
    config = config_of("qwen3-8b")
    assert config.models["quick"].name == "Qwen/Qwen3-8B"
    assert config.models["slow"].name == "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B"
    whole, slow = values(config, "ties")
    assert whole["lambda"] == 0.7 and slow["density"] == pytest.approx(0.3)
    found = config.decoding.sampling
    assert (found.temperature, found.top_p, found.top_k, found.max_tokens, found.samples) == (0.6, 0.95, 20, 32768, 16)
    assert config.analysis.test == ["aime24"]


def test_trainings_have_what_their_papers_print() -> None:
    dpo: Any = config_of("dpo").training["dpo"]
    assert (dpo.learning_rate, dpo.epochs, dpo.lora.r, dpo.data.kind) == (5e-5, 3, 16, "quick-slow")
    pruner: Any = config_of("o1-pruner").training["o1-pruner"]
    assert (pruner.alpha, pruner.clip_ratio, pruner.learning_rate, pruner.warmup, pruner.clip, pruner.epochs) == (
        2, 0.2, 2e-7, 0.1, 10, 1)  # fmt: skip
    assert pruner.data.used == 2 and config_of("o1-pruner").samples["slow"].samples == 16
    tldr = config_of("tldr-7b")
    assert {run.level for run in tldr.runs.values()} == {None, "short", "medium", "long"}
    assert "reconstructed" in read_preset("tldr-7b")


def test_tiny_trains_nothing_again() -> None:
    own = yaml.safe_load((ROOT / "params.yaml").read_text())
    tiny = params_of("tiny")
    assert (tiny["family"], tiny["models"]) == (own["family"], own["models"])


def test_what_a_paper_does_not_say_is_marked() -> None:
    for name in preset_names():
        if name != "tiny":
            assert "ours" in read_preset(name), name
            assert "arXiv:2503.20641" in read_preset(name)


def test_the_command_writes_it_and_says_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, l2s: L2s
) -> None:
    """What it replaces, see tests/flows/cli/test_outputs.py."""
    monkeypatch.chdir(tmp_path)
    for target, words in (("params.yaml", "l2s run --dry shows"), ("new/a.yaml", "l2s plan --params new/a.yaml")):
        code, said, _ = l2s("preset", "tiny", *(["--out", target] if "new" in target else []))
        assert code == 0 and words in said and ("run --dry" in said) == (target == "params.yaml")
        assert Path(target).read_text() == read_preset("tiny")
    code, _, err = l2s("preset", "qwen2.5-8b", "--out", "none.yaml")
    assert code == 2 and "'qwen2.5-8b' is not known; did you mean" in err and "tiny" in err
    assert not Path("none.yaml").exists()
