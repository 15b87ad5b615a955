"""What a recipe may call a model: a folder, a name in the hub's cache, a base with an adapter."""

from pathlib import Path

import pytest

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.open import open_checkpoint, open_reader
from l2s.checkpoints.reader import CheckpointReader
from l2s.checkpoints.views.adapted import AdaptedCheckpoint, AdaptedReader
from l2s.core.errors import CheckpointError
from tests.checkpoints.test_adapter import HIDDEN, QUERY, factors, write_adapter
from tests.tiny import random_weights, write_checkpoint


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache with two revisions of acme/tiny, and an adapter acme/lora."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    for number, (name, revision) in enumerate((("tiny", "main"), ("tiny", "v2"), ("lora", "main"))):
        repository, commit = tmp_path / "hub" / f"models--acme--{name}", f"{number}" * 40
        (repository / "refs").mkdir(parents=True, exist_ok=True)
        (repository / "refs" / revision).write_text(commit)
        folder = repository / "snapshots" / commit
        if name == "lora":
            write_adapter(folder, factors(QUERY, HIDDEN, HIDDEN))
        else:
            write_checkpoint(folder, random_weights(number))
    return tmp_path / "hub"


def test_a_folder_is_itself(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "a+b" / "m", random_weights(0))
    for reference in (folder, str(folder)):
        model = open_checkpoint(reference)
        assert model == Checkpoint(folder) and isinstance(open_reader(model), CheckpointReader)


def test_a_name_is_found_in_the_cache_by_revision(cache: Path) -> None:
    assert open_checkpoint("acme/tiny").path.name == "0" * 40
    assert open_checkpoint("acme/tiny@v2").path.name == "1" * 40
    assert open_checkpoint("acme/tiny").digest != open_checkpoint("acme/tiny@v2").digest
    write_checkpoint(Path("acme/tiny"), random_weights(3))
    assert open_checkpoint("acme/tiny").path == Path("acme/tiny"), "a folder of that name goes first"


@pytest.mark.parametrize(
    ("reference", "command"),
    [
        ("acme/other", "hf download acme/other"),
        ("acme/tiny@v3", "hf download acme/tiny --revision v3"),
        ("acme/tiny+acme/other", "hf download acme/other"),
    ],
)
def test_a_name_that_is_not_there_says_how_to_get_it(reference: str, command: str, cache: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(reference)
    assert str(caught.value).endswith(f"download it first: {command}") and str(cache) in str(caught.value)


def test_base_and_adapter_are_folders_names_or_models_of_the_caller(cache: Path, tmp_path: Path) -> None:
    base = write_checkpoint(tmp_path / "base", random_weights(0))
    adapter = write_adapter(tmp_path / "with+plus", factors(QUERY, HIDDEN, HIDDEN))
    known = {"quick": base, "tuned": adapter}
    references = [f"{base}+{adapter}", "acme/tiny+acme/lora", f"acme/tiny+{adapter}", "quick+tuned", "quick+acme/lora"]
    for reference in references:
        model = open_checkpoint(reference, known)
        assert isinstance(model, AdaptedCheckpoint) and isinstance(open_reader(model), AdaptedReader), reference
        assert model.digest == open_checkpoint(references[0]).digest
    assert open_checkpoint("quick", known) == Checkpoint(base)


def test_what_is_no_adapter_or_no_model_is_one_sentence(tmp_path: Path) -> None:
    base = write_checkpoint(tmp_path / "base", random_weights(0))
    adapter = write_adapter(tmp_path / "adapter", factors(QUERY, HIDDEN, HIDDEN))
    with pytest.raises(CheckpointError, match=r"is a LoRA adapter, not a model; name its base before it: BASE\+"):
        open_checkpoint(adapter)
    with pytest.raises(CheckpointError, match=r"base: no adapter_config.json, so this is no LoRA adapter"):
        open_checkpoint(f"{base}+{base}")
    with pytest.raises(CheckpointError, match="nowhere: no such model folder"):
        _ = open_checkpoint(f"{tmp_path / 'nowhere'}+{adapter}").index
