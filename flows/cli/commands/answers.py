"""Single steps that let a model answer: generate, sample."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import console
from flows.cli.commands.options import (
    Date,
    Device,
    Engine,
    Model,
    MostTokens,
    Problems,
    PromptFile,
    Replace,
    Rows,
    Samples,
    Temperature,
    TemplateKwarg,
    TopK,
    TopP,
    variables,
)
from flows.cli.console import Json, Seed, say, warn


def generate(
    model: Model,
    problems: Problems,
    target: Rows,
    run: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the run; default: MODEL or MODEL-CONTROL.")
    ] = None,
    engine: Engine = "auto",
    control: Annotated[Path | None, typer.Option(help="YAML file with a length control.")] = None,
    prompt: PromptFile = "chat",
    date: Date = None,
    template_kwarg: TemplateKwarg = None,
    level: Annotated[
        str | None, typer.Option(help="short, medium or long: of a model that was trained to be asked for it.")
    ] = None,
    samples: Samples = 1,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    top_k: TopK = 0,
    max_tokens: MostTokens = 2048,
    device: Device = "cpu",
    seed: Seed = 0,
    force: Replace = False,
) -> None:
    """Answer problems with a model; only what the response store lacks is generated."""
    from l2s import api
    from l2s.core.progress import bar

    counts = api.generate(
        model, problems, target, run=run, engine=engine, control=control, prompt=prompt, date=date,
        template_kwargs=variables(template_kwarg), level=level, samples=samples, temperature=temperature, top_p=top_p,
        top_k=top_k, max_tokens=max_tokens, device=device, seed=seed, track=bar, say=warn,
    )  # fmt: skip
    say(f"{target}: {counts.generated} responses generated, {counts.stored} from the store")


def sample(
    model: Model,
    problems: Problems,
    target: Rows,
    run: Annotated[str | None, typer.Option(metavar="NAME", help="Of the run; default: MODEL.")] = None,
    engine: Engine = "auto",
    prompt: PromptFile = "chat",
    date: Date = None,
    template_kwarg: TemplateKwarg = None,
    samples: Samples = 8,
    temperature: Temperature = 1.0,
    top_p: TopP = 1.0,
    top_k: TopK = 0,
    max_tokens: MostTokens = 2048,
    grader: Annotated[str, typer.Option(help="l2s, math-verify or qwen (the study's rules).")] = "l2s",
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes of the grader.")] = 1,
    device: Device = "cpu",
    seed: Seed = 0,
    force: Replace = False,
    as_json: Json = False,
) -> None:
    """Answer each problem several times and grade the responses, for trainings; the store keeps what is generated."""
    from l2s import api
    from l2s.core.progress import bar

    found = api.sample(
        model, problems, target, run=run, engine=engine, prompt=prompt, date=date,
        template_kwargs=variables(template_kwarg), samples=samples, temperature=temperature, top_p=top_p, top_k=top_k,
        max_tokens=max_tokens, grader=grader, jobs=jobs, device=device, seed=seed, track=bar, say=warn,
    )  # fmt: skip
    counts = {"rows": len(found.rows), "correct": found.correct, "generated": found.generated, "stored": found.stored}
    if as_json:
        console.out.print_json(json.dumps(counts))
    else:
        say(f"{target}: {found.correct} of {len(found.rows)} correct; {found.generated} responses generated, "
            f"{found.stored} from the store")  # fmt: skip
