"""A stage's command does not outlive the process that asked for it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.flows.running import here

CHILD = """
import time
from flows.pipeline.orphans import end_with_ancestors
end_with_ancestors(interval=0.1)
print(1, flush=True)
time.sleep(60)
"""


def test_kill_9_of_the_grandparent_ends_the_command(tmp_path: Path) -> None:
    """The way DVC does it: a program starts a shell, which starts the command."""
    program = (
        "import subprocess, sys; "
        f"subprocess.run(['sh', '-c', 'echo $$; \"$0\" -c \"$1\"; true', sys.executable, {CHILD!r}])"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=here())
    assert parent.stdout is not None
    shell = int(parent.stdout.readline())
    assert parent.stdout.readline() == "1\n"
    children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    assert len(children) == 1
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and Path(f"/proc/{children[0]}").exists():
        time.sleep(0.1)
    assert not Path(f"/proc/{children[0]}").exists()
