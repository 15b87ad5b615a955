"""A Prefect server of our own, for as long as a run or the UI needs one.

Prefect would start a temporary server by itself, but that one outlives a run that is killed outright.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from l2s.core.errors import EngineError, L2SError

HOST = "127.0.0.1"
PAGES_ASK = "PREFECT_SERVER_UI_API_URL"
"""Where the UI's pages look for the server: without it at Prefect's usual port, whichever the server has."""
ORIGINS, CSRF = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS", "PREFECT_SERVER_CSRF_PROTECTION_ENABLED"
"""Whose pages may ask the server: its own. Without them any page in the user's browser may, and start runs."""
PATIENCE = 180
"""Seconds a server may take to answer for the first time, on a busy machine."""
PROGRAM = """
from flows.pipeline.orphans import end_with_ancestors
end_with_ancestors(generations=1)
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
    command = [sys.executable, "-c", PROGRAM, "server", "start", "--host", HOST, "--port", str(port)]
    environment = {**os.environ, PAGES_ASK: f"{url}/api", ORIGINS: url, CSRF: "true"}
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=environment
    )
    try:
        os.environ["PREFECT_API_URL"] = f"{url}/api"
        meanwhile()
        _wait(server, f"{url}/api/health", port)
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


def answers(api: str, seconds: float = 5) -> bool:
    """Whether a Prefect server answers at an API's address, whatever it says, at some time within some seconds."""
    ends = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{api}/health", timeout=max(1.0, seconds)):
                return True
        except urllib.error.HTTPError:
            return True
        except (OSError, ValueError, http.client.HTTPException):
            if time.monotonic() > ends:
                return False
            time.sleep(0.2)


@contextmanager
def needed(api: str | None) -> Iterator[None]:
    """Say in one sentence that the server a block needs is not there, or went away in the block.

    Args:
        api: its address, where it is not our own; None for ours, which was there a moment ago.

    Raises:
        EngineError: instead of whatever Prefect makes of it.
    """
    if api is not None and not answers(api):
        raise EngineError(
            f"PREFECT_API_URL: no Prefect server answers at {api}; start it, or unset PREFECT_API_URL: "
            "l2s then starts one of its own"
        )
    try:
        yield
    except L2SError:
        raise
    except Exception:
        address = api or os.environ.get("PREFECT_API_URL", "")
        if not address or answers(address, seconds=2):
            raise
        raise EngineError(
            f"the Prefect server at {address} is gone; what was done is kept, and the next run continues from there"
        ) from None


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
