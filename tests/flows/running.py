"""Programs of this clone in processes of their own, and what they leave running."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
L2S = [sys.executable, "-c", "from l2s.app import main; main()"]
SCRIPT = """
import sys
from rich.console import Console
from flows.pipeline.run import StageFailed, run_pipeline
from flows.pipeline.resources import Resources
if __name__ == "__main__":
    resources = Resources(eval(sys.argv[2]), eval(sys.argv[3]), retries=1, delay=0.1)
    try:
        done = run_pipeline([], sys.argv[1], 2, Console(stderr=True), resources=lambda _: resources)
        print("ran" if done else "nothing")
    except StageFailed as failure:
        print("failed:", failure)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def here(**more: str) -> dict[str, str]:
    """The environment in which Python finds this clone."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **more}


def without_prefect(**more: str) -> dict[str, str]:
    """The same, with nothing said of Prefect."""
    return {key: value for key, value in here(**more).items() if not key.startswith("PREFECT_") or key in more}


def start(toy: Path, runner: str = "threads", limits: object = None, needs: object = None) -> subprocess.Popen[str]:
    """Run the flow over the toy project; one more try for what broke down."""
    script = toy / ".l2s" / "run.py"  # processes that are spawned import it
    script.parent.mkdir(exist_ok=True)
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), runner, repr(limits or {}), repr(needs or {})]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=toy, stdout=pipe, stderr=pipe, text=True, env=here())


def finish(run: subprocess.Popen[str]) -> str:
    """What it printed; it ends well."""
    out, err = run.communicate(timeout=400)
    assert run.returncode == 0, err
    return out.strip()


def processes_in(folder: Path) -> list[str]:
    """Commands whose working folder lies in this one, but for this process."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name != str(os.getpid()) and process.joinpath("cwd").resolve().is_relative_to(folder.resolve()):
                found.append(process.joinpath("cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile, or is not ours to look at
    return [line for line in found if line]


def nobody_left(folder: Path, seconds: float = 30) -> None:
    """Everything that works in a folder ends, soon."""
    deadline = time.monotonic() + seconds
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
