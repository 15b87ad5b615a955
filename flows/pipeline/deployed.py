"""The pipeline as a deployment: what the workers of a Prefect work pool run (``prefect.yaml``)."""

import os
import sys

from prefect import flow
from prefect.runtime import flow_run
from rich.console import Console

from flows.pipeline.resources import Resources, resources_of
from flows.pipeline.run import run_pipeline
from l2s.config import Config
from tasks.stages import STAGES


def _named() -> str:
    return ", ".join(flow_run.parameters.get("targets") or ["all stages"])


@flow(name="l2s-pipeline", flow_run_name=_named, log_prints=True)
def pipeline(
    targets: list[str] | None = None, runner: str = "threads", jobs: int | None = None, folder: str | None = None
) -> bool:
    """Bring the targets (all stages if none) up to date on this worker's machine; False if there was nothing to do.

    Args:
        targets: stages or kinds of stages.
        runner: where stages run, see :mod:`flows.pipeline.runners`.
        jobs: most stages at a time; default: one a core.
        folder: the project's, if it is not the one that the worker was told.

    Raises:
        StageFailed: a stage ended with an error.
    """
    if folder is not None:
        os.chdir(folder)
    return run_pipeline(
        targets or [],
        runner,
        jobs or os.cpu_count() or 1,
        Console(file=sys.stdout),
        resources=_resources,
    )


def _resources(stages: list[str]) -> Resources:
    """What params.yaml says; nothing is known of another project's stages."""
    ours = all(stage.partition("@")[0] in STAGES for stage in stages)
    return resources_of(Config.read(), stages) if ours else Resources()
