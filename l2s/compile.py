"""``python -m l2s.compile``: compile what would else be compiled at its first use. For the install."""

import compileall
from pathlib import Path

import numpy as np

from l2s.merging.kernels import kernels


def call_kernels() -> None:
    """Call every kernel once, with arrays as merges have them; Numba keeps what it compiled."""
    row, rows, out = np.ones(4, np.float32), np.ones((2, 4), np.float32), np.empty(4, np.float32)
    halves, flags, counts = np.zeros(4, np.uint16), np.ones(4, np.bool_), np.zeros(5, np.int64)
    stored = halves.copy()
    stored.flags.writeable = False  # as a mapped file's
    kernels.widen(stored, out)
    kernels.widen(halves, out)
    kernels.choose(np.ones(2, np.uint64), 0, 1, 0.5, flags)
    kernels.distances(rows, row, rows.copy())
    kernels.between(row, 0.0, 2.0, out)
    kernels.tally(row, row, row, row, row, rows, rows, np.zeros(3), counts)
    kernels.merge(
        np.zeros(12, np.uint16), np.array([0, 4, 8]), 0, True, 0.0, row[:2], 0, row[:2], np.ones((2, 0), np.bool_),
        row[:2], False, False, 1.0, halves, np.zeros(3), counts,
    )  # fmt: skip


if __name__ == "__main__":
    for package in ("l2s", "tasks", "flows"):
        compileall.compile_dir(Path(__file__).parent.parent / package, quiet=1)
    call_kernels()
