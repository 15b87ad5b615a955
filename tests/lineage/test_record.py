"""Records and occasions as files: sealed, the same bytes for the same content, found again by what they tell of."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from l2s.core.errors import RecordError
from l2s.lineage.artefacts import Artefact
from l2s.lineage.digests import FileDigest
from l2s.lineage.graph import LOCAL, ProvenanceGraph, write_run_info
from l2s.lineage.record import RECORDS, Record, Reference, seeds_in
from l2s.lineage.run_info import Clock, commit_of
from tests.lineage.conftest import flipped


def record(made_by: str = "merge@a", reads: tuple[str, ...] = (), writes: tuple[str, ...] = ("data/a",)) -> Record:
    files = {".": FileDigest(size=1, digest="sha256:1")}
    return Record(
        made_by=made_by,
        parameters={"weight": 0.5, "name": "ä"},
        seeds={},
        inputs=tuple(Reference(path=path, digest="sha256:1", files={".": "sha256:1"}) for path in reads),
        outputs=tuple(Artefact(path=path, digest="sha256:1", size=1, files=files) for path in writes),
        code={"l2s/x.py": "sha256:2"},
        versions={"python": "3.11"},
    ).sealed()


def test_it_is_read_as_it_was_written_and_its_bytes_repeat(tmp_path: Path) -> None:
    record().write(tmp_path / "a.json")
    record().write(tmp_path / "b.json")
    assert Record.read(tmp_path / "a.json") == record()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_no_bit_of_it_changes_unseen(tmp_path: Path) -> None:
    record().write(file := tmp_path / "a.json")
    content = file.read_bytes()
    for bit in range(0, 8 * len(content), 11):  # 11 has no factor with 8: every place in a byte has its turn
        file.write_bytes(flipped(content, bit))
        with pytest.raises(RecordError, match=r"a\.json: (damaged|changed)"):
            Record.read(file)


def test_white_space_counts_too(tmp_path: Path) -> None:
    record().write(file := tmp_path / "a.json")
    file.write_text(json.dumps(json.loads(file.read_text())))
    with pytest.raises(RecordError, match="its bytes are not as they are written"):
        Record.read(file)


def test_seeds_are_found_wherever_they_stand() -> None:
    found = seeds_in(
        {"sampling": {"seed": 3, "samples": 1}, "recipe": {"random_seed": 7}, "list": [{"seed": 1}], "seed": None}
    )
    assert found == {"sampling.seed": 3, "recipe.random_seed": 7, "list.0.seed": 1}
    assert seeds_in({"seed": True}) == {}, "a switch is no seed"


def project(folder: Path, *records: Record) -> ProvenanceGraph:
    for one in records:
        stage, _, name = one.made_by.partition("@")
        one.write(folder / RECORDS / stage / f"{name}.json")
    return ProvenanceGraph.read(folder)


def test_a_chain_is_followed_to_its_ends_each_artefact_once(tmp_path: Path) -> None:
    graph = project(
        tmp_path,
        record("merge@a", ("given",), ("data/a",)),
        record("merge@b", ("given", "data/a"), ("data/b",)),
        record("merge@c", ("data/a", "data/b"), ("data/c",)),
    )
    behind = [
        (graph.shown(place), made.by.record.made_by if made else None)
        for place, made in graph.behind([tmp_path / "data/c"])
    ]
    assert behind == [("given", None), ("data/a", "merge@a"), ("data/b", "merge@b"), ("data/c", "merge@c")]


def test_an_occasion_is_of_these_bytes_or_of_none(tmp_path: Path) -> None:
    place, first, other = Path("merge/a.json"), record(), record(reads=("x",))
    write_run_info(tmp_path, place, Clock().occasion(first.digest, tmp_path))
    write_run_info(tmp_path, place, Clock().occasion(first.digest, tmp_path, "run-2"))
    (kept,) = project(tmp_path, first).kept
    assert kept.occasion is not None and kept.occasion.prefect_run == "run-2", "the latest is shown"
    assert project(tmp_path, other).kept[0].occasion is None, "nobody told of other bytes"
    write_run_info(tmp_path, place, Clock().occasion(other.digest, tmp_path))
    (kept,) = project(tmp_path, first).kept
    assert kept.occasion is not None and kept.occasion.prefect_run == "run-2", "gone back to what was made before"
    shutil.rmtree(tmp_path / LOCAL)
    assert project(tmp_path, first).kept[0].occasion is None, "another clone knows what, not when"


def test_commit_and_what_differs_from_it(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == (None, ())
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert commit_of(tmp_path) == (None, ())
    for name in ("a.py", "old name.py", "gone.py", "data.csv"):
        (tmp_path / name).write_text(name * 20)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert commit_of(tmp_path) == (head, ())
    (tmp_path / "a.py").write_text("changed")
    (tmp_path / "data.csv").write_text("changed")
    (tmp_path / "new file.yaml").write_text("new")
    (tmp_path / "gone.py").unlink()
    subprocess.run([*git, "mv", "old name.py", "new name.py"], check=True)
    assert commit_of(tmp_path) == (head, ("a.py", "gone.py", "new file.yaml", "new name.py"))
