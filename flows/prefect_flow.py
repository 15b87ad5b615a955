"""The flow itself. Imported late: Prefect takes seconds, and a run with nothing to do needs none of it."""

import base64
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from prefect import flow, tags, task_engine
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.futures import PrefectFuture, as_completed
from prefect.logging.handlers import APILogWorker
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL
from prefect.states import State
from prefect.task_runners import TaskRunner

from flows.orphans import stopping_stages
from flows.resources import Resources
from flows.server import answers
from flows.watch import PREFECT_RUN, Watch
from tasks.reproduce import may_end_better, reproduce
from tasks.stage import FROM_EXCEPTION, LIMIT, stopping

NOT_READY = "NotReady"
"""Prefect's name of the state of a task whose upstream failed."""
FEW = 3
"""Stages whose names make the name of a run."""
SUMMARY = Path("data/summary/summary.json")
PAGE = Path("data/report/index.html")
COLUMNS = (
    "run", "benchmark", "n", "accuracy", "accuracy_low", "accuracy_high", "tokens", "reduction", "truncated",
    "reflective", "verdict", "chosen",
)  # fmt: skip


def pipeline_flow(
    upstream: dict[str, list[str]],
    names: list[str],
    watch: Watch,
    runner: TaskRunner[Any],
    jobs: int,
    resources: Resources,
) -> list[str]:
    """Run the stages as one flow; return a sentence for each stage that failed.

    Args:
        upstream: stage to the stages it waits for.
        names: the stages, in an order in which they can run.
        watch: is told of each stage that ended.
        runner: runs the tasks.
        jobs: most stages at a time.
        resources: limits, and what stages occupy.
    """
    logging.getLogger("prefect").setLevel(logging.INFO)
    logging.getLogger("dvc").setLevel(logging.ERROR)  # what a stage says is in its own log
    _current.append(Run(upstream, watch, resources, resources.contended(names, jobs), str(Path.cwd())))
    try:
        named = flow(_stages, name="l2s", flow_run_name=lambda: run_name(names), task_runner=runner, log_prints=False)
        failed: list[str] = named(names)
    finally:
        _current.pop()
        os.environ.pop(PREFECT_RUN, None)
        _send_what_is_queued()
    return failed


@contextmanager
def no_limits_on_tags() -> Iterator[None]:
    """Prefect asks its server before each task whether its tags are limited; the run's own server limits none.

    Asking takes most of a second a stage. The limits of ``resources`` are others, and are asked for (tasks.stage).
    """
    before = task_engine._concurrency
    task_engine._concurrency = lambda *_, **__: nullcontext()
    try:
        yield
    finally:
        task_engine._concurrency = before


class Run(NamedTuple):
    """What the flow needs besides its parameters."""

    upstream: dict[str, list[str]]
    watch: Watch
    resources: Resources
    occupied: Mapping[str, Mapping[str, int]]
    root: str


_current: list[Run] = []
"""The run of this process. Not in a closure of the flow: that is sent to processes, and a terminal cannot be."""


def _stages(stages: list[str]) -> list[str]:
    run = _current[-1]
    os.environ[PREFECT_RUN] = str(flow_run.id)  # stages are commands of their own, and record it
    _limit(run.resources, run.occupied)
    futures: dict[str, PrefectFuture[str]] = {}
    with stopping_stages(stopping):  # inside the flow, which has handlers of its own
        for name in stages:
            before = [futures[other] for other in run.upstream[name] if other in futures]
            needs = run.resources.needs.get(name, {})
            with tags(name.partition("@")[0], *(kind for kind, count in needs.items() if count)):
                stage = reproduce.with_options(
                    task_run_name=name,
                    retries=run.resources.retries,
                    retry_delay_seconds=run.resources.delay,
                    retry_condition_fn=may_end_better,
                )
                futures[name] = stage.submit(name, run.occupied[name], run.root, wait_for=before)
        return _follow(futures, run.watch)


def _follow(futures: dict[str, PrefectFuture[str]], watch: Watch) -> list[str]:
    by_run = {future.task_run_id: name for name, future in futures.items()}
    failed, left_out = [], 0
    for count, future in enumerate(as_completed(list(futures.values())), 1):
        future.wait()
        name = by_run[future.task_run_id]
        watch.finished(name, count, _how(future.state))
        if future.state.name == NOT_READY:
            left_out += 1
        elif not future.state.is_completed():
            failed.append((future.state.message or name).partition(FROM_EXCEPTION)[2] or future.state.message or name)
        elif name == "analyse":
            _publish_table()
        elif name == "report":
            _publish_page()
    if failed and left_out:
        stages = "1 stage that needs" if left_out == 1 else f"{left_out} stages that need"
        failed.append(f"{stages} what failed: not run")
    return failed


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


def _publish_table() -> None:
    """The result table as an artifact of the run."""
    if not SUMMARY.is_file():
        return  # another project's graph, whose analysis writes something else
    found = json.loads(SUMMARY.read_text(encoding="utf-8"))["rows"]
    rows = [{column: row[column] for column in COLUMNS} for row in found]
    create_table_artifact(rows, key="l2s-results", description=f"From {SUMMARY}")


def _publish_page() -> None:
    """The plots, as images within the artifact, and where the page is."""
    if not PAGE.is_file():
        return  # another project's graph
    plots = [_as_markdown(plot) for plot in sorted(PAGE.parent.glob("*.png"))]
    link = f"[{PAGE}]({PAGE.resolve().as_uri()})"
    create_markdown_artifact("\n\n".join([f"The report: {link}", *plots]), key="l2s-report")
    create_link_artifact(PAGE.resolve().as_uri(), key="l2s-report-page", link_text=str(PAGE))


def _as_markdown(plot: Path) -> str:
    return f"![{plot.stem}](data:image/png;base64,{base64.b64encode(plot.read_bytes()).decode()})"


def _how(state: State[str]) -> str | None:
    if state.is_completed():
        return "up to date" if state.name == "Cached" else (state.message or "done").partition(" took ")[2] or "done"
    if state.name == NOT_READY:
        return None  # a stage before it failed; all of them are told in one line
    return "FAILED"
