"""The flow itself. Imported late: Prefect takes seconds, and a run with nothing to do needs none of it."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL
from prefect.task_runners import TaskRunner

from flows.pipeline.orphans import stopping_stages
from flows.pipeline.progress import Watch
from flows.pipeline.repository.graph import Graph
from flows.pipeline.repository.recorder import Recorder
from flows.pipeline.resources import Resources
from flows.pipeline.scheduled import Run, Scheduled
from flows.pipeline.server import answers
from tasks.running.prefect_tasks import LIMIT, stopping
from tasks.running.recording import PREFECT_RUN

FEW = 3
"""Stages whose names make the name of a run."""


def pipeline_flow(
    graph: Graph,
    names: list[str],
    watch: Watch,
    runner: TaskRunner[Any],
    jobs: int,
    resources: Resources,
    libraries: tuple[str, ...],
) -> list[str]:
    """Run the stages as one flow; return a sentence for each stage that failed.

    Args:
        graph: of all stages.
        names: the stages, in an order in which they can run.
        watch: is told of each stage that ended.
        runner: runs the tasks.
        jobs: most stages at a time.
        resources: limits, and what stages occupy.
        libraries: what workers load ahead.
    """
    logging.getLogger("prefect").setLevel(logging.INFO)
    logging.getLogger("dvc").setLevel(logging.ERROR)  # what a stage says is in its own log
    _current.append(Run(graph, watch, resources, resources.contended(names, jobs), libraries))
    try:
        named = flow(_stages, name="l2s", flow_run_name=lambda: run_name(names), task_runner=runner, log_prints=False)
        failed: list[str] = named(names)
    finally:
        _current.pop()
        _send_what_is_queued()
    return failed


_current: list[Run] = []
"""The run of this process. Not in a closure of the flow: that is sent to processes, and a terminal cannot be."""


def _stages(stages: list[str]) -> list[str]:
    run = _current[-1]
    _limit(run.resources, run.occupied)
    recorder = Recorder(run.graph, run.libraries, {PREFECT_RUN: str(flow_run.id)})
    try:
        with stopping_stages(stopping):  # inside the flow, which has handlers of its own
            return Scheduled(run, stages, recorder).run_all()
    finally:
        recorder.close()


def run_name(stages: list[str]) -> str:
    """What a run is called in Prefect: its stages, or how many of each kind: ``3 merge, analyse, report``."""
    if len(stages) <= FEW:
        return ", ".join(stages)
    kinds = Counter(stage.partition("@")[0] for stage in stages)
    return ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in kinds.items())


def _limit(resources: Resources, occupied: Mapping[str, Mapping[str, int]]) -> None:
    """Tell the API the limits that are asked for."""
    kinds = {kind for needs in occupied.values() for kind in needs}
    if kinds:
        with get_client(sync_client=True) as client:
            for kind in kinds:
                client.upsert_global_concurrency_limit_by_name(LIMIT.format(kind), resources.limits[kind])


def _send_what_is_queued() -> None:
    """Logs and events leave in the background; the server may be ours, and gone in a moment, or gone already."""
    if not answers(PREFECT_API_URL.value() or "", seconds=1):
        return
    APILogWorker.drain_all(timeout=20)
    EventsWorker.drain_all(timeout=20)
