"""The benchmark itself: does it measure what it says, and judge by it? Peers are left out."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import typer
from safetensors.torch import load_file
from typer.testing import CliRunner

from bench import merge
from bench.cases import AGAIN, COPYING, MB, OURS, PEER, Case, Limits, cases_for
from bench.copying import copy
from bench.measure import Run, measure
from bench.models import SHAPES, Shape, shape_of, write_family
from bench.peers import MERGEKIT, PYTHON, PeerError, find_mergekit, install_mergekit
from bench.results import Result, judge
from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.ancestry import relative_distance
from l2s.core.progress import silent
from l2s.merging.recipe import MergeRecipe

ROOT = Path(__file__).parents[2]


def run_python(code: str, folder: Path) -> Run:
    return measure([sys.executable, "-c", code], folder / "log", os.environ)


def test_memory_is_what_the_process_and_its_children_hold_themselves(tmp_path: Path) -> None:
    file = tmp_path / "mapped"
    file.write_bytes(bytes(80 * MB))
    child = "b = bytearray(60_000_000); import time; time.sleep(0.5)"
    idle = run_python("import subprocess, sys, mmap, time; time.sleep(0.2)", tmp_path)
    busy = run_python(
        f"import subprocess, sys, mmap, time; own = bytearray(40_000_000)\n"
        f"f = open({str(file)!r}, 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); sum(m[::4096])\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)",
        tmp_path,
    )
    assert idle.code == busy.code == 0
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(file)], capture_output=True, text=True, check=True).stdout
    mapped = 80 * MB if kind.strip() == "tmpfs" else 0  # there a file's pages are memory, and nothing else holds them
    assert 100 * MB <= busy.anonymous - mapped < 140 * MB
    assert idle.anonymous < 20 * MB
    assert busy.resident >= 180 * MB


def test_time_is_that_of_the_command_and_cpu_that_it_used(tmp_path: Path) -> None:
    asleep = run_python("import time; time.sleep(0.6)", tmp_path)
    assert 0.6 <= asleep.seconds < 5 and asleep.cpu_seconds < 0.5
    busy = run_python("import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass", tmp_path)
    assert 0.4 <= busy.cpu_seconds < busy.seconds + 0.2


def test_a_failure_keeps_its_exit_code_and_its_words(tmp_path: Path) -> None:
    assert run_python("print('it went wrong'); raise SystemExit(3)", tmp_path).code == 3
    assert "it went wrong" in (tmp_path / "log").read_text()
    assert run_python("import os; os.abort()", tmp_path).code == -6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_an_interrupt(number: signal.Signals, tmp_path: Path) -> None:
    """The measuring process is interrupted; the command it measured must be gone."""
    sleeper = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import os, sys; from pathlib import Path; from bench.measure import end_on_terminate, measure\n"
        "end_on_terminate()\n"
        f"measure([sys.executable, '-c', {sleeper!r}], Path({str(tmp_path / 'log')!r}), os.environ)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(20) != 0
    assert not Path("/proc", (tmp_path / "pid").read_text(), "status").exists()


def test_copying_reads_all_and_writes_as_much_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.copying.BUFFER", 1000)
    (tmp_path / "a").write_bytes(b"\x01" * 2500)
    copy(tmp_path / "out", 3300, [tmp_path / "a"])
    written = (tmp_path / "out").read_bytes()
    assert len(written) == 3300 and written[:1000] == b"\x01" * 1000
    with pytest.raises(FileNotFoundError):
        copy(tmp_path / "out", 1, [tmp_path / "missing"])


@pytest.mark.parametrize(("name", "entries"), [("0.5b", 494_032_768), ("7b", 7_615_616_512)])
def test_shapes_are_those_of_the_real_models(name: str, entries: int) -> None:
    """The parameter counts that Qwen2.5-0.5B and -7B are published with."""
    shape = SHAPES[name]
    assert sum(math.prod(found) for found in shape.tensors().values()) == entries
    assert shape.size() == 2 * entries
    assert shape.tensors()["model.layers.0.self_attn.k_proj.weight"][0] == {"0.5b": 128, "7b": 512}[name]
    assert ("lm_head.weight" in shape.tensors()) == (name == "7b")
    assert shape_of(name, 3).size() < shape.size()


def test_models_are_fine_tunes_of_the_base_in_any_number_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_family(tmp_path / "whole", SHAPES["tiny"], silent)
    monkeypatch.setattr("bench.models.SHARD", 60_000)
    cut = write_family(tmp_path / "cut", SHAPES["tiny"], silent)
    assert len(list(cut["base"].glob("*.safetensors"))) > 2
    for name, folder in whole.items():
        tensors = load_file(folder / "model.safetensors")
        assert {n: tuple(t.shape) for n, t in tensors.items()} == SHAPES["tiny"].tensors()
        shards = {n: t for file in cut[name].glob("*.safetensors") for n, t in load_file(file).items()}
        assert all(torch.equal(tensor, shards[n]) for n, tensor in tensors.items())
        assert Checkpoint(cut[name]).weights_digest == Checkpoint(folder).weights_digest
    quick, slow = (relative_distance(Checkpoint(whole["base"]), Checkpoint(whole[name])) for name in ("quick", "slow"))
    assert quick == pytest.approx(0.02, rel=0.1) and slow == pytest.approx(0.02, rel=0.1)
    apart = relative_distance(Checkpoint(whole["quick"]), Checkpoint(whole["slow"]))
    assert apart == pytest.approx(0.02 * 2**0.5, rel=0.1)


def test_models_are_made_once_and_a_stopped_run_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.models._header", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_family(tmp_path, SHAPES["tiny"], silent)
    assert not [folder for folder in tmp_path.iterdir() if not folder.name.startswith(".")]
    monkeypatch.undo()
    made = write_family(tmp_path, SHAPES["tiny"], silent)
    monkeypatch.setattr("bench.models._header", stopped)
    assert write_family(tmp_path, SHAPES["tiny"], silent) == made


@pytest.mark.parametrize("shape", SHAPES)
def test_every_case_is_a_recipe(shape: str) -> None:
    for case in cases_for(shape):
        models = {name: Path(name) for name in ("base", "quick", "slow")}
        assert MergeRecipe.parse(case.recipe(models), case.name).input_names()[-1] == "slow"
        assert (case.limits == Limits()) == (shape == "tiny" or case.once)


def result(tool: str, *seconds: float, anonymous: int = 100 * MB, code: int = 0) -> Result:
    return Result("a", tool, "", [Run(s, s, anonymous, anonymous, code) for s in seconds])


def test_limits_hold_or_not_by_the_medians() -> None:
    case = Case("a", "ties", limits=Limits(copying=2, peer=1 / 3, anonymous=200 * MB))
    good = judge([case], [result(COPYING, 9, 1, 1), result(OURS, 1, 2, 9), result(PEER, 1, 6, 9)])
    assert [(verdict.held, verdict.measured) for verdict in good] == [
        (True, "2.00 × copying"), (True, "0.33 × mergekit"), (True, "100 MB")
    ]  # fmt: skip
    bad = judge([case], [result(COPYING, 1), result(OURS, 2.1, anonymous=201 * MB), result(PEER, 6)])
    assert [verdict.held for verdict in bad] == [False, False, False]


def test_a_second_merge_is_judged_like_the_first_but_it_alone_against_copying() -> None:
    case = Case("a", "ties", limits=Limits(copying=2, peer=1))
    for second, held in ((2, True), (2.1, False)):
        verdicts = judge([case], [result(COPYING, 1), result(OURS, 3), result(AGAIN, second), result(PEER, 3)])
        found = [(verdict.tool, verdict.limit[-7:], verdict.held) for verdict in verdicts]
        assert found == [(OURS, "ergekit", True), (AGAIN, "copying", held), (AGAIN, "ergekit", True)]


def test_a_failed_run_holds_no_limit_and_gives_no_time() -> None:
    case = Case("a", "ties", limits=Limits(copying=2, peer=1, anonymous=200 * MB))
    failed = result(OURS, 0.1, 0.1)
    failed.runs.append(Run(0.1, 0.1, 1, 1, 2))
    assert failed.seconds is None
    verdicts = judge([case], [result(COPYING, 1), failed, result(PEER, 6)])
    assert len(verdicts) == 3 and not any(verdict.held for verdict in verdicts)


def test_without_a_peer_its_limit_is_not_judged() -> None:
    case = Case("a", "ties", limits=Limits(peer=1 / 3))
    assert judge([case], [result(COPYING, 1), result(OURS, 2)]) == []


@pytest.mark.slow
def test_a_peer_that_is_there_is_used_and_one_that_cannot_be_had_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PYTHON, raising=False)
    assert find_mergekit(tmp_path) is None
    monkeypatch.setattr("bench.peers.CONSTRAINTS", tmp_path / "missing.txt")
    with pytest.raises(PeerError, match=r"could not install torch.*missing\.txt"):
        install_mergekit(tmp_path)
    assert find_mergekit(tmp_path) is None, "an environment without it is none"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mergekit-yaml").touch()
    monkeypatch.setenv(PYTHON, str(tmp_path / "bin" / "python"))
    assert install_mergekit(tmp_path) == tmp_path / "bin" / "python"
    assert MERGEKIT.endswith("==0.1.5")


@pytest.mark.slow
def test_the_whole_bench_runs_on_tiny_models(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.merge", "--quick", "--no-peers", "--cache", str(tmp_path / "cache")]
    asked = ["--case", "task_arithmetic", "--case", "ties, global", "--json", str(tmp_path / "found.json")]
    done = subprocess.run([*command, *asked], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(r["case"], r["tool"]) for r in found["results"]] == [
        (case, tool) for case in ("task_arithmetic", "ties, global") for tool in (COPYING, OURS, AGAIN)
    ]
    for each in found["results"]:
        assert each["seconds"] == each["runs"][0]["seconds"] > 0 and each["command"] and each["anonymous"] > MB
    assert "ties, global" in done.stdout and "× copying" in done.stdout
    assert "run 1:" in done.stderr, "progress is shown"
    assert sorted(f.name for f in (tmp_path / "cache").iterdir()) == ["logs", "models"], "results are deleted"


@pytest.mark.long
def test_a_merge_that_fails_is_shown_and_the_bench_ends_with_1(tmp_path: Path) -> None:
    models = write_family(tmp_path / "models", SHAPES["tiny"], silent)
    (models["slow"] / "model.safetensors").write_bytes(b"damaged")
    command = [sys.executable, "-m", "bench.merge", "--quick", "--no-peers", "--cache", str(tmp_path)]
    done = subprocess.run([*command, "--case", "task_arithmetic"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1 and "1 of 1 failed" in done.stdout and "FAILED (2), see" in done.stderr


@pytest.mark.parametrize(("option", "said"), [("--case=tyes", "unknown case tyes"), ("--shape=8b", "unknown shape")])
def test_a_misspelling_is_said(option: str, said: str, tmp_path: Path) -> None:
    program = typer.Typer()
    program.command()(merge.main)
    done = CliRunner().invoke(program, ["--cache", str(tmp_path), option])
    assert done.exit_code == 2 and said in done.output and not list(tmp_path.iterdir())


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="ask for fewer --layers"):
        merge._check_room(tmp_path, shape_of("7b", 20_000))
    assert not list(tmp_path.iterdir())


def test_a_shape_has_a_name_that_tells_it_from_others() -> None:
    assert len({shape_of("7b", layers).name for layers in (None, 1, 2)}) == 3
    assert isinstance(shape_of("tiny"), Shape)
