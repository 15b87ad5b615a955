"""``l2s export``: a training of params.yaml as a job for another program."""

from pathlib import Path
from typing import Annotated

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
    from l2s.generation.generate import read_problems
    from l2s.training.data import read_samples, reference_lengths
    from l2s.training.export import export_verl
    from l2s.training.gathered import draw

    if program != "verl":
        raise ConfigError(f"l2s export: '{program}' is not known{nearest(program, ['verl'])}")
    config = read_config()
    if name not in config.training:
        raise ConfigError(f"params.yaml: training has no '{name}'{nearest(name, config.training)}")
    settings, out = config.training[name], target or Path("data") / "export" / program / name
    place = Place("l2s export", out, folder=True)
    check_place(place, force)
    drawn = draw(settings, Path(".l2s") / "export" / name, f"training.{name}")
    problems, validation = (read_problems(path) if path else [] for path in (drawn.problems, drawn.validation))
    samples = [read_samples(Path("data") / "samples" / f"{source}.jsonl") for source in settings.sources]
    references = reference_lengths(samples[0]) if samples and settings.method == "grpo" else {}
    with writing(place):
        start = Path("data") / settings.model
        export_verl(name, settings, config.decoding.prompt, start, problems, validation, references, out)
    say(
        f"{out}: {len(problems)} problems, reward.py, config.yaml and run.sh, for verl 0.9 in an environment of its own"
    )
