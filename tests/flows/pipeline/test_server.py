"""The Prefect server of a run: its pages find it, whatever its port."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import pytest

from flows.pipeline.server import served
from tests.flows.running import without_prefect

SERVED = """
import os, sys
from contextlib import contextmanager
import flows.cli.commands.nightly, flows.pipeline.server

@contextmanager
def served(port=None, meanwhile=lambda: None):
    assert "prefect" not in sys.modules, "Prefect reads the server's address once, when it is imported"
    os.environ["PREFECT_API_URL"] = "http://127.0.0.1:9/api"
    meanwhile()
    import flows.nightly.flow
    from prefect.settings import PREFECT_API_URL
    flows.nightly.flow.serve = lambda cron: print(cron, PREFECT_API_URL.value())
    yield "http://127.0.0.1:9"

flows.pipeline.server.served = served
flows.cli.commands.nightly._serve("5 4 * * *")
"""


@pytest.mark.long
def test_the_pages_ask_the_server_that_sent_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", raising=False)
    seen = []
    with served(meanwhile=lambda: seen.append(os.environ["PREFECT_API_URL"])) as url:
        with urllib.request.urlopen(f"{url}/ui-settings", timeout=30) as answer:
            assert json.load(answer)["api_url"] == f"{url}/api"
        assert seen == [f"{url}/api"]
        _pages_of_others_may_ask_nothing(url)
    assert "PREFECT_API_URL" not in os.environ and (tmp_path / "prefect.db").is_file()


def _pages_of_others_may_ask_nothing(url: str) -> None:
    """Another page is not let read, nor asked before it sends, and a form that asks nobody is refused."""
    for origin, let in ((url, url), ("https://evil.example", None), (url.replace("127.0.0.1", "localhost"), None)):
        for method in ("GET", "OPTIONS"):
            asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = httpx.request(method, f"{url}/api/health", headers=asking, timeout=30)
            assert answer.headers.get("access-control-allow-origin") == let, (origin, method)
    sent = httpx.post(f"{url}/api/flows/", content='{"name": "x"}', headers={"Content-Type": "text/plain"}, timeout=30)
    assert sent.status_code == 403
    assert httpx.post(f"{url}/api/flows/", json={"name": "x"}, timeout=30).status_code == 403


@pytest.mark.long
def test_nights_are_served_by_the_server_that_was_started_for_them(tmp_path: Path) -> None:
    """Not by a second one, which Prefect starts where it knows of none, and which schedules nothing."""
    command, environment = [sys.executable, "-c", SERVED], without_prefect(HOME=str(tmp_path))
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["5", "4", "*", "*", "*", "http://127.0.0.1:9/api"], done.stderr
