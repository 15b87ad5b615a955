"""A process that ends at once ends as it would have: the same exit code, handlers called, text written."""

import os
import subprocess
import sys

import pytest

START = """
import atexit, sys, threading, time
from flows.ending import ending_at_once
atexit.register(lambda: print("handler"))
def late():
    time.sleep(0.2)
    print("thread")
threading.Thread(target=late).start()
with ending_at_once():
    sys.stdout.write("text ")
"""


def ended(line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", f"{START}    {line}\n"], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("pass", 0, ""),
        ("raise SystemExit", 0, ""),
        ("sys.exit(7)", 7, ""),
        ("sys.exit('a sentence')", 1, "a sentence\n"),
        ("raise ValueError('wrong')", 1, "ValueError: wrong\n"),
    ],
)
def test_a_process_ends_as_it_would_have(line: str, code: int, error: str) -> None:
    found = ended(line)
    assert found.returncode == code
    assert found.stdout == "text thread\nhandler\n"
    assert found.stderr.endswith(error) and bool(found.stderr) == bool(error)


def test_nothing_after_the_block_is_run() -> None:
    assert "after" not in ended("pass\nprint('after')").stdout


def test_a_reader_that_is_gone_is_no_error() -> None:
    program = "from flows.ending import ending_at_once\nwith ending_at_once():\n    print('x' * 100, end='')"
    shell = f'{sys.executable} -c "{program}" | true; exit ${{PIPESTATUS[0]}}'
    own = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60, env=own)
    assert done.returncode == 0 and not done.stderr
