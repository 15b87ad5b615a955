"""Scratch folders go with what holds them; what a killed process left goes with the next."""

import gc
import subprocess
import sys
from pathlib import Path

from l2s.core.scratch import Scratch

HOLD = """
import sys, time
from pathlib import Path
from l2s.core.scratch import Scratch
scratch = Scratch("l2s-test-", Path(sys.argv[1]))
(scratch.path / "f").write_text("x")
print(scratch.path, flush=True)
if sys.argv[2] == "wait":
    time.sleep(60)
"""


def started(place: Path, what: str) -> tuple[subprocess.Popen[str], Path]:
    command = [sys.executable, "-c", HOLD, str(place), what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_goes_when_it_is_closed_or_let_go_of(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "place"
    first, second = Scratch("l2s-test-", place), Scratch("l2s-test-", place)
    paths = [first.path, second.path]
    assert all(path.is_dir() for path in paths), "one that is in use is not cleared away"
    first.close()
    del second
    gc.collect()
    assert not any(path.exists() for path in paths)


def test_a_killed_process_leaves_it_to_the_next(tmp_path: Path) -> None:
    process, left = started(tmp_path, "wait")
    living = Scratch("l2s-test-", tmp_path)
    assert (left / "f").is_file(), "it is still held"
    process.kill()
    process.wait()
    other = Scratch("l2s-other-", tmp_path)
    assert left.is_dir(), "of another kind"
    fresh = Scratch("l2s-test-", tmp_path)
    assert not left.exists() and living.path.is_dir() and fresh.path.is_dir() and other.path.is_dir()
    process, ended = started(tmp_path, "end")
    assert process.wait() == 0 and not ended.exists()
