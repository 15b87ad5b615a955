"""The record that each stage leaves when it ends: what it read and wrote, with which parameters, code and versions."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.core.errors import ConfigError
from l2s.lineage.artefacts import artefacts_in, describe
from l2s.lineage.graph import write_run_info
from l2s.lineage.record import RECORDS, Record, Reference, seeds_in
from l2s.lineage.run_info import Clock
from tasks.running.declared import Declared, declared, parameter
from tasks.stage import DATA, Stage

if TYPE_CHECKING:
    from l2s.config import Config
    from l2s.lineage.code import Code

PREFECT_RUN = "L2S_PREFECT_RUN"
"""Set in the environment of stages by the flow that runs them: its id, for their records."""


@contextmanager
def recorded(
    kind: Stage,
    name: str | None,
    config: "Config",
    code: "Code",
    given: Callable[[], list[Reference]] = lambda: [],
) -> Iterator[None]:
    """Write a stage's record, and its occasion, if the block ends without error.

    ``given`` tells of the user's own, before and after: what has changed meanwhile is refused.

    Inputs are hashed before the stage runs: the record tells of what was there for it to read.
    """
    stage = kind.kind
    clock, found = Clock(), declared(stage, name)
    own = given()
    inputs = [*references(_inputs(found, kind.reads(config, name)), Path()), *own]
    yield
    if given() != own:
        raise ConfigError(f"{stage}: {', '.join(one.path for one in own)}: changed while the stage ran; run it again")
    outputs = [path for out in found.outputs if not out.is_relative_to(RECORDS) for path in artefacts_in(out)]
    parameters = _parameters(kind, name, config, found)
    record = Record(
        made_by=f"{stage}@{name}" if name else stage,
        parameters=parameters,
        seeds=seeds_in(parameters),
        inputs=tuple(inputs),
        outputs=tuple(describe(outputs, Path.as_posix)),
        code=code.sources,
        versions=code.packages,
    ).sealed()
    place = Path(stage, f"{name}.json") if name else Path(f"{stage}.json")
    record.write(RECORDS / place)
    write_run_info(Path(), place, clock.occasion(record.digest, Path(), prefect_run()))


def references(paths: list[Path], root: Path) -> list[Reference]:
    """Inputs as they lie on disk, by their paths from ``root``."""
    return [
        Reference(path=found.path, digest=found.digest, files={name: file.digest for name, file in found.files.items()})
        for found in describe(paths, lambda path: Path(os.path.relpath(path, root)).as_posix())
    ]


def prefect_run() -> str | None:
    """The flow run's id, where a flow runs this step."""
    if PREFECT_RUN in os.environ:
        return os.environ[PREFECT_RUN]
    if "prefect" not in sys.modules:
        return None
    from prefect.runtime import flow_run

    return str(flow_run.id) if flow_run.id else None


def _inputs(found: Declared, used: Mapping[str, set[str]]) -> list[Path]:
    inputs = []
    for dependency in found.dependencies:
        if dependency.is_relative_to(DATA):
            names = used.get(dependency.as_posix())
            found_ones = artefacts_in(dependency)
            inputs += [path for path in found_ones if names is None or _name(path, dependency) in names]
    return inputs


def _name(artefact: Path, dependency: Path) -> str:
    """Name of what stands in the dependency's folder: a file, a model's folder, or a folder of several files."""
    inner = artefact.relative_to(dependency).parts
    whole = dependency / inner[0] if inner else dependency
    return whole.name if whole.is_dir() else whole.stem


def _parameters(kind: Stage, name: str | None, config: "Config", found: Declared) -> dict[str, Any]:
    """The parameters that dvc.yaml names, with every default; a recipe in today's words."""
    values: Mapping[str, Any] = config.model_dump(mode="json")
    parameters = {key: parameter(values, key, f"dvc.yaml: stages.{kind.kind}") for key in found.parameters}
    for key in parameters:
        block, _, control = key.partition(".")
        if block == "controls":
            identities = {name: one.identity() for name, one in config.controls.items()}
            parameters[key] = identities[control] if control else identities
    return parameters | kind.recorded(config, name)
