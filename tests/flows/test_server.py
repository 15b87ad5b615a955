"""The Prefect server of a run: its pages find it, whatever its port."""

import json
import os
import urllib.request
from pathlib import Path

import pytest

from flows.server import served


def test_the_pages_ask_the_server_that_sent_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    seen = []
    with served(meanwhile=lambda: seen.append(os.environ["PREFECT_API_URL"])) as url:
        with urllib.request.urlopen(f"{url}/ui-settings", timeout=30) as answer:
            assert json.load(answer)["api_url"] == f"{url}/api"
        assert seen == [f"{url}/api"]
    assert "PREFECT_API_URL" not in os.environ and (tmp_path / "prefect.db").is_file()
