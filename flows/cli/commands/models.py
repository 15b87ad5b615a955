"""Single steps that make models, or what making them takes: check, merge, texts, calibrate, train."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import console
from flows.cli.commands.options import Device, Engine, Force, Memory, Model, PromptFile, Replace, Rows, Threads
from flows.cli.console import Json, Seed, say


def check(
    recipe: Annotated[Path, typer.Argument(help="A recipe in mergekit's dialect.")],
    quick: Annotated[bool, typer.Option("--quick", help="Do not look through all weights for NaN.")] = False,
    as_json: Json = False,
) -> None:
    """Look for everything that would make a merge fail or go wrong, before a byte is written."""
    from l2s import api
    from l2s.core.progress import bar
    from l2s.core.yaml import read_yaml
    from l2s.merging.recipe import MergeRecipe

    parsed = MergeRecipe.parse(read_yaml(recipe), f"{recipe}: recipe")
    plan = api.plan(parsed, quick=quick, track=bar)
    if as_json:
        console.out.print_json(json.dumps([{"fatal": f.fatal, "finding": f.sentence} for f in plan.findings]))
    else:
        for finding in plan.findings:
            say(f"{'fatal' if finding.fatal else 'note'}: {finding.sentence}")
        if not plan.findings:
            say("no problems found")
        if plan.layout is not None and not plan.refused:
            say(f"takes about {plan.memory() / 1e9:.1f} GB of memory and {plan.layout.size / 1e9:.3g} GB on disk")
    if plan.refused:
        raise typer.Exit(2)


def merge(
    recipe: Annotated[Path, typer.Argument(help="A recipe in mergekit's dialect.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the merged model.")],
    seed: Seed = 0,
    threads: Threads = None,
    max_memory: Memory = None,
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Merge models by a recipe; OUT appears whole or not at all, and a killed merge goes on where it was."""
    from l2s import api
    from l2s.core.progress import bar

    manifest = api.merge(
        recipe, target, seed=seed, threads=threads, max_memory=max_memory, device=device, force=force,
        track=bar,
    )  # fmt: skip
    for note in manifest.notes:
        say(f"note: {note}")
    say(f"config, tokenizer and chat template of {manifest.donor.model}: {manifest.donor.reason}")
    say(f"{target}: merged, see {target / 'l2s_manifest.json'}")


def texts(
    quick: Annotated[Path, typer.Argument(metavar="QUICK.jsonl", help="Responses that become the short answers.")],
    slow: Annotated[Path, typer.Argument(metavar="SLOW.jsonl", help="Responses that become the long answers.")],
    target: Rows,
    samples: Annotated[int | None, typer.Option(min=1, help="Most texts, drawn by the seed; default: all.")] = None,
    right: Annotated[bool, typer.Option("--right", help="Right answers alone; the files are verdicts.")] = False,
    form: Annotated[
        str, typer.Option(help="calibration; or for a training elsewhere sft (completion) or dpo (chosen, rejected).")
    ] = "calibration",
    seed: Seed = 0,
    force: Replace = False,
) -> None:
    """Make texts for calibration or training of the problems that two response files both answer."""
    from l2s.calibration.pairs import FORMS, in_form, pair_responses
    from l2s.records import write_rows

    in_form([], form)
    pairs = pair_responses(quick, slow, count=samples, seed=seed, right=right)
    write_rows(target, in_form(pairs.rows, form))
    left = f"; {pairs.alone} problems left out, answered whole in one file alone" if pairs.alone else ""
    answers = " and ".join(FORMS[form].values())
    say(f"{target}: {len(pairs.rows)} texts of prompt, {answers}{left}")


def calibrate(
    model: Model,
    texts: Annotated[Path, typer.Argument(metavar="TEXTS.jsonl", help="Rows with prompt, short and long.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.safetensors")],
    kind: Annotated[str, typer.Option(help="activations (for aim) or sensitivities (for sens).")] = "activations",
    answer: Annotated[str, typer.Option(help="Which answer follows the prompt: short, long or none.")] = "short",
    samples: Annotated[int, typer.Option(min=1, help="Texts taken, in an order drawn from the seed.")] = 100,
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of a text.")] = 512,
    distance_to: Annotated[
        list[Path] | None, typer.Option(help="sensitivities: another model to measure the logits' distance to.")
    ] = None,
    layers_at_a_time: Annotated[
        bool, typer.Option("--layers-at-a-time", help="Hold one layer in memory, not the model.")
    ] = False,
    device: Device = "cpu",
    seed: Seed = 0,
    force: Replace = False,
) -> None:
    """Measure activations or sensitivities of a model, for methods that use them; resumes after a kill."""
    from l2s import api
    from l2s.checkpoints.open import open_checkpoint
    from l2s.checkpoints.statistics import coverage
    from l2s.core.progress import bar

    found = api.calibrate(
        model, texts, target, kind=kind, answer=answer, samples=samples, max_tokens=max_tokens,
        distance_to=distance_to or [], layers_at_a_time=layers_at_a_time, device=device, seed=seed, track=bar,
    )  # fmt: skip
    say(f"{target}: {kind}; {coverage(found, open_checkpoint(str(model)).names())}")


def train(
    training: Annotated[
        Path, typer.Argument(metavar="TRAINING.yaml", help="A training; its paths are relative to it.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the trained model.")],
    benchmark: Annotated[
        list[Path] | None, typer.Option(help="JSONL of problems that must not be learned from. Repeatable.")
    ] = None,
    prompt: PromptFile = "chat",
    engine: Engine = "auto",
    device: Device = "cpu",
    force: Replace = False,
    as_json: Json = False,
) -> None:
    """Train a model; OUT appears whole or not at all, and a killed training goes on where it was."""
    from l2s import api
    from l2s.core.progress import bar

    manifest = api.train(
        training, target, benchmarks=benchmark or [], prompt=prompt, engine=engine, device=device, force=force,
        track=bar,
    )  # fmt: skip
    if as_json:
        console.out.print_json(json.dumps(manifest))
        return
    tokens, seconds = manifest["tokens"], manifest.get("cpu_seconds")
    took = f", {seconds:.0f} CPU seconds on {manifest['hardware']}" if seconds is not None else ""
    say(f"{manifest['method']} from {manifest['start']['model']}: {manifest['steps']} steps, {tokens['generated']:,} "
        f"tokens generated, {tokens['trained']:,} trained on{took}")  # fmt: skip
    if "validation" in manifest:
        say(f"chosen on validation: step {manifest['validation']['chosen']}")
    say(f"{target}: trained, see {target / 'l2s_manifest.json'}")
