"""Where a command writes: no input is lost, nor any file that the command did not write."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app_for
from l2s.core.errors import L2SError
from tests.flows.running import L2S
from tests.tiny import write_family

RUN = CliRunner()
VERDICT = {"run": "r", "model": "r", "benchmark": "b", "gold": "1", "response": "x", "answer": "1", "grader": "l2s"}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models, problems, responses, pairs, verdicts, a recipe; and a file and a folder of somebody's."""
    monkeypatch.chdir(tmp_path)
    write_family(tmp_path / "models")
    recipe = {"merge_method": "linear", "models": [{"model": f"models/{name}"} for name in ("quick", "slow")]}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe))
    rows = {
        "p": {"benchmark": "b", "id": "1", "problem": "1+1?", "gold": "2"},
        "r": {"gold": "1", "response": "\\boxed{1}"},
        "g": {"gold": "1", "answer": "1"},
        "t": {"prompt": "t1", "short": "t2", "long": "t3"},
        "v": {**VERDICT, "id": "1", "status": "correct", "correct": True},
    }
    for name, row in rows.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "thesis.txt").write_text("my thesis")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("my thesis")
    return tmp_path


COMMANDS = {
    "verify": ["verify", "r.jsonl", "OUT"],
    "grade": ["grade", "g.jsonl", "OUT"],
    "generate": ["generate", "models/slow", "p.jsonl", "OUT"],
    "calibrate": ["calibrate", "models/slow", "t.jsonl", "OUT"],
    "texts": ["texts", "r.jsonl", "v.jsonl", "OUT"],
    "merge": ["merge", "r.yaml", "OUT"],
    "analyse": ["analyse", "v.jsonl", "--out", "OUT"],
    "preset": ["preset", "tiny", "--out", "OUT"],
}
FOLDERS = ("merge", "analyse")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def refused(work: Path, command: str, out: str, *more: str) -> str:
    """The sentence; nothing may have changed."""
    before = contents(work)
    arguments = [word if word != "OUT" else out for word in COMMANDS[command]]
    with pytest.raises(L2SError) as error:
        RUN.invoke(app_for(arguments), [*arguments, *more], catch_exceptions=False)
    assert contents(work) == before and "\n" not in str(error.value)
    return str(error.value)


def done(command: str, out: str, *more: str) -> None:
    arguments = [word if word != "OUT" else out for word in COMMANDS[command]]
    found = RUN.invoke(app_for(arguments), [*arguments, *more], catch_exceptions=False)
    assert found.exit_code == 0, found.output


INPUTS = [
    ("verify", "r.jsonl"), ("grade", "g.jsonl"), ("generate", "p.jsonl"), ("generate", "models/slow/config.json"),
    ("generate", "models/slow/new.json"), ("calibrate", "t.jsonl"), ("calibrate", "models/slow/model.safetensors"),
    ("calibrate", "models/slow/new.safetensors"), ("merge", "models/slow"), ("merge", "models"),
    ("merge", "models/slow/new"), ("merge", "."), ("generate", ".l2s/responses.sqlite"),
    ("texts", "v.jsonl"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "out"), INPUTS)
def test_an_input_is_never_replaced(work: Path, command: str, out: str) -> None:
    (work / ".l2s").mkdir()
    (work / ".l2s/responses.sqlite").write_bytes(b"")
    for more in ((), ("--force",)):
        assert "choose another place" in (said := refused(work, command, out, *more)) or "outside" in said or (
            "move it elsewhere" in said
        )  # fmt: skip


@pytest.mark.parametrize("link", ["symbolic", "hard", "folder", "dots"])
def test_an_input_by_another_name_is_one(work: Path, link: str) -> None:
    out = "other.jsonl"
    if link == "symbolic":
        (work / out).symlink_to("r.jsonl")
    elif link == "hard":
        os.link(work / "r.jsonl", work / out)
    elif link == "folder":
        (work / "here").symlink_to(work)
        out = "here/r.jsonl"
    else:
        out = "folder/../r.jsonl"
    for more in ((), ("--force",)):
        assert "is an input of l2s verify" in refused(work, "verify", out, *more)


def test_what_is_written_beside_out_is_no_input_either(work: Path) -> None:
    (work / "o.broken.jsonl").write_text('{"gold": "1", "response": "x"}\n')
    with pytest.raises(L2SError, match=r"o.broken.jsonl, which is written beside o.jsonl, is an input of l2s verify"):
        RUN.invoke(app_for(), ["verify", "o.broken.jsonl", "o.jsonl", "--force"], catch_exceptions=False)
    assert "o.broken.jsonl: is there already" in refused(work, "verify", "o.jsonl")
    (work / "x.jsonl.lineage.json").write_text("my notes")
    assert "x.jsonl.lineage.json: is no record" in refused(work, "verify", "x.jsonl")
    (work / "s").mkdir()
    (work / "s" / "table.md").write_text("my table")
    assert "table.md: is there already" in refused(work, "analyse", "s")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_somebodys_is_replaced_by_force_alone(work: Path, command: str) -> None:
    out = "folder" if command == "merge" else "thesis.txt"
    said = refused(work, command, out)
    if command == "analyse":
        assert "thesis.txt: is a file; expected a folder" in said
    else:
        assert "--force" in said
    if command in ("verify", "grade", "preset", "merge"):
        done(command, out, "--force")
        assert not (work / out).is_file() or (work / out).read_text() != "my thesis"


@pytest.mark.parametrize("command", ["verify", "preset"])
def test_a_folder_is_no_file_and_a_file_no_folder(work: Path, command: str) -> None:
    for more in ((), ("--force",)):
        assert "folder: is a folder; expected a file to write" in refused(work, command, "folder", *more)
    assert "thesis.txt is no folder" in refused(work, command, "thesis.txt/out")
    assert "takes a name of 1 to 200 bytes" in refused(work, command, "n" * 250)
    assert "no file but a device" in refused(work, command, "/dev/null", "--force")


@pytest.mark.parametrize("command", FOLDERS)
def test_a_file_is_no_folder(work: Path, command: str) -> None:
    for more in ((), ("--force",)):
        assert "thesis.txt: is a file; expected a folder" in refused(work, command, "thesis.txt", *more)
    assert "thesis.txt is no folder" in refused(work, command, "thesis.txt/out")


def test_a_place_where_nobody_may_write(work: Path) -> None:
    assert "/proc" in refused(work, "verify", "/proc/no/out.jsonl")


@pytest.mark.parametrize("command", ["verify", "grade", "analyse", "merge"])
def test_what_a_command_wrote_it_replaces_until_somebody_changed_it(work: Path, command: str) -> None:
    done(command, "new/out")
    done(command, "new/out")
    file = {"analyse": "new/out/summary.json", "merge": "new/out/notes.txt"}.get(command, "new/out")
    with open(work / file, "a") as changed:
        changed.write(" ")
    assert "--force" in refused(work, command, "new/out")
    done(command, "new/out", "--force")
    assert not list(work.glob("new/.*"))


def test_an_empty_file_is_nobodys(work: Path) -> None:
    """As ``mktemp`` makes them."""
    (work / "out.jsonl").touch()
    done("verify", "out.jsonl")
    (work / "r.jsonl").write_text("")
    assert "is an input" in refused(work, "verify", "r.jsonl")


def test_another_commands_output_is_not_this_ones(work: Path) -> None:
    done("verify", "out.jsonl")
    assert "made by something else" in refused(work, "grade", "out.jsonl")


def test_a_step_that_fails_leaves_nothing(work: Path) -> None:
    with pytest.raises(L2SError, match="no such file"):
        RUN.invoke(app_for(), ["verify", "absent.jsonl", "a/b/out.jsonl"], catch_exceptions=False)
    assert not (work / "a").exists()


@pytest.fixture
def many(work: Path) -> Iterator[Path]:
    row = json.dumps({"gold": "1", "response": "\\boxed{1}"})
    (work / "r.jsonl").write_text(f"{row}\n" * 3000)
    yield work


def test_a_killed_step_is_run_again_without_force(many: Path) -> None:
    """Wherever the kill falls, before the output, or between it and its record."""
    command = [*L2S, "verify", "r.jsonl", "o.jsonl"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (many / "o.jsonl").exists() and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert (many / "o.jsonl").exists()
    done("verify", "o.jsonl")
    assert (many / "o.jsonl.lineage.json").is_file() and not (many / ".o.jsonl.begun").exists()


@pytest.mark.parametrize("out", ["", ".", "..", "/"])
@pytest.mark.parametrize("command", ["verify", "merge", "analyse"])
def test_a_place_without_a_name_is_none(work: Path, command: str, out: str) -> None:
    before = contents(work)
    words = [out if word == "OUT" else word for word in COMMANDS[command]]
    found = RUN.invoke(app_for(words), words)
    assert isinstance(found.exception, L2SError) and "no place to write to" in str(found.exception)
    assert contents(work) == before
