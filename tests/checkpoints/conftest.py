"""What tests of digests share."""

from collections.abc import Sequence

import pytest

from l2s.checkpoints import digest as digest_module
from l2s.checkpoints.index import TensorEntry


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of tensors that are really hashed."""
    names: list[str] = []
    before = digest_module.digest_together

    def noted(entries: Sequence[TensorEntry]) -> list[str]:
        names.extend(entry.name for entry in entries)
        return before(entries)

    monkeypatch.setattr(digest_module, "digest_together", noted)
    return names
