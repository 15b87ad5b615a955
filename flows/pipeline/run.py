"""The DVC graph as one Prefect flow: every stage one task run, in parallel as far as the graph allows."""

import importlib
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

from flows.pipeline.progress import Watch
from flows.pipeline.repository.graph import Graph, Reason
from flows.pipeline.resources import Resources
from flows.pipeline.runners import check_runner, task_runner
from flows.pipeline.server import needed, served
from tasks.running.code import refresh_where_named
from tasks.running.worker import load
from tasks.stages import STAGES

PREFECT_HOME = Path(".l2s/prefect")


def plan(
    targets: list[str], say: Callable[[str], None] = lambda sentence: None
) -> tuple[Graph, list[str], dict[str, list[Reason]]]:
    """The graph, the stages that the targets need, and those of them that are out of date, with reasons."""
    refresh_where_named(say)
    graph = Graph()
    names = graph.select(targets)
    return graph, names, graph.stale(names)


def run_pipeline(
    targets: list[str],
    runner: str,
    jobs: int,
    console: Console,
    *,
    address: str | None = None,
    always: bool = False,
    before: Callable[[Collection[str]], None] = lambda stale: None,
    resources: Callable[[list[str]], Resources] = lambda _: Resources(),
) -> bool:
    """Bring the targets (all stages if none) up to date; return False if there was nothing to do.

    Args:
        targets: stages or groups of stages.
        runner: how stages run.
        jobs: most stages at a time.
        console: where finished stages and bars are shown.
        address: of a cluster that runs already, for the runners that use one.
        always: run the flow even then, so that Prefect shows every stage as Cached.
        before: called with the stages that will run, before anything is done.
        resources: of the stages, what they occupy.

    Raises:
        ConfigError: an unknown target or runner.
        StageFailed: a stage ended with an error; others that do not need it were still run.
    """
    check_runner(runner, address)
    graph, names, stale = plan(targets, lambda sentence: console.print(f"note: {sentence}", markup=False))
    if not stale and not always:
        return False
    before(stale)
    console.print(f"{len(stale)} of {len(names)} stages to run", highlight=False)
    api = os.environ.get("PREFECT_API_URL")
    libraries = _libraries(stale)
    with prepared_environment(), nullcontext() if api else served(meanwhile=_import_flow), needed(api):
        if runner == "threads":
            load(libraries)  # while Prefect is imported
        from flows.pipeline.flow import pipeline_flow

        with Watch(names, console) as watch:
            run = task_runner(runner, jobs, address)
            failed = pipeline_flow(graph, names, watch, run, jobs, resources(names), libraries)
    if failed:
        raise StageFailed(failed)
    return True


def _libraries(stages: Collection[str]) -> tuple[str, ...]:
    """What the stages' workers load ahead."""
    kinds = {stage.partition("@")[0] for stage in stages}
    return tuple(dict.fromkeys(name for kind in STAGES if kind in kinds for name in STAGES[kind].libraries))


def _import_flow() -> None:
    importlib.import_module("flows.pipeline.flow")


class StageFailed(Exception):
    """One or more stages ended with an error; the messages say which and why."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("\n".join(messages))


@contextmanager
def prepared_environment() -> Iterator[None]:
    """Settings that Prefect and the stages read from the environment, before Prefect is imported."""
    settings = {
        "PREFECT_HOME": str(PREFECT_HOME.resolve()),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_CLIENT_MAX_RETRIES": "3",  # of a request, each after twice the time: a server that is gone is gone
        "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",  # events that could not be sent are no concern of the user's
    }
    PREFECT_HOME.mkdir(parents=True, exist_ok=True)
    before = {key: os.environ.get(key) for key in settings}
    for key, value in settings.items():
        if before[key] is None:
            os.environ[key] = value
    try:
        yield
    finally:
        for key, old in before.items():
            if old is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = old
