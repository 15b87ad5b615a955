"""The flow itself. Imported late: Prefect takes seconds, and a run with nothing to do needs none of it."""

import json
import logging
import os
from pathlib import Path

from prefect import flow, tags
from prefect.artifacts import create_table_artifact
from prefect.events.worker import EventsWorker
from prefect.futures import PrefectFuture, as_completed
from prefect.logging.handlers import APILogWorker
from prefect.runtime import flow_run
from prefect.states import State
from prefect.task_runners import ThreadPoolTaskRunner

from flows.watch import PREFECT_RUN, Watch
from tasks.reproduce import reproduce

SUMMARY = Path("data/summary/summary.json")
COLUMNS = (
    "run", "benchmark", "n", "accuracy", "accuracy_low", "accuracy_high", "tokens", "reduction", "truncated",
    "reflective", "verdict", "chosen",
)  # fmt: skip


def pipeline_flow(upstream: dict[str, list[str]], names: list[str], jobs: int, watch: Watch) -> list[str]:
    """Run the stages as one flow; return a sentence for each stage that failed.

    Args:
        upstream: stage to the stages it waits for.
        names: the stages, in an order in which they can run.
        jobs: most stages at a time.
    """
    logging.getLogger("prefect").setLevel(logging.INFO)
    logging.getLogger("dvc").setLevel(logging.ERROR)  # what a stage says is in its own log

    @flow(name="l2s", task_runner=ThreadPoolTaskRunner(max_workers=jobs), log_prints=False)
    def l2s_pipeline(stages: list[str]) -> list[str]:
        os.environ[PREFECT_RUN] = str(flow_run.id)  # stages are commands of their own, and record it
        futures: dict[str, PrefectFuture[str]] = {}
        for name in stages:
            before = [futures[other] for other in upstream[name] if other in futures]
            with tags(name.partition("@")[0]):
                stage = reproduce.with_options(task_run_name=name)
                futures[name] = stage.submit(name, wait_for=before)
        by_run = {future.task_run_id: name for name, future in futures.items()}
        failed = []
        for count, future in enumerate(as_completed(list(futures.values())), 1):
            future.wait()
            name = by_run[future.task_run_id]
            watch.finished(name, count, _how(future.state))
            if not future.state.is_completed():
                failed.append(future.state.message or name)
            elif name == "analyse":
                _publish()
        return failed

    try:
        failed: list[str] = l2s_pipeline(names)
    finally:
        os.environ.pop(PREFECT_RUN, None)
        _send_what_is_queued()
    return failed


def _send_what_is_queued() -> None:
    """Logs and events leave in the background; the server may be ours, and gone in a moment."""
    APILogWorker.drain_all(timeout=20)
    EventsWorker.drain_all(timeout=20)


def _publish() -> None:
    """The result table as an artifact of the run."""
    if not SUMMARY.is_file():
        return  # another project's graph, whose analysis writes something else
    found = json.loads(SUMMARY.read_text(encoding="utf-8"))["rows"]
    rows = [{column: row[column] for column in COLUMNS} for row in found]
    create_table_artifact(rows, key="l2s-results", description=f"From {SUMMARY}")


def _how(state: State[str]) -> str:
    if state.is_completed():
        return "up to date" if state.name == "Cached" else (state.message or "done").partition(" took ")[2] or "done"
    if state.name == "NotReady":
        return "not run: a stage before it failed"
    return "FAILED"
