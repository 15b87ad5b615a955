"""Estimates against published parameter counts, sums written out one token at a time, and data sheets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app_for
from flows.cli.commands.planned import plan
from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.planning.lengths import expected_lengths, questions_of
from l2s.planning.machine import DEVICES, STEP, UTILISATION, Past, device_seconds, read_costs
from l2s.planning.shapes import PUBLISHED, Shape, folder_shape, published_shape
from l2s.planning.work import INTENSITY, Lengths, Work, generation_work
from l2s.presets import preset_path

ROOT = Path(__file__).resolve().parents[2]
TINY = Shape(8, 16, 3, 4, 2, 10, 2, tied=True)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("qwen2.5-1.5b", 1_543_714_304),
        ("deepseek-r1-distill-qwen-1.5b", 1_777_088_000),
        ("qwen2.5-math-7b", 7_615_616_512),
        ("qwen2.5-14b", 14_770_033_664),
        ("deepseek-r1-distill-qwen-32b", 32_763_876_352),
        ("qwen3-8b", 8_190_735_360),
    ],
)
def test_parameter_counts_are_the_published_ones(name: str, parameters: int) -> None:
    assert PUBLISHED[name].parameters == parameters


def test_models_are_found_by_path_hub_name_and_revision() -> None:
    assert published_shape("/models/Qwen2.5-Math-7B") is PUBLISHED["qwen2.5-7b"]
    assert published_shape("deepseek-ai/DeepSeek-R1-Distill-Qwen-14B@abc123") is PUBLISHED["qwen2.5-14b"]
    assert published_shape("Qwen/Qwen2.5-32B-Instruct") is PUBLISHED["qwen2.5-32b"]
    assert published_shape("/cache/models/Qwen3-8B/snapshots/12ab") is PUBLISHED["qwen3-8b"]
    assert published_shape("/models/mine") is None


def test_the_embedded_models_are_counted_to_the_last_entry() -> None:
    from safetensors import safe_open

    from l2s.planning.shapes import EMBEDDED

    folder = ROOT / "data" / "models" / "slow"
    shape = folder_shape(folder)
    with safe_open(folder / "model.safetensors", "pt") as file:
        stored = sorted(tuple(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    assert shape == EMBEDDED and sorted(shape.tensors()) == stored


@pytest.mark.parametrize(("prompt", "lengths", "samples"), [(5, [1, 7, 20], 1), (0, [3], 4), (11, [2, 2], 3)])
def test_work_is_kinetics_formula_response_by_response(prompt: int, lengths: list[int], samples: int) -> None:
    compute = traffic = 0.0
    for length in lengths:
        width, kv = 4 * 2 * 3, 2 * 2 * 3
        compute += samples * (2 * TINY.parameters * length + 2 * (2 * prompt + length) * length * width)
        traffic += 2 * (2 * prompt + samples * length) * length * kv
    mean, square = sum(lengths) / len(lengths), sum(length**2 for length in lengths) / len(lengths)
    work = generation_work(TINY, prompt, Lengths(mean, square), samples, len(lengths))
    assert work.tokens == pytest.approx(samples * sum(lengths))
    assert work.compute == pytest.approx(compute) and work.traffic == pytest.approx(traffic)
    assert work.eflops == pytest.approx(compute + 562.5 * traffic) and INTENSITY == 562.5


def test_long_answers_cost_more_than_their_mean_says() -> None:
    even = generation_work(TINY, 0, Lengths(100, 100**2), 1, 1)
    uneven = generation_work(TINY, 0, Lengths.assumed(100, 10_000), 1, 1)
    assert uneven.traffic == pytest.approx(2 * even.traffic) and uneven.tokens == even.tokens
    assert Lengths.assumed(500, 400) == Lengths(400, 400**2)


def test_device_time_is_arithmetic_and_traffic_over_the_data_sheet() -> None:
    h100, work = DEVICES["h100"], Work(1e6, 5e18, 2e14)
    expected = (5e18 / 989e12 + (2 * 2e14 + 15e9 * 1e6 / 64) / 3.35e12) / UTILISATION
    assert device_seconds(h100, 1, work, 15e9, 64) == pytest.approx(expected)
    assert device_seconds(h100, 4, work, 15e9, 64) == pytest.approx(expected / 4)
    assert device_seconds(h100, 1, Work(1e6, 1.0, 1.0), 1e6, 100) == pytest.approx(STEP * 1e4)


def test_past_rates_leave_out_what_came_from_the_store(tmp_path: Path) -> None:
    rows = [
        {"stage": "generate@a", "seconds": 10.0, "peak_bytes": 5, "stored": 0, "flops": 1e12},
        {"stage": "generate@a", "seconds": 0.1, "peak_bytes": 9, "stored": 60, "flops": 1e12},
        {"stage": "verify@a", "seconds": 3.0, "peak_bytes": 7},
        {"stage": "verify@b", "seconds": 5.0, "peak_bytes": 8},
    ]
    file = tmp_path / "costs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"stage": "cut of')
    past = Past(read_costs(file))
    assert past.flops_a_second() == 1e11 and past.seconds("generate@a") == 10.0
    assert past.seconds("verify@a") == 3.0 and past.seconds("verify@c") == 4.0 and past.seconds("merge@x") is None
    assert past.peak("verify@c") == 8 and Past([]).flops_a_second() is None
    assert read_costs(tmp_path / "none") == []


def large(tmp_path: Path) -> Path:
    """Params of a study with 7B models that are not here."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["models"] = {
        "base": {"source": "path", "path": "/nowhere/Qwen2.5-Math-7B"},
        "slow": {"source": "path", "path": "/nowhere/DeepSeek-R1-Distill-Qwen-7B"},
    }
    recipe = {"merge_method": "task_arithmetic", "base_model": "base", "models": [{"model": "slow"}]}
    params["recipes"], params["calibration"] = {"ta": recipe | {"parameters": {"weight": 0.7}}}, {}
    params["searches"] = params["samples"] = params["training"] = {}
    params["benchmarks"] = {"MATH-500": {"source": "file", "path": "/nowhere/math.jsonl"}}
    params["runs"] = {
        "base": {"model": "models/base", "control": "none"},
        "slow": {"model": "models/slow", "control": "none"},
        "ta": {"model": "merged/ta", "control": "none"},
    }
    params["decoding"]["sampling"]["max_tokens"] = 10_240
    params["analysis"] |= {"quick": "base", "validation": "MATH-500"}
    path = tmp_path / "large.yaml"
    path.write_text(yaml.safe_dump(params))
    return path


def test_questions_and_lengths_come_from_files_then_from_what_is_published(tmp_path: Path) -> None:
    config = Config.read(large(tmp_path))
    said: list[str] = []
    assert questions_of("MATH-500", config.benchmarks["MATH-500"], tmp_path) == 500
    assert expected_lengths(config, "slow", tmp_path, said.append, None)["MATH-500"].mean == 2825.9
    assert expected_lengths(config, "base", tmp_path, said.append, None)["MATH-500"].mean == 526.2
    (tmp_path / "responses").mkdir()
    (tmp_path / "benchmarks").mkdir()
    rows = [{"benchmark": "MATH-500", "tokens": count} for count in (10, 30)]
    (tmp_path / "responses" / "slow.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "benchmarks" / "MATH-500.jsonl").write_text("{}\n{}\n")
    assert questions_of("MATH-500", config.benchmarks["MATH-500"], tmp_path) == 2
    assert expected_lengths(config, "slow", tmp_path, said.append, None)["MATH-500"] == Lengths(20, 500)


def test_no_response_is_longer_than_the_models_context() -> None:
    said: list[str] = []
    found = expected_lengths(Config.read(preset_path("tiny")), "slow", None, said.append, 100)
    assert {one.mean for one in found.values()} == {100.0}
    assert said[0] == "lengths: up to the model's context (100) where nothing is known, which is the most they can be"


def test_a_run_with_sampling_of_its_own_is_planned_with_it() -> None:
    from flows.cli.estimated import estimate
    from l2s.planning.estimates import Estimator

    found = yaml.safe_load((ROOT / "params.yaml").read_text())
    found["runs"]["warm"] = found["runs"]["slow"] | {"sampling": {"samples": 4, "max_tokens": 210}}
    config = Config.model_validate(found)
    plain, warm = (
        estimate(config, f"generate@{run}", Estimator(Past([]), None, 1), None).work.tokens for run in ("slow", "warm")
    )
    assert config.decoding.sampling.max_tokens == 420 and warm == 2 * plain, "four times as many, half as long"


def test_the_command_plans_models_that_are_not_here(tmp_path: Path) -> None:
    arguments = ["plan", "--params", str(large(tmp_path)), "--gpu", "h100", "--json"]
    done = CliRunner().invoke(app_for(), arguments, catch_exceptions=False)
    planned = json.loads(done.output)
    stages = {row["stage"]: row for row in planned["stages"]}
    assert set(stages) >= {"family", "problems@MATH-500", "merge@ta", "generate@slow", "analyse", "report"}
    assert stages["merge@ta"]["disk_bytes"] == 2 * 7_615_616_512
    assert stages["generate@slow"]["tokens"] == round(500 * 2825.9) == stages["generate@ta"]["tokens"]
    assert stages["generate@base"]["tokens"] == round(500 * 526.2)
    assert stages["generate@slow"]["memory_bytes"] > 2 * 7_615_616_512
    assert planned["total"]["eflops"] == pytest.approx(sum(row["eflops"] for row in planned["stages"]))
    assert planned["total"]["memory_bytes"] == max(row["memory_bytes"] for row in planned["stages"])
    assert any("2503.20641" in sentence for sentence in planned["assumptions"])


def test_wrong_names_are_one_sentence(tmp_path: Path) -> None:
    params = yaml.safe_load(large(tmp_path).read_text())
    params["models"]["slow"]["path"] = "/nowhere/my-own-model"
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text(yaml.safe_dump(params))
    with pytest.raises(ConfigError, match="'h10' is not known; did you mean"):
        plan(gpu="h10")
    with pytest.raises(ConfigError, match="preset: 'qwen' is not known"):
        plan(preset="qwen")
    with pytest.raises(ConfigError, match=r"models\.slow: its shape is not known"):
        plan(params=unknown)
    with pytest.raises(ConfigError, match="not both"):
        plan(params=unknown, preset="x")


def test_the_command_line_starts_without_what_only_commands_need() -> None:
    heavy = "torch", "polars", "prefect", "dvc"
    program = (
        f"import flows.cli.app, sys; flows.cli.app.app_for(); print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr


def test_a_run_with_nothing_to_do_loads_no_tables_and_no_statistics() -> None:
    heavy = "torch", "pandas", "polars", "pandera", "scipy", "prefect"
    program = (
        "import flows.cli.app, flows.cli.ready, flows.pipeline.run, sys\n"
        "import l2s.analysis.output.reading, l2s.analysis.output.terminal\n"
        "from l2s.config import Config\n"
        "from pathlib import Path; assert Config.read(Path('params.yaml').absolute()).searches\n"
        f"flows.cli.app.app_for(['run']); print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr
