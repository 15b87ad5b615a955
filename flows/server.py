"""A Prefect server of our own, for as long as a run or the UI needs one.

Prefect would start a temporary server by itself, but that one outlives a run that is killed outright.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.database import begin_with_empty, keep_empty
from l2s.errors import EngineError

HOST = "127.0.0.1"
PAGES_ASK = "PREFECT_SERVER_UI_API_URL"
"""Where the UI's pages look for the server: without it at Prefect's usual port, whichever the server has."""
PATIENCE = 180
"""Seconds a server may take to answer for the first time, on a busy machine."""
PROGRAM = """
import sys
from flows.orphans import end_with_ancestors
end_with_ancestors(generations=1)
sys.argv = ["prefect", "server", "start", "--host", sys.argv[1], "--port", sys.argv[2]]
from prefect.cli import app
app()
"""


@contextmanager
def served(port: int | None = None, meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """Start a server, point this process's Prefect to it, yield its address; any free port for None.

    Must be entered before Prefect is imported; ``meanwhile`` is called while the server starts, and may import it.

    Raises:
        EngineError: it does not start.
    """
    port = port or _free_port()
    url = f"http://{HOST}:{port}"
    command = [sys.executable, "-c", PROGRAM, HOST, str(port)]
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    first = begin_with_empty(home)
    environment = {**os.environ, PAGES_ASK: f"{url}/api"}
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=environment
    )
    try:
        os.environ["PREFECT_API_URL"] = f"{url}/api"
        meanwhile()
        _wait(server, f"{url}/api/health", port)
        if first:
            keep_empty(home)
        yield url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], health: str, port: int) -> None:
    for _ in range(5 * PATIENCE):
        if server.poll() is not None:
            raise EngineError(f"the Prefect server ended at once; is port {port} in use? Choose another port")
        try:
            with urllib.request.urlopen(health, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise EngineError(f"the Prefect server did not answer at {health} within {PATIENCE} seconds")
