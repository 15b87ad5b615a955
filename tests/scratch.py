"""The whole pipeline in a scratch clone, with few problems: what CI runs besides the tests.

``python -m tests.scratch`` clones the repository's HEAD, shrinks the benchmarks in its params.yaml, runs
the pipeline, and checks that the second run and ``dvc repro`` find nothing to do.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def clone(folder: Path) -> Path:
    """A clone of HEAD, run with this environment's packages but the clone's own code."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def edit_params(folder: Path, edit: Any) -> None:
    """Apply ``edit`` to the parsed params.yaml of a clone."""
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    edit(params)
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def l2s(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the clone's own ``l2s``."""
    return run(folder, "l2s", *arguments, check=check)


def run(folder: Path, command: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment in the clone, with the clone's code first on the path."""
    wrapper = folder / ".l2s" / "bin" / "l2s"
    if not wrapper.exists():
        wrapper.parent.mkdir(parents=True)
        wrapper.write_text(
            f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" -c "from flows.cli import entry; entry()" "$@"\n'
        )
        wrapper.chmod(0o755)
    import os

    environment = {**os.environ, "PYTHONPATH": str(folder), "L2S_COMMAND": str(wrapper), "VIRTUAL_ENV": ""}
    program = str(wrapper) if command == "l2s" else str(BIN / command)
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise SystemExit(f"{command} {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def shrink(params: dict[str, Any]) -> None:
    """Few problems, few recipes."""
    for benchmark in params["benchmarks"].values():
        benchmark["per_level"] = 6
    params["recipes"] = {name: params["recipes"][name] for name in ("average", "ties-d50")}
    kept = ("quick", "slow", "slow-budget-96", *params["recipes"])
    params["runs"] = {name: params["runs"][name] for name in kept}


def main() -> None:
    """Run it and say what was seen."""
    folder = Path(tempfile.mkdtemp(prefix="l2s-scratch-"))
    try:
        clone(folder / "l2s")
        folder = folder / "l2s"
        edit_params(folder, shrink)
        started = time.monotonic()
        print(l2s(folder, "run").stdout)
        print(f"pipeline: {time.monotonic() - started:.0f} s")
        rows = json.loads((folder / "data/summary/summary.json").read_text())["rows"]
        assert {row["run"] for row in rows} == {"quick", "slow", "slow-budget-96", "average", "ties-d50"}
        again = l2s(folder, "run")
        assert "everything is up to date" in again.stderr, again.stderr
        repro = run(folder, "dvc", "repro")
        assert "Running stage" not in repro.stdout + repro.stderr, repro.stdout
        print("second run and dvc repro: nothing to do")
    finally:
        shutil.rmtree(folder.parent if folder.name == "l2s" else folder, ignore_errors=True)


if __name__ == "__main__":
    main()
