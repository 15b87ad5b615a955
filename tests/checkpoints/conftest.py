"""What tests of digests share."""

import pytest

from l2s.checkpoints.files import digest as digest_module
from l2s.checkpoints.files.index import TensorEntry


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of tensors that are really hashed."""
    names: list[str] = []
    before = digest_module.digest_tensor

    def noted(entry: TensorEntry, algorithm: str) -> str:
        names.append(entry.name)
        return before(entry, algorithm)

    monkeypatch.setattr(digest_module, "digest_tensor", noted)
    return names
