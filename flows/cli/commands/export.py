"""``l2s export``: a training of params.yaml as a job for another program."""

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.console import say
from l2s.core.errors import ConfigError
from l2s.core.params import nearest


def export(
    program: Annotated[str, typer.Argument(help="verl.")],
    name: Annotated[str, typer.Argument(help="A training of params.yaml, of method grpo.")],
    target: Annotated[Path | None, typer.Option("--out", help="Folder; default: data/export/PROGRAM/NAME.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it is not of this command's making.")] = False,
) -> None:
    """Write a training as data, reward file and config for verl, to be run in verl's own environment."""
    from flows.cli.outputs import Place, check_place, writing
    from flows.cli.ready import read_config
    from l2s.benchmarks import write_problems
    from l2s.generation.generate import read_problems
    from l2s.training.data import read_samples, reference_lengths
    from l2s.training.export import export_verl
    from l2s.training.gathered import declared

    if program != "verl":
        raise ConfigError(f"l2s export: '{program}' is not known{nearest(program, ['verl'])}")
    config = read_config()
    if name not in config.training:
        raise ConfigError(f"params.yaml: training has no '{name}'{nearest(name, config.training)}")
    settings, out = config.training[name], target or Path("data") / "export" / program / name
    place = Place("l2s export", out, folder=True)
    check_place(place, force)
    rows = list[list[dict[str, Any]]]()
    for key, params in zip(("problems", "validation"), declared(settings), strict=True):
        file = Path(".l2s") / "export" / f"{name}-{key}.jsonl"
        if params is not None:
            write_problems(params.named, params, file, f"training.{name}.{key}")
        rows.append(read_problems(file) if params is not None else [])
    samples = [read_samples(Path("data") / "samples" / f"{source}.jsonl") for source in settings.sources]
    references = reference_lengths(samples[0]) if samples and settings.method == "grpo" else {}
    with writing(place):
        export_verl(
            name, settings, config.decoding.prompt, Path("data") / settings.model, rows[0], rows[1], references, out
        )
    say(f"{out}: {len(rows[0])} problems, reward.py, config.yaml and run.sh, for verl 0.9 in an environment of its own")
