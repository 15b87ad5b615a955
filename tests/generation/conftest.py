from pathlib import Path

import pytest

from l2s.family.model import fresh_model
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import build_tokenizer


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one layer with random weights and the family's tokenizer; nobody changes it."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    fresh_model(FamilySettings(hidden_size=64, layers=1, heads=2, key_value_heads=1)).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder
