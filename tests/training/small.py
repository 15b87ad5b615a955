"""A small model with the family's tokenizer, its graded samples, and trainings of each method on them."""

import json
from pathlib import Path
from typing import Any

from l2s.benchmarks import BenchmarkParams, TrainingProblems, write_problems
from l2s.family.model import fresh_model
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.generate import read_problems
from l2s.generation.settings import DecodingParams
from l2s.training.data import read_samples
from l2s.training.job import Job
from l2s.training.run import OnStep, train
from l2s.training.settings import TrainingParams
from l2s.training.union import parse_training
from l2s.training.words import Words

FAST = {"checkpoint_every": 2, "model": "models/small"}
FILES = ("own", "quick", "problems", "test", "validation")
DEVELOP = {"split": "validation", "per_level": 1}
BLOCKS: dict[str, dict[str, Any]] = {
    "sft": {"data": {"kind": "shortest", "samples": "own"}, "epochs": 3, "batch_size": 4, "micro_batch": 2},
    "reweight": {
        "data": {"kind": "reweight", "short": "quick", "long": "own", "every": 2, "develop": DEVELOP},
        "epochs": 2,
        "batch_size": 4,
        "micro_batch": 2,
    },
    "validated": {
        "data": {"kind": "shortest", "samples": "own"},
        "epochs": 3,
        "batch_size": 4,
        "validation": {"problems": DEVELOP, "every": 2, "max_tokens": 8, "margin": 0.9},
    },
    "lora": {
        "data": {"kind": "shortest", "samples": "own"},
        "epochs": 3,
        "batch_size": 4,
        "lora": {"r": 2, "alpha": 4},
    },
    "dpo": {"data": {"kind": "own", "samples": "own"}, "epochs": 3, "batch_size": 4, "micro_batch": 4},
    "o1_pruner": {"data": {"samples": "own"}, "epochs": 2, "batch_size": 8, "micro_batch": 4},
    "grpo": {"reward": {"kind": "tldr", "length_scale": 12}, "steps": 6, "prompts": 2, "samples": 4, "max_tokens": 12},
    "expert_iteration": {"rounds": 2, "prompts": 4, "samples": 4, "max_tokens": 12, "batch_size": 2, "epochs": 2},
}
"""Settings of each method with which it takes six steps or a few more."""


def taught(random: Path, inputs: dict[str, Path], out: Path) -> Path:
    """A model that often gives the answer to all the problems, so that methods which sample find right responses."""
    run("sft", random, inputs, out, epochs=30, learning_rate=2e-2, batch_size=10, micro_batch=10, floor=0.1)
    return out


def write_model(folder: Path) -> Path:
    """A model of one layer with random weights, in bfloat16."""
    import torch

    settings = FamilySettings(hidden_size=32, intermediate_size=32, layers=1, heads=1, key_value_heads=1)
    torch.manual_seed(0)
    fresh_model(settings).to(torch.bfloat16).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder


def write_inputs(folder: Path) -> dict[str, Path]:
    """Problems that all have one answer, and four graded samples of each: what was answered is made up."""
    folder.mkdir(parents=True, exist_ok=True)
    write_problems("train", TrainingProblems(per_level=2), folder / "problems.jsonl")
    write_problems("test", BenchmarkParams(source="arithmetic", per_level=2), folder / "test.jsonl")
    write_problems("check", TrainingProblems(split="validation", per_level=1), folder / "validation.jsonl")
    problems = [json.loads(line) | {"gold": "7"} for line in (folder / "problems.jsonl").read_text().splitlines()]
    (folder / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in problems))
    rows = []
    for problem in problems:
        for sample in range(4):
            text = " Wait" * sample + f" The answer is \\boxed{{{problem['gold']}}}."
            rows.append({
                **problem, "sample": sample, "prompt": "", "response": text, "finish": "stop",
                "tokens": 9 + 2 * sample, "correct": sample != 2,
            })  # fmt: skip
    quick = [row | {"tokens": 5, "response": " The answer is.", "correct": row["sample"] == 0} for row in rows]
    for name, found in (("own", rows), ("quick", quick)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    return {name: folder / f"{name}.jsonl" for name in FILES}


def named(block: str) -> str:
    """The method of a block."""
    return "sft" if block in ("reweight", "validated", "lora") else block


def run(
    method: str,
    start: Path,
    inputs: dict[str, Path],
    out: Path,
    on_step: OnStep | None = None,
    code: str = "",
    **more: Any,
) -> dict[str, Any]:
    """The training, with all that it could need."""
    settings = parse_training({"method": named(method), **FAST, **BLOCKS[method], **more}, "training.small")
    return train(
        settings, start=start, samples={name: inputs[name] for name in ("own", "quick")}, problems=inputs["problems"],
        validation=inputs["validation"], benchmarks=[inputs["test"]], out=out, work=out.with_name(f"{out.name}.work"),
        record_costs=False, on_step=on_step, code=code,
    )  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def job_of(settings: TrainingParams, start: Path, inputs: dict[str, Path], work: Path) -> Job:
    """What a method is given."""
    words = Words(start, DecodingParams().prompt, settings.level_template)
    samples = {"own": read_samples(inputs["own"])}
    problems = read_problems(inputs["problems"])
    return Job(settings, start, words, samples, problems, [], DecodingParams(), work)
