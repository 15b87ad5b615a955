"""dvc.lock a stage at a time: the bytes are those of DVC's own dumper, and what is odd is left to DVC."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import dumps_yaml, modify_yaml, parse_yaml

from tasks import lockfile

ODD = {
    "md5": "0" * 32, "small": 1e-05, "text": "1e-05", "yes": "no", "none": None, "lines": "a: b\n  c\n",
    "long": "word " * 40, "list": [{"path": "data/x", "size": 3}, []], "é": "ü",
}  # fmt: skip


def entry(**more: Any) -> dict[str, Any]:
    values = {"a.b": [0.5, {"c": True}]} | copy.deepcopy(more)
    return {"cmd": "sh flows/stage.sh x", "params": {"params.yaml": values}}


def lock(*names: str) -> dict[str, Any]:
    return {"schema": "2.0", "stages": {name: entry(number=n, **ODD) for n, name in enumerate(names)}}


def test_the_bytes_are_those_of_dvcs_own_dumper() -> None:
    before = lock("family", "merge@ta-s40", "verify@a: b", "0123", "- x")
    text = dumps_yaml(before)
    after = copy.deepcopy(before)
    after["stages"]["merge@ta-s40"]["params"]["params.yaml"]["number"] = 2.5e-08
    after["stages"]["new@one"] = entry(**ODD)
    found = lockfile.spliced(text, before, after)
    assert found == (dumps_yaml(after), after)
    assert parse_yaml(found[0], "dvc.lock") == after


def test_what_is_more_than_changed_entries_is_left_to_dvc() -> None:
    before = lock("a", "b", "c")
    text = dumps_yaml(before)
    fewer, turned, headed = (copy.deepcopy(before) for _ in range(3))
    del fewer["stages"]["b"]
    turned["stages"] = dict(reversed(turned["stages"].items()))
    headed["datasets"] = []
    for after in (fewer, turned, headed):
        assert lockfile.spliced(text, before, after) is None
    commented = text.replace("  b:\n", "  b: # mine\n")
    assert lockfile.spliced(commented, before, before) is None
    anchored = copy.deepcopy(before)
    anchored["stages"]["c"]["again"] = anchored["stages"]["c"]["params"]  # the dumper writes an anchor
    assert lockfile.spliced(text, before, anchored) is None
    anchored["stages"]["b"]["again"] = anchored["stages"]["c"]["params"]
    assert (
        lockfile.spliced(dumps_yaml(anchored), anchored, {**anchored, "stages": lock("a", "b", "c")["stages"]}) is None
    )


def by_us(path: Path) -> Any:
    return lockfile.modified(str(path))


def by_dvc(path: Path) -> Any:
    return modify_yaml(str(path))


@pytest.mark.parametrize(
    "start", ["", "# mine\n", "schema: '2.0'\nstages: {}\n", "schema: '2.0'\ndatasets: []\nstages:\n"]
)
def test_a_file_as_dvc_does_not_write_it_ends_as_dvc_would_leave_it(tmp_path: Path, start: str) -> None:
    ours, theirs = tmp_path / "ours" / "dvc.lock", tmp_path / "theirs" / "dvc.lock"
    for file, modify in ((ours, by_us), (theirs, by_dvc)):
        file.parent.mkdir()
        if start:
            file.write_text(start)
        for name in ("a", "b@c", "a"):
            with modify(file) as data:
                data.setdefault("schema", "2.0")
                data["stages"] = data.get("stages") or {}
                data["stages"][name] = entry(after=len(data["stages"]))
    assert ours.read_text() == theirs.read_text()


def test_what_is_yielded_is_the_callers_own(tmp_path: Path) -> None:
    file = tmp_path / "dvc.lock"
    file.write_text(dumps_yaml(lock("a", "b")))
    with lockfile.modified(str(file)) as data:
        data["stages"]["a"]["cmd"] = "changed"
    read = lockfile.parsed(file.read_text(), file)
    assert read["stages"]["a"]["cmd"] == "changed"
    read["stages"].clear()
    assert lockfile.parsed(file.read_text(), file)["stages"].keys() == {"a", "b"}
    file.write_text(file.read_text().replace("changed", "by hand"))
    assert lockfile.parsed(file.read_text(), file)["stages"]["a"]["cmd"] == "by hand"


def test_an_error_in_the_block_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "dvc.lock"
    file.write_text(dumps_yaml(lock("a")))
    before = file.read_bytes()
    with pytest.raises(RuntimeError), lockfile.modified(str(file)) as data:
        data["stages"].clear()
        raise RuntimeError
    assert file.read_bytes() == before and [found.name for found in tmp_path.iterdir()] == ["dvc.lock"]


def test_dvc_itself_is_left_alone_until_a_stage_runs_here() -> None:
    program = "from dvc import dvcfile; import tasks.lockfile; print(dvcfile.modify_yaml.__module__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "dvc.utils.serialize._yaml"
