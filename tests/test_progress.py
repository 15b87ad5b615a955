"""Progress in logs: share, rate and time left."""

import pytest

from l2s.core import progress
from l2s.core.progress import duration_text, rate_text, reported


def test_each_tenth_says_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    said: list[str] = []
    assert list(reported(said.append)(range(20), "generating slow")) == list(range(20))
    assert len(said) == 10
    assert said[0] == "generating slow: 10 %, 2.0/s, 9 s left"  # 2 items after 1 second
    assert said[4] == "generating slow: 50 %, 2.0/s, 5 s left"
    assert said[-1] == "generating slow: 100 %, 2.0/s"


def test_weights_decide_the_share_and_items_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 120.0, 240.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    said: list[str] = []
    list(reported(said.append)([30, 70], "merging", 100, float))
    assert said == ["merging: 30 %, 0.5/min, 5 min left", "merging: 100 %, 0.5/min"]


def test_texts() -> None:
    assert [rate_text(5, 2), rate_text(1, 60), rate_text(1, 0)][:2] == ["2.5/s", "1.0/min"]
    assert [duration_text(s) for s in (0.4, 89, 90, 3600, 11_100)] == ["0 s", "89 s", "2 min", "60 min", "3 h 5 min"]
