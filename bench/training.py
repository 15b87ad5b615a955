"""The benchmark of training: ``python -m bench.training MODELS OUT``.

Every method of docs/training.md on one embedded family: what ``bench/training.yaml`` says, in a project of its own, by
the product's stages one after another. MODELS holds base, quick and slow, e.g. ``data/models`` after ``make run``.
What is there already is not made again, so that a run that was stopped goes on. At the end stands a table: accuracy and
tokens on 1,000 test problems, the paired difference to slow with Tango's interval, the same of responses sampled to the
validation problems, and the processor's seconds that samples and training took. Set OMP_NUM_THREADS=1, so that seconds
are a core's; imports are among those of the first stage alone that needs them.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from l2s.checkpoints import Checkpoint
from l2s.config import Config
from l2s.core.progress import silent
from l2s.generation.generate import Run
from l2s.generation.levels import at_level
from l2s.records import read_rows
from l2s.sampling.sample import sample_responses
from l2s.sampling.settings import SampleParams
from tasks.running.code import refresh
from tasks.stages import run_stage

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = Path(__file__).with_name("training.yaml")
TEST, SAMPLED = "arithmetic-test", "arithmetic-validation"
"""Benchmarks that are answered greedily, and by samples."""
OUTPUTS = {
    "family": "data/models/{}", "problems": "data/benchmarks/{}.jsonl", "merge": "data/merged/{}",
    "sample": "data/samples/{}.jsonl", "gather": "data/gathered/{}", "train": "data/trained/{}",
    "generate": "data/responses/{}.jsonl", "verify": "data/verdicts/{}.jsonl",
}  # fmt: skip
"""What a stage leaves."""
Params = dict[str, Any]
console = Console(width=None if sys.stdout.isatty() else 120)


def main(
    models: Annotated[Path, typer.Argument(help="Folder with base, quick and slow.")],
    out: Annotated[Path, typer.Argument(help="Folder of the project; it is made, or gone on with.")],
    seed: Annotated[int, typer.Option(help="Of samples and trainings.")] = 0,
    only: Annotated[list[str] | None, typer.Option(help="Runs to take, besides slow. Repeatable.")] = None,
    sampled: Annotated[int, typer.Option(help="Responses sampled to each validation problem.")] = 4,
    settings: Annotated[Path, typer.Option(help="What is trained, as params.yaml has it.")] = SETTINGS,
) -> None:
    """Train, measure, print the table."""
    params = wanted(yaml.safe_load(settings.read_text(encoding="utf-8")), seed, only)
    prepare(out, models.resolve(), params)
    with chdir(out):
        refresh()
        for stage in stages(params):
            kind, _, name = stage.partition("@")
            if not Path(OUTPUTS.get(kind, "-").format(name or "slow")).exists():
                run_stage(kind, name or None, silent, lambda said, stage=stage: console.print(f"{stage}: {said}"))
        found = {name: sampled_of(name, sampled) if sampled else {} for name in params["runs"]}
    show(out, params, found)


def wanted(params: Params, seed: int, only: list[str] | None) -> Params:
    """The settings with their seeds, and of the runs those that are asked for with what they need."""
    runs = {name: run for name, run in params["runs"].items() if only is None or name in [*only, "slow"]}
    trainings = dict[str, Any]()
    for run in runs.values():
        kind, _, name = run["model"].partition("/")
        while kind == "trained":
            trainings[name] = params["training"][name]
            kind, _, name = params["training"][name]["model"].partition("/")
    samples = {name: block for name, block in params["samples"].items() if f'"{name}"' in json.dumps(trainings)}
    for block in (*samples.values(), *trainings.values()):
        block["seed"] = seed
        if "problems" in block:
            block["problems"] = block["problems"] | {"seed": block["problems"]["seed"] + 10 * seed}
    in_order = {name: trainings[name] for name in params["training"] if name in trainings}
    quick = {} if "quick" in runs else {"quick": None}
    return params | {
        "runs": runs, "training": in_order, "samples": samples, "analysis": params["analysis"] | quick,
    }  # fmt: skip


def prepare(out: Path, models: Path, params: Params) -> None:
    """The project's folder."""
    (out / "given").mkdir(parents=True, exist_ok=True)
    for name in params["models"]:
        if not (out / "given" / name).exists():
            (out / "given" / name).symlink_to(models / name)
    shutil.copy(ROOT / "dvc.yaml", out)
    (out / "params.yaml").write_text(yaml.dump(params, Dumper=Plain, sort_keys=False), encoding="utf-8")


class Plain(yaml.SafeDumper):
    """Without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out."""
        return True


def stages(params: Params) -> Iterator[str]:
    """All stages, in an order in which each finds what it needs, run by run."""
    yield from ("family", *(f"problems@{name}" for name in params["benchmarks"]))
    for name, run in params["runs"].items():
        yield from (*made(params, run["model"]), f"generate@{name}", f"verify@{name}")
    yield "analyse"


def made(params: Params, model: str) -> Iterator[str]:
    """The stages that make a model."""
    kind, _, name = model.partition("/")
    if kind == "merged":
        yield f"merge@{name}"
    if kind == "trained":
        yield from made(params, params["training"][name]["model"])
        for sample in sampled(params, name):
            yield from (*made(params, params["samples"][sample]["model"]), f"sample@{sample}")
        yield from (f"gather@{name}", f"train@{name}")


def sampled(params: Params, training: str) -> list[str]:
    """The samples that a training names."""
    return [sample for sample in params["samples"] if f'"{sample}"' in json.dumps(params["training"][training])]


def sampled_of(run: str, samples: int) -> dict[str, float]:
    """Accuracy and tokens of a run's model at temperature 1, as trainings sample it."""
    out, config = Path("data/sampled", f"{run}.jsonl"), Config.read()
    model, level = Path("data", config.runs[run].model), config.runs[run].level
    if not out.exists():
        decoding = SampleParams(model=config.runs[run].model, samples=samples, max_tokens=420).decoding(config.decoding)
        decoding = decoding if level is None else at_level(decoding, model, level)
        sample_responses(
            model, Checkpoint(model).digest, [Path("data/benchmarks", f"{SAMPLED}.jsonl")], out, Run(run, decoding),
            Path(".l2s/responses.sqlite"),
        )  # fmt: skip
    rows = list(read_rows(out))
    right = sum(row["correct"] for row in rows)
    return {"sampled_accuracy": right / len(rows), "sampled_tokens": sum(row["tokens"] for row in rows) / len(rows)}


def show(out: Path, params: Params, sampled: dict[str, dict[str, float]]) -> None:
    """The table; ``results.json`` beside it has the same."""
    summary = json.loads((out / "data/summary/summary.json").read_text(encoding="utf-8"))
    lines = (out / ".l2s/costs.jsonl").read_text(encoding="utf-8").splitlines()
    took = {row["stage"]: row["processor_seconds"] for row in map(json.loads, lines)}
    table = Table(
        "run", "accuracy %", "tokens", "difference to slow", "parity", "sampled", "samples s", "training s", box=None
    )
    found = list[dict[str, Any]]()
    for row in (row for row in summary["rows"] if row["benchmark"] == TEST):
        costs = costs_of(params, params["runs"][row["run"]]["model"], took)
        loose = sampled[row["run"]]
        found.append({**row, **loose, **costs})
        low, high = (100 * row.get(f"difference_{end}", 0.0) for end in ("low", "high"))
        table.add_row(
            row["run"], f"{100 * row['accuracy']:.1f}", f"{row['tokens']:.1f} ({-100 * row['reduction'] + 0.0:+.0f} %)",
            f"{100 * row.get('difference', 0.0):+.1f} [{low:+.1f}, {high:+.1f}]", row["verdict"],
            f"{100 * loose['sampled_accuracy']:.1f} at {loose['sampled_tokens']:.1f}" if loose else "",
            *(f"{seconds:.0f}" if seconds else "" for seconds in costs.values()),
        )  # fmt: skip
    (out / "results.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    console.print(table)


def costs_of(params: Params, model: str, took: dict[str, float]) -> dict[str, float]:
    """Processor seconds of a trained model's samples, and of its trainings one upon another."""
    samples, training = set[str](), 0.0
    kind, _, name = model.partition("/")
    while kind == "trained":
        block = params["training"][name]
        samples.update(sampled(params, name))
        training += took.get(f"train@{name}", 0.0)
        kind, _, name = block["model"].partition("/")
    return {"samples": sum(took.get(f"sample@{one}", 0.0) for one in samples), "training": training}


if __name__ == "__main__":
    typer.run(main)
