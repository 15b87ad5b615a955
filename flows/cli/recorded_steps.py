"""Single steps leave their record beside what they wrote, ``OUT.lineage.json``."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from flows.cli.outputs import Place, check_place, writing
from flows.cli.step import STEPS, Arguments, Step
from l2s.core.errors import ConfigError, L2SError

SHOWN_ONLY = ("as_json",)
"""Options that change what is printed, not what is written."""
TICK = 0.1
"""Seconds by which a file system's clock may lag behind ours."""


def leaving_record(command: Callable[..., None]) -> Callable[..., None]:
    """The command; what it writes has a record beside it. Commands that write nothing are left alone."""
    if command.__name__ not in STEPS:
        return command
    step = STEPS[command.__name__]

    @wraps(command)
    def recorded(**arguments: Any) -> None:
        begun = datetime.now(UTC), time.perf_counter()
        target = arguments["target"]
        if target is None or arguments.get("dry"):
            command(**arguments)
            return
        place = _place(command.__name__, step, arguments)
        check_place(place, bool(arguments.get("force")))
        found_wrong: typer.Exit | None = None
        with writing(place):
            try:
                command(**arguments)
            except typer.Exit as end:  # it has written, and found something wrong
                if end.exit_code != 1:
                    raise
                found_wrong = end
            if not _is_pipelines(target):
                _write(command.__name__, step, arguments, begun)
        if found_wrong is not None:
            raise found_wrong

    return recorded


def _place(name: str, step: Step, arguments: Arguments) -> Place:
    """Where the step writes. Inputs that cannot be read are said by the step itself, which then writes nothing.

    Raises:
        ConfigError: the place has no name of its own: ``.``, ``..``, ``/`` or nothing at all.
    """
    if arguments["target"].name in ("", ".."):
        raise ConfigError(
            f"l2s {name}: '{arguments['target']}' is no place to write to; choose another place, with a name"
        )
    try:
        inputs = step.inputs(arguments)
    except L2SError:
        inputs = [path for key, value in arguments.items() if key != "target" for path in _paths(value)]
    within = step.within(arguments)
    return Place(
        f"l2s {name}", arguments["target"], inputs, folder=step.folder, within=within, beside=step.beside(arguments),
        judged=step.folder and not within,
    )  # fmt: skip


def _paths(value: Any) -> list[Path]:
    return [path for path in (value if isinstance(value, list | tuple) else [value]) if isinstance(path, Path)]


def _is_pipelines(target: Path) -> bool:
    """Is this an output of the project's pipeline, whose record already says what it must be?"""
    from l2s.lineage.graph import ProvenanceGraph, project_of

    if project_of(target) is None:
        return False
    made = ProvenanceGraph.read(target).maker(target)
    return made is not None and not made.by.is_step


def _write(name: str, step: Step, arguments: Arguments, begun: tuple[datetime, float]) -> None:
    """Write the record of a step that is done."""
    from l2s.lineage.artefacts import artefacts_in, describe, is_model
    from l2s.lineage.record import Record, Sidecar, seeds_in, sidecar_of
    from l2s.lineage.run_info import Clock
    from tasks.running.code import SOURCE, of_step
    from tasks.running.recording import prefect_run, references

    clock, target = Clock(*begun), Path(os.path.abspath(arguments["target"]))
    root = target.parent
    inputs = references([Path(os.path.abspath(path)) for path in step.inputs(arguments)], root)
    code = of_step([*step.modules, *step.members(arguments)])
    written = artefacts_in(target)
    if target.is_dir() and not is_model(target):
        written = [path for path in written if path.stat().st_mtime >= clock.started.timestamp() - TICK]
    shown = {key: _relative(value, root) for key, value in arguments.items() if key not in SHOWN_ONLY}
    parameters = {"arguments": shown} | step.more(arguments)
    record = Record(
        made_by=f"l2s {name}",
        parameters=parameters,
        seeds=seeds_in(parameters),
        inputs=tuple(inputs),
        outputs=tuple(describe(written, lambda path: path.relative_to(root).as_posix())),
        code=code.sources,
        versions=code.packages,
    ).sealed()
    occasion = clock.occasion(record.digest, SOURCE, prefect_run())
    Sidecar(record=record, occasion=occasion).write(sidecar_of(target))


def _relative(value: Any, root: Path) -> Any:
    """An argument as it is kept: of paths, where they lie from the folder that holds the record."""
    if isinstance(value, list | tuple):
        return [_relative(item, root) for item in value]
    if isinstance(value, Path):
        return Path(os.path.relpath(value, root)).as_posix() if value.exists() else str(value)
    return value
