from pathlib import Path

import pytest

from l2s.training.data import EXAMPLES, PAIRS
from l2s.training.rewards import REWARDS

PAGE = Path(__file__).parents[2] / "docs/training.md"


@pytest.mark.parametrize("kind", [*EXAMPLES, *PAIRS, *REWARDS])
def test_the_page_has_a_line_for_every_kind(kind: str) -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{kind}` |")]
    assert len(lines) == 1
    if kind in REWARDS:
        assert ("reconstructed" in lines[0]) == REWARDS[kind].reconstructed
