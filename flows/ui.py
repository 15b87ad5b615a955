"""The Prefect UI with the pipeline run against it, until Ctrl-C."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from flows.pipeline import prepared_environment, run_pipeline
from l2s.errors import EngineError

HOST = "127.0.0.1"
PATIENCE = 90
"""Seconds a server may take to answer for the first time."""


def show(port: int, jobs: int, console: Console, stay: bool) -> None:
    """Start a server on this machine, run the pipeline against it, keep it up until Ctrl-C (if ``stay``)."""
    with prepared_environment(), served(port) as url:
        console.print(f"Prefect UI: {url}", highlight=False)
        run_pipeline([], "threads", jobs, console, always=True)
        if stay:
            console.print(f"The run is at {url}/runs. Ctrl-C ends the server.", highlight=False)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                console.print("server stopped", highlight=False)


@contextmanager
def served(port: int) -> Iterator[str]:
    """A Prefect server of our own, and the environment that points to it."""
    url = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(server, f"{url}/api/health", port)
        os.environ["PREFECT_API_URL"] = f"{url}/api"
        yield url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.terminate()
        server.wait()


def _wait(server: subprocess.Popen[bytes], health: str, port: int) -> None:
    for _ in range(2 * PATIENCE):
        if server.poll() is not None:
            raise EngineError(f"the Prefect server ended at once; is port {port} in use? Try --port with another")
        try:
            with urllib.request.urlopen(health, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise EngineError(f"the Prefect server did not answer at {health} within {PATIENCE} seconds")
