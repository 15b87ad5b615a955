"""What each stage of a configuration will cost; behind ``l2s plan``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.cli.console import out, say, warn
from flows.cli.ready import fill_in, read_config
from l2s.config import Config
from l2s.planning.estimates import Estimate, Estimator, totals
from l2s.planning.machine import DEVICES, Past, read_costs
from tasks.stage import DATA
from tasks.stages import STAGES


def estimates_of(
    path: Path | None, everything: bool, gpu: str | None, gpus: int
) -> tuple[list[Estimate], Mapping[str, None]]:
    """Estimates of the stages that would run, and what they rest on.

    Args:
        path: another params file; None: this project's, where DVC knows what would run and ``data/`` holds responses.
        everything: count stages that are up to date as well.
        gpu: a device of DEVICES; None: this machine's processor.
        gpus: how many.
    """
    config = Config.read(path) if path is not None else read_config()
    stages = _stale() if path is None and not everything else stages_of(config)
    estimator = Estimator(Past(read_costs()), DEVICES[gpu] if gpu else None, gpus)
    data = DATA if path is None else None
    return [estimate(config, stage, estimator, data) for stage in stages], estimator.assumptions


def stages_of(config: Config) -> list[str]:
    """Every stage that dvc.yaml makes of these parameters."""
    return [
        stage
        for kind, found in STAGES.items()
        for stage in ([kind] if found.names is None else [f"{kind}@{name}" for name in found.names(config)])
    ]


def _stale() -> list[str]:
    from flows.pipeline.run import plan as plan_run

    fill_in(warn)
    return list(plan_run([])[2])


def estimate(config: Config, stage: str, estimator: Estimator, data: Path | None) -> Estimate:
    """The estimate of one stage; ``data`` is the folder with past responses, if they are of these parameters."""
    kind, _, name = stage.partition("@")
    return STAGES[kind].estimate(config, name, stage, estimator, data)


def as_record(estimates: list[Estimate], assumptions: Mapping[str, None]) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "stages": [_record(found) for found in estimates],
        "total": _record(totals(estimates)),
        "assumptions": list(assumptions),
    }


def _record(found: Estimate) -> dict[str, Any]:
    return {
        "stage": found.stage,
        "tokens": round(found.work.tokens),
        "tokens_trained": round(found.trained),
        "eflops": found.work.eflops,
        "disk_bytes": round(found.disk),
        "memory_bytes": round(found.memory),
        "seconds": found.seconds,
    }


def show(estimates: list[Estimate], assumptions: Mapping[str, None]) -> None:
    """Print a table with a row for each kind of stage."""
    from rich.table import Table

    if not estimates:
        say("everything is up to date")
        return
    table = Table(
        "stage", *(["count", "tokens", "trained", "eFLOPs", "disk", "memory", "time"]), box=None, header_style="bold"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for kind in dict.fromkeys(found.stage.partition("@")[0] for found in estimates):
        group = [found for found in estimates if found.stage.partition("@")[0] == kind]
        table.add_row(kind, str(len(group)), *_cells(totals(group), any(found.seconds is None for found in group)))
    unknown = any(found.seconds is None for found in estimates)
    table.add_row("all", str(len(estimates)), *_cells(totals(estimates), unknown), style="bold")
    out.print(table)
    say("One stage after another; memory is the most that one stage takes. Rests on:")
    for sentence in assumptions:
        say(f"  {sentence}")


def _cells(found: Estimate, unknown: bool) -> list[str]:
    numbers = (found.work.tokens, found.trained, found.work.eflops)
    tokens, trained, eflops = (f"{value:.3g}" if value else "–" for value in numbers)
    seconds = found.seconds or 0.0
    time = (
        f"{seconds / 3600:.1f} h"
        if seconds >= 3600
        else f"{seconds / 60:.1f} min"
        if seconds >= 60
        else f"{seconds:.0f} s"
    )
    if unknown:
        time = f"≥ {time}" if seconds else "?"
    return [tokens, trained, eflops, _size(found.disk), _size(found.memory), time]


def _size(count: float) -> str:
    """Bytes in GB, of small models in MB."""
    return f"{count / 1e9:.3g} GB" if count >= 1e8 else f"{count / 1e6:.2g} MB" if count else "–"
