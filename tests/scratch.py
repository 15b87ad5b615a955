"""The whole pipeline in scratch clones, with few problems: what CI runs besides the tests.

``python -m tests.scratch`` clones the repository's HEAD, shrinks the benchmarks, runs ``dvc repro`` and commits what
was made. In a clone of that, ``l2s run`` is killed in the middle (``kill -9``) and run again. Both must end with the
same bytes, git has nothing to say, and neither finds anything left to do.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from tests.flows.running import nobody_left

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
RUNS = ("quick", "slow", "slow-budget-96", "average", "aim-ties", "found")


def clone(folder: Path, origin: Path = ROOT) -> Path:
    """A clone of HEAD, to be run with this environment's packages but the clone's own code."""
    subprocess.run(["git", "clone", "--quiet", str(origin), str(folder)], check=True)
    return folder


def commit(folder: Path) -> None:
    """Commit everything that git sees."""
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "run")


def edit_params(folder: Path, edit: Any) -> None:
    """Apply ``edit`` to the parsed params.yaml of a clone."""
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    edit(params)
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def shrink(params: dict[str, Any]) -> None:
    """Few problems, few recipes."""
    for benchmark in params["benchmarks"].values():
        benchmark["per_level"] = 3
    params["samples"], params["training"] = {}, {}
    params["calibration"] = {"activations": params["calibration"]["activations"] | {"samples": 4}}
    params["searches"]["found"] |= {"margin": 0.3, "budget": {"trials": 4}}  # so few problems certify no less
    params["runs"] = {name: params["runs"][name] for name in RUNS}
    params["recipes"] = {name: params["recipes"][name] for name in RUNS if name in params["recipes"]}


def start(folder: Path, command: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a project's own ``l2s``, or another command of this environment, in the project."""
    wrapper = folder / ".l2s" / "bin" / "l2s"
    if not wrapper.exists():
        wrapper.parent.mkdir(parents=True, exist_ok=True)
        call = "from flows.program import main; main()"
        wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" -c "{call}" "$@"\n')
        wrapper.chmod(0o755)
    named = {"PYTHONPATH": str(folder), "L2S_COMMAND": str(wrapper), "VIRTUAL_ENV": "", "DVC_NO_ANALYTICS": "1"}
    named["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # dvc's queue starts workers by the name dvc
    user = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {"l2s": wrapper, "dvc": BIN / "dvc"}
    words, pipe = [str(own.get(command, command)), *arguments], subprocess.PIPE
    environment = {**os.environ, **named, **user}
    return subprocess.Popen(words, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(folder: Path, *command: str, code: int = 0) -> str:
    """Run a command in a project to its end; everything it printed."""
    process = start(folder, *command)
    out, err = process.communicate()
    assert process.returncode == code, (command, process.returncode, out, err)
    return out + err


def run_and_kill(folder: Path) -> None:
    """Start ``l2s run`` and kill it outright once it generates."""
    process = start(folder, "l2s", "run")
    store = folder / ".l2s" / "responses.sqlite-wal"
    while process.poll() is None and not (store.exists() and store.stat().st_size > 20_000):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    nobody_left(folder)


def outputs(folder: Path) -> dict[str, str]:
    """Every file under ``data/`` and its digest."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted((folder / "data").rglob("*"))
        if file.is_file()
    }


def main() -> None:
    """Run it and say what was seen."""
    scratch = Path(tempfile.mkdtemp(prefix="l2s-scratch-"))
    try:
        plain = clone(scratch / "plain")
        edit_params(plain, shrink)
        started = time.monotonic()
        run(plain, "dvc", "repro")
        print(f"dvc repro: {time.monotonic() - started:.0f} s")
        commit(plain)
        killed = clone(scratch / "killed", plain)
        run_and_kill(killed)
        left, _ = json.JSONDecoder().raw_decode(run(killed, "l2s", "run", "--dry", "--json"))
        assert "report" in left and "family" not in left, left
        print(run(killed, "l2s", "run"))
        assert outputs(plain) == outputs(killed), sorted(set(outputs(plain).items()) ^ set(outputs(killed).items()))
        assert (status := run(killed, "git", "status", "--porcelain")) == "", status
        print(f"after the kill {len(left)} stages were left")
        print(f"killed and run again: the same {len(outputs(plain))} files, byte for byte; git has nothing to say")
        for folder in (plain, killed):
            assert "everything is up to date" in run(folder, "l2s", "run")
            assert "Running stage" not in run(folder, "dvc", "repro")
        print("second runs, by either command: nothing to do")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
