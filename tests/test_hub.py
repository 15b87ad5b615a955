"""Models of a hub at data/models: linked, never copied; fetched only where that is allowed."""

import json
import os
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import yaml

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.open import open_checkpoint
from l2s.config import Config, ModelParams
from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.progress import silent
from l2s.hub import HubModel, place_hub_model
from tasks.running.code import refresh
from tasks.running.given import digests_of_given
from tasks.stages import run_stage
from tests.flows.nightly.nightly_project import PARAMS
from tests.tiny import random_weights, write_checkpoint

COMMIT = "a" * 40


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache as the hub's library lays it out: a snapshot of links to blobs."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("L2S_DOWNLOAD", raising=False)
    monkeypatch.chdir(tmp_path)
    add(tmp_path / "hub")
    return tmp_path / "hub"


def add(cache: Path, name: str = "tiny", commit: str = COMMIT, seed: int = 0) -> Path:
    repository = cache / f"models--acme--{name}"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "blobs").mkdir(exist_ok=True)
    snapshot = write_checkpoint(repository / "snapshots" / commit, random_weights(seed))
    for file in list(snapshot.iterdir()):
        blob = repository / "blobs" / f"{commit[:4]}-{file.name}"
        file.rename(blob)
        file.symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


def test_a_folder_with_nearly_the_name_is_suggested(cache: Path) -> None:
    write_checkpoint(Path("models/slow"), random_weights(0))
    with pytest.raises(CheckpointError, match=r"models/slwo: neither .*; did you mean 'models/slow'\?; download it"):
        open_checkpoint("models/slwo")
    with pytest.raises(CheckpointError, match=r"\(.*/hub\); download it first: hf download org/none$"):
        open_checkpoint("org/none")


@pytest.mark.parametrize("links", ["hard", "symbolic"])
def test_the_folder_is_links_and_the_same_model(cache: Path, monkeypatch: pytest.MonkeyPatch, links: str) -> None:
    if links == "symbolic":

        def refuse(source: Any, target: Any) -> None:
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(os, "link", refuse)
    assert place_hub_model(HubModel("acme/tiny", "main"), Path("models/slow")) == COMMIT
    snapshot = cache / "models--acme--tiny/snapshots" / COMMIT
    weights = Path("models/slow/model.safetensors")
    assert weights.samefile(snapshot / "model.safetensors"), "no byte of it is there twice"
    assert weights.is_symlink() == (links == "symbolic")
    assert Checkpoint(Path("models/slow")).digest == Checkpoint(snapshot).digest
    about = json.loads(Path("models/slow/l2s_source.json").read_text())
    assert about == {"repository": "acme/tiny", "revision": "main", "commit": COMMIT}


def test_a_config_key_can_be_otherwise_and_the_cache_stays(cache: Path) -> None:
    snapshot = cache / "models--acme--tiny/snapshots" / COMMIT
    before = (snapshot / "config.json").read_bytes()
    place_hub_model(HubModel("acme/tiny"), Path("models/slow"), {"max_position_embeddings": 9})
    found = json.loads(Path("models/slow/config.json").read_text())
    assert found == {**json.loads(before), "max_position_embeddings": 9}
    assert (snapshot / "config.json").read_bytes() == before
    assert Checkpoint(Path("models/slow")).digest != Checkpoint(snapshot).digest


def test_another_commit_takes_its_place(cache: Path) -> None:
    place_hub_model(HubModel("acme/tiny"), Path("models/slow"))
    before = Checkpoint(Path("models/slow")).weights_digest
    add(cache, commit="b" * 40, seed=1)
    assert place_hub_model(HubModel("acme/tiny"), Path("models/slow")) == "b" * 40
    assert Checkpoint(Path("models/slow")).weights_digest != before
    assert place_hub_model(HubModel("acme/tiny", COMMIT), Path("models/slow")) == COMMIT, "the older one by its commit"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda snapshot: None, "hf download acme/other; or let the stage fetch it: L2S_DOWNLOAD=1"),
        (lambda snapshot: (snapshot / "model.safetensors").unlink(), "only a part of it is in the Hugging Face cache"),
        (lambda snapshot: (snapshot / "config.json").unlink(), "only a part of it"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_fetched(cache: Path, damage: Any, expected: str) -> None:
    name = "other" if "other" in expected else "tiny"
    damage(cache / "models--acme--tiny/snapshots" / COMMIT)
    place = Path("models/slow")
    place.mkdir(parents=True)
    (place / "kept").write_text("as before")
    with pytest.raises(CheckpointError, match=expected) as caught:
        place_hub_model(HubModel(f"acme/{name}"), place)
    assert "\n" not in str(caught.value) and [file.name for file in place.iterdir()] == ["kept"]


def test_it_is_fetched_where_that_is_allowed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    local = huggingface_hub.snapshot_download

    def download(repository: str, **options: Any) -> str:
        if options.get("local_files_only"):
            return local(repository, **options)
        asked.append((repository, options["revision"]))
        return str(add(cache, "other", "c" * 40))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setenv("L2S_DOWNLOAD", "1")
    assert place_hub_model(HubModel("acme/other", "v2"), Path("models/slow")) == "c" * 40
    place_hub_model(HubModel("acme/tiny"), Path("models/quick"))
    assert asked == [("acme/other", "v2")], "what is in the cache is not asked for"


def test_a_download_that_fails_is_one_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("L2S_DOWNLOAD", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=r"acme/other: cannot be downloaded: .+") as caught:
        place_hub_model(HubModel("acme/other"), Path("models/slow"))
    assert "\n" not in str(caught.value) and not Path("models").exists()


def stage(models: dict[str, Any]) -> list[str]:
    runs = {"one": {"model": f"models/{next(iter(models))}", "control": "none"}}
    changed = {"models": models, "runs": runs, "nightly": {}, "analysis": {"slow": "one"}}
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS | changed))
    refresh()
    said: list[str] = []
    run_stage("family", None, silent, said.append)
    return said


def test_the_family_stage_places_hub_models_beside_others(cache: Path, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine", random_weights(5))
    Path("dvc.yaml").write_text("stages: {family: {cmd: l2s stage family, params: [models], outs: [data/models]}}")
    hub = {"source": "hub", "name": "acme/tiny", "revision": "main"}
    assert stage({"slow": hub, "own": {"source": "path", "path": "mine"}}) == [f"slow: acme/tiny at commit {COMMIT}"]
    assert sorted(folder.name for folder in Path("data/models").iterdir() if folder.is_dir()) == ["own", "slow"]
    with pytest.raises(CheckpointError, match="acme/none: neither a folder nor in"):
        stage({"slow": hub, "quick": {"source": "hub", "name": "acme/none"}})
    assert sorted(folder.name for folder in Path("data/models").iterdir() if folder.is_dir()) == ["own", "slow"]
    stage({"quick": hub})
    assert sorted(folder.name for folder in Path("data/models").iterdir() if folder.is_dir()) == ["quick"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"source": "hub"}, "source hub takes a name, e.g. name: Qwen/Qwen2.5-Math-1.5B"),
        ({"source": "hub", "name": "no-organisation"}, "source hub takes a name"),
        ({"source": "hub", "name": "../../etc/passwd"}, "source hub takes a name"),
        ({"source": "hub", "name": "a/b", "path": "x"}, "source hub takes no path"),
        ({"source": "path", "path": "x", "name": "a/b", "revision": "r"}, "source path takes no name and no revision"),
        ({"source": "family", "config": {"a": 1}}, "source family takes no config"),
        ({"source": "hbu", "name": "a/b"}, "expected 'family', 'path' or 'hub'"),
        ({"source": "path"}, "source path takes a path"),
    ],
)
def test_each_source_takes_its_own_keys(found: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        ModelParams.parse(found, "params.yaml: models.slow")


def test_the_repositorys_own_models_parse() -> None:
    assert all(model.name is None for model in Config.read(Path(__file__).parents[1] / "params.yaml").models.values())


def test_a_branch_that_has_moved_in_the_cache_is_another_model(cache: Path) -> None:
    def told(revision: str | None) -> dict[str, Any]:
        params = PARAMS | {"models": {"slow": {"source": "hub", "name": "acme/tiny", "revision": revision}}}
        found: dict[str, Any] = digests_of_given(params, Path())["family"]
        return found

    assert told(None) == {"acme/tiny": COMMIT} and told(COMMIT) == {}
    assert told("main") == {"acme/tiny@main": COMMIT}
    ran = {"stages": {"family": {"cmd": "x", "params": {"code.lock": {"given.family": told("main")}}}}}
    Path("dvc.lock").write_text(yaml.safe_dump(ran))
    add(cache, commit="b" * 40, seed=1)
    assert told("main") == {"acme/tiny@main": "b" * 40}
    (cache / "models--acme--tiny").rename(cache / "gone")
    assert told("main") == {"acme/tiny@main": COMMIT}, "a machine without it has nothing to do"
