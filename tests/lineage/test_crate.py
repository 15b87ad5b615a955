"""The crate: read again by the library that reads crates, it tells what the records tell."""

import sys
from pathlib import Path

import pytest

from tests.conftest import L2s
from tests.lineage.conftest import both


def test_without_the_library_it_is_a_sentence(
    project: Path, l2s: L2s, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    code, said = both(l2s("lineage", "data/merged/average", "--crate", str(tmp_path / "crate")))
    assert code == 2 and "pip install 'l2s[crate]'" in said and said.count("\n") == 1
    assert not (tmp_path / "crate").exists()


@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_a_crate_tells_what_the_records_tell(
    suffix: str, project: Path, l2s: L2s, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate")
    out = tmp_path / f"crate{suffix}"
    assert l2s("lineage", "data/summary", "--crate", str(out))[0] == 0
    crate = rocrate.ROCrate(str(out))
    actions = {entity["name"]: entity for entity in crate.get_entities() if entity.type == "CreateAction"}
    assert set(actions) >= {"family", "merge@average", "generate@slow", "verify@aim-ties", "analyse", "run of dvc.yaml"}
    assert crate.mainEntity.id == "dvc.yaml" and "ComputationalWorkflow" in crate.mainEntity.type
    profiles = [entity.id for entity in crate.root_dataset["conformsTo"]]
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in profiles
    merge = actions["merge@average"]
    assert {entity["name"] for entity in merge["object"]} == {
        "data/models/quick",
        "data/models/slow",
        "recipes.average",
    }
    assert [entity["name"] for entity in merge["result"]] == ["data/merged/average"]
    assert merge["startTime"] < merge["endTime"] and merge["instrument"]["softwareVersion"]
    verdicts = crate.get("data/verdicts/slow.jsonl")
    import hashlib

    assert verdicts["sha256"] == hashlib.sha256(Path("data/verdicts/slow.jsonl").read_bytes()).hexdigest()
    if not suffix:
        assert (out / "data/verdicts/slow.jsonl").read_bytes() == Path("data/verdicts/slow.jsonl").read_bytes()
        code, said = both(l2s("lineage", "data/summary", "--crate", str(out)))
        assert code == 2 and "is there already" in said
