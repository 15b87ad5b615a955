"""A folder of sound files for every command, and the bad inputs made of them, by group."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from l2s.presets import read_preset
from tests.bad_inputs import LINES, TEXTS, Case, as_json, damaged, dumped, every_flag, every_text, every_value
from tests.tiny import write_family

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]

PROBLEMS: list[Row] = [{"benchmark": "b", "id": str(n), "problem": f"{n}+1?", "gold": str(n + 1)} for n in range(2)]
RESPONSES: list[Row] = [
    {
        "run": "slow", "model": "slow", "benchmark": "b", "id": str(n), "sample": 0, "gold": str(n + 1),
        "prompt": f"{n}+1?", "problem": f"{n}+1?", "response": f"so \\boxed{{{n + 1}}}", "tokens": 5,
        "response_tokens": 5, "think_tokens": 0, "finish": "stop", "closed": True, "seed": 0, "engine": "e",
    }
    for n in range(2)
]  # fmt: skip
VERDICTS: list[Row] = [
    {**row, "run": run, "model": run, "answer": "1", "status": "correct", "correct": True, "grader": "l2s"}
    for run in ("slow", "quick")
    for row in RESPONSES
]
PAIRS: list[Row] = [{"gold": "1", "answer": "1"}]
SHORT_AND_LONG: list[Row] = [{"prompt": "3 +", "short": "4", "long": "5"}]

TIES: Row = {
    "merge_method": "ties", "base_model": "models/base", "dtype": "float32", "tokenizer_source": "base",
    "models": [
        {"model": "models/quick", "parameters": {"weight": 1.0, "density": 0.5}},
        {"model": "models/slow", "parameters": {
            "weight": [0.1, 0.5], "density": [{"filter": "mlp", "value": 0.5}, {"value": 0.3}]}},
    ],
    "parameters": {"lambda": 1.0, "normalize": True}, "chat_template": "auto",
}  # fmt: skip
SLERP: Row = {
    "merge_method": "slerp", "base_model": "models/base", "dtype": "bfloat16", "random_seed": 1,
    "slices": [{"sources": [{"model": f"models/{name}", "layer_range": [0, 2]} for name in ("base", "slow")]}],
    "parameters": {"t": 0.5}, "tokenizer": {"source": "union"},
}  # fmt: skip
AIM: Row = {
    "merge_method": "aim", "base_model": "models/base",
    "models": [{"model": "models/slow", "parameters": {"density": 0.5}}],
    "parameters": {"of": "ties", "omega": 0.4, "statistics": "stats.safetensors"},
}  # fmt: skip
BUDGET: Row = {
    "kind": "budget", "max_think": 3, "max_answer": 2, "answer_prefix": "x", "close_prefix": "y", "whole_text": True,
}  # fmt: skip
EARLY: Row = {
    "kind": "early_exit", "transitions": ["Wait"], "probe": "p", "probe_tokens": 2, "mean": "min", "threshold": 0.5,
}  # fmt: skip
PROMPT: Row = {"style": "chat", "system": "s", "template": "{problem}", "stop": ["x"], "prefill": "y"}
ABOUT: Row = {"slow": {"method": "x", "control": {"value": 1}}}

TRAININGS: dict[str, Row] = {
    "levels": {"method": "sft", "data": {"kind": "labelled", "samples": "slow", "medium": "half"},
               "lora": {"r": 2, "alpha": 4.0}, "level_template": "{problem} Be {level}."},
    "mixed": {"method": "sft", "epochs": 2, "batch_size": 4, "warmup": 0.1, "floor": 0.5, "data": {
        "kind": "reweight", "short": "quick", "long": "slow", "eta": 4.0,
        "develop": {"per_level": 2, "level_weights": [1, 1, 1, 1, 2]}}},
    "pairs": {"method": "dpo", "model": "trained/levels", "beta": 0.1, "sft": 0.5, "data": {
        "kind": "quick-slow", "chosen": "quick", "rejected": "slow", "filter": "right"}},
    "pruner": {"method": "o1_pruner", "alpha": 2.0, "data": {"samples": "slow", "used": 2}},
    "rl": {"method": "grpo", "reference": "slow", "steps": 2, "samples": 4, "problems": {"per_level": 3, "seed": 1},
           "reward": {"kind": "tldr_target", "levels": {"short": 0.4, "long": 1.1}, "lambda": 0.5}, "kl": 0.1,
           "validation": {"problems": {"split": "validation", "per_level": 2}, "every": 2, "margin": 0.1}},
    "capped": {"method": "grpo", "reward": {"kind": "thinkprune", "caps": [300, 100], "stage_steps": 2}},
    "rounds": {"method": "expert_iteration", "rounds": 1, "prompts": 3},
}  # fmt: skip
"""Trainings that use every kind of block."""

GENERATE = ("generate", "real", "problems.jsonl", "out.jsonl", "--max-tokens", "3")
VERIFY = ("verify", "responses.jsonl", "out.jsonl")
GRADE = ("grade", "pairs.jsonl", "out.jsonl")
ANALYSE = ("analyse", "verdicts.jsonl", "--out", "outdir", "--baseline", "slow")
CALIBRATE = ("calibrate", "models/slow", "texts.jsonl", "out.safetensors")
MAKE_TEXTS = ("texts", "responses.jsonl", "verdicts.jsonl", "out.jsonl")
TRAIN = ("train", "training.yaml", "out", "--engine", "transformers")
TRAINING: Row = {
    "method": "sft", "model": "real", "data": {"kind": "shortest", "samples": "samples.jsonl"}, "epochs": 1,
    "learning_rate": 1e-4, "batch_size": 2, "micro_batch": 2, "seed": 1,
}  # fmt: skip
MERGE, CHECK = ("merge", "ties.yaml", "out"), ("check", "ties.yaml")


def params() -> Row:
    """A params.yaml that uses every block."""
    own: Row = yaml.safe_load((ROOT / "params.yaml").read_text())
    found: Row = yaml.safe_load(read_preset("tiny"))
    found["calibration"] = {"activations": own["calibration"]["activations"]}
    found["recipes"]["aim-ties"] = own["recipes"]["aim-ties"]
    found["controls"] |= {name: own["controls"][name] for name in ("early-exit", "eot-3", "budget-64", "no-think")}
    found["decoding"]["prompt"] = dict(PROMPT)
    found["samples"] = {
        "slow": {**own["samples"]["slow"], "top_p": 0.9, "top_k": 5},
        "quick": {"model": "models/quick"},
    }
    found["training"] = {
        name: {"model": "models/slow", **block} if "model" not in block else dict(block)
        for name, block in TRAININGS.items()
    }
    found["runs"]["levels"] = {"model": "trained/levels", "control": "none", "level": "short"}
    sampling = {"temperature": 0.6, "top_p": 0.9, "top_k": 5, "max_tokens": 9, "context": 99, "samples": 2, "seed": 1}
    found["runs"]["sampled"] = {"model": "models/slow", "control": "none", "sampling": sampling}
    found["nightly"] = {"runs": ["slow"], "on_regression": {"command": ["x"], "webhook": "http://x", "timeout": 1.0}}
    found["resources"] = {"cpu": 1, "gpu": 1, "memory": 4, "needs": {"merge": {"cpu": 1}}}
    found["analysis"] |= {"baselines": {"average": "slow"}, "test": ["arithmetic-test"], "aes": {"alpha": 1.0}}
    found["benchmarks"]["mine"] = {"source": "file", "path": "problems.jsonl", "levels": [1], "sample": 3, "limit": 2}
    return found


def rows(found: Any) -> bytes:
    """As JSONL."""
    return b"".join(as_json(row) for row in found) if isinstance(found, list) else as_json(found)


def make_project(folder: Path) -> None:
    """Write the sound files."""
    write_family(folder / "models")
    (folder / "folder").mkdir()
    shutil.copytree(ROOT / "data" / "models" / "quick", folder / "real")
    files = {
        "params.yaml": dumped(params()), "ties.yaml": dumped(TIES), "slerp.yaml": dumped(SLERP),
        "aim.yaml": dumped(AIM),
        "budget.yaml": dumped(BUDGET), "early.yaml": dumped(EARLY), "prompt.yaml": dumped(PROMPT),
        "about.yaml": dumped(ABOUT), "problems.jsonl": rows(PROBLEMS), "responses.jsonl": rows(RESPONSES),
        "verdicts.jsonl": rows(VERDICTS), "pairs.jsonl": rows(PAIRS), "texts.jsonl": rows(SHORT_AND_LONG),
        "training.yaml": dumped(TRAINING), "samples.jsonl": rows(VERDICTS[:2]),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)


def of_params() -> Iterator[Case]:
    """params.yaml."""
    command = ("plan", "--params", "params.yaml")
    yield from every_value(params(), "params.yaml", command)
    yield from every_text("params.yaml", command, TEXTS)


def of_recipes() -> Iterator[Case]:
    """Recipes."""
    for file, recipe in (("ties.yaml", TIES), ("slerp.yaml", SLERP), ("aim.yaml", AIM)):
        yield from every_value(recipe, file, ("merge", file, "out"))
    yield from every_text("ties.yaml", CHECK, TEXTS)
    yield from every_text("ties.yaml", MERGE, TEXTS)


def of_models(folder: Path) -> Iterator[Case]:
    """Files of a model that is merged."""
    model = folder / "models" / "slow"
    for command in (CHECK, MERGE):
        for name in ("config.json", "tokenizer.json"):
            yield from every_value(json.loads((model / name).read_text()), f"models/slow/{name}", command, as_json)
            yield from every_text(f"models/slow/{name}", command, LINES)
        weights = (model / "model.safetensors").read_bytes()
        yield from damaged("models/slow/model.safetensors", weights, command)


def of_generation(folder: Path) -> Iterator[Case]:
    """Files of a model that answers, problems, controls and prompts: each loads the model."""
    config = json.loads((folder / "real" / "config.json").read_text())
    yield from every_value(config, "real/config.json", GENERATE, as_json)
    yield from damaged("real/model.safetensors", (folder / "real" / "model.safetensors").read_bytes(), GENERATE)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        yield from every_text(f"real/{name}", GENERATE, LINES)
    yield from every_value(PROBLEMS[:1], "problems.jsonl", GENERATE, rows)
    yield from every_text("problems.jsonl", GENERATE, LINES)
    for file, block, option in (
        ("budget.yaml", BUDGET, "--control"), ("early.yaml", EARLY, "--control"), ("prompt.yaml", PROMPT, "--prompt"),
    ):  # fmt: skip
        yield from every_value(block, file, (*GENERATE, option, file))
        yield from every_text(file, (*GENERATE, option, file), TEXTS)


def of_calibration() -> Iterator[Case]:
    """Calibration texts."""
    yield from every_text("texts.jsonl", CALIBRATE, LINES)
    yield from every_value(SHORT_AND_LONG, "texts.jsonl", CALIBRATE, rows)


def of_training() -> Iterator[Case]:
    """A training of one's own, and its samples."""
    yield from every_value(TRAINING, "training.yaml", TRAIN)
    yield from every_text("training.yaml", TRAIN, TEXTS)
    yield from every_value(VERDICTS[:1], "samples.jsonl", TRAIN, rows)
    yield from every_text("samples.jsonl", TRAIN, LINES)
    yield from every_flag(TRAIN, ("--benchmark", "--prompt", "--device"))


def of_rows() -> Iterator[Case]:
    """Responses, verdicts and pairs, and what is said about them."""
    for file, found, command in (
        ("responses.jsonl", RESPONSES, VERIFY), ("verdicts.jsonl", VERDICTS, ANALYSE), ("pairs.jsonl", PAIRS, GRADE),
        ("responses.jsonl", RESPONSES, MAKE_TEXTS), ("verdicts.jsonl", VERDICTS, (*MAKE_TEXTS, "--right")),
    ):  # fmt: skip
        yield from every_text(file, command, LINES)
        yield from every_value(found[:1], file, command, rows)
    yield from every_value(ABOUT, "about.yaml", (*ANALYSE, "--about", "about.yaml"))
    yield from every_text("about.yaml", (*ANALYSE, "--about", "about.yaml"), TEXTS)


def of_flags() -> Iterator[Case]:
    """The command line, of commands that end soon."""
    yield from every_flag(CHECK, ())
    yield from every_flag(MERGE, ("--seed", "--threads", "--max-memory", "--device"))
    yield from every_flag(VERIFY, ("--grader", "--format", "--out-format", "--jobs"))
    yield from every_flag(GRADE, ("--grader",))
    yield from every_flag(ANALYSE, ("--baseline", "--about", "--margin", "--format", "--show", "--out"))
    yield from every_flag(MAKE_TEXTS, ("--samples", "--seed"))
    yield from every_flag(("preset", "tiny", "--out", "p.yaml"), ("--out",))
    yield from every_flag(("plan", "--preset", "tiny"), ("--preset", "--gpu", "--gpus", "--params"))
    yield from every_flag(("lineage", "ties.yaml"), ())


def of_slow_flags() -> Iterator[Case]:
    """The command line, of commands that load a model."""
    options = ("--engine", "--control", "--prompt", "--samples", "--temperature", "--top-p", "--top-k", "--max-tokens")
    yield from every_flag(GENERATE, (*options, "--device", "--seed"))
    yield from every_flag(CALIBRATE, ("--kind", "--answer", "--samples", "--max-tokens", "--distance-to", "--device"))
