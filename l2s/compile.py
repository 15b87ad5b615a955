"""``python -m l2s.compile``: everything that would else be compiled at its first use. For the install."""

import compileall
from pathlib import Path

from l2s.checkpoints import sha256
from l2s.merging import kernels

if __name__ == "__main__":
    for package in ("l2s", "tasks", "flows"):
        compileall.compile_dir(Path(__file__).parent.parent / package, quiet=1)
    for loops in (kernels.LOOPS, sha256.loops()):
        if loops is not None:
            loops.load()
