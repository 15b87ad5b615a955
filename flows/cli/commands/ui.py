"""The Prefect UI with the pipeline run against it, until Ctrl-C."""

import time
from collections.abc import Callable, Collection

from rich.console import Console

from flows.pipeline.run import prepared_environment, run_pipeline
from flows.pipeline.server import served


def show(
    port: int, jobs: int, console: Console, stay: bool, before: Callable[[Collection[str]], None] = lambda stale: None
) -> None:
    """Start a server on this machine, run the pipeline against it, keep it up until Ctrl-C (if ``stay``)."""
    with prepared_environment(), served(port) as url:
        console.print(f"Prefect UI: {url}", highlight=False)
        run_pipeline([], "threads", jobs, console, always=True, before=before)
        if stay:
            console.print(f"The run is at {url}/runs. Ctrl-C ends the server.", highlight=False)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                console.print("server stopped", highlight=False)
