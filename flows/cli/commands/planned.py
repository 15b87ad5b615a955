"""``l2s plan``: what a run will cost, before it runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import Json, out
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.planning.machine import DEVICES


def plan(
    params: Annotated[Path | None, typer.Option(help="Another params file; all its stages are counted.")] = None,
    preset: Annotated[str | None, typer.Option(help="A preset, e.g. qwen2.5-7b; all its stages are counted.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Count stages that are up to date as well.")] = False,
    gpu: Annotated[
        str | None, typer.Option(help=f"Generate on: {', '.join(DEVICES)}; default: as measured here.")
    ] = None,
    gpus: Annotated[int, typer.Option(min=1, help="How many of them.")] = 1,
    as_json: Json = False,
) -> None:
    """What the run will cost: tokens, eFLOPs (compute and memory traffic), disk, memory, hours; loads no model."""
    if params is not None and preset is not None:
        raise ConfigError("l2s plan takes --params or --preset, not both")
    if gpu is not None and gpu not in DEVICES:
        raise ConfigError(f"--gpu: '{gpu}' is not known{nearest(gpu, DEVICES)}")
    from flows.cli.estimated import as_record, estimates_of, show
    from l2s.presets import preset_path

    estimates, assumptions = estimates_of(preset_path(preset) if preset else params, everything, gpu, gpus)
    if as_json:
        out.print_json(json.dumps(as_record(estimates, assumptions)))
    else:
        show(estimates, assumptions)
