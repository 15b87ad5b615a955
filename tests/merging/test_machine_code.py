"""Machine code of the loops: made once, found again, run without Numba, and given only what it is made for."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from l2s.merging import kernels, machine_code
from l2s.merging.kernels import Source

F = np.float32


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two folders in which the code is looked for, both empty."""
    found = [tmp_path / "first" / "loops.json", tmp_path / "second" / "loops.json"]
    monkeypatch.setattr(machine_code, "_places", lambda: found)
    return found


def made() -> machine_code.Made:
    """As a new process would find it."""
    return machine_code._made.__wrapped__()


def test_a_merge_runs_without_numba(tmp_path: Path) -> None:
    """In a process of its own, every method that computes with arrays, in two formats."""
    script = """
import pathlib, sys, torch
from l2s.merging.machine_code import load
from l2s.merging.merge import merge_checkpoints
from l2s.merging.recipe import MergeRecipe
from tests.tiny import write_family
load()
for dtype in (torch.bfloat16, torch.float32):
    place = pathlib.Path(sys.argv[1], str(dtype))
    folders = write_family(place, dtype=dtype)
    for method in ("linear", "task_arithmetic", "ties", "dare_ties", "dare_linear"):
        models = [{"model": name, "parameters": {"density": 0.5}} for name in ("quick", "slow")]
        if method in ("linear", "task_arithmetic"):
            models = [{"model": model["model"]} for model in models]
        base = {} if method == "linear" else {"base_model": "base"}
        asked = {"merge_method": method, "models": models, "dtype": "bfloat16", **base}
        merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, place / method)
assert "numba" not in sys.modules
"""
    machine_code.load()
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)


def test_what_is_compiled_is_kept_and_found_again(places: list[Path]) -> None:
    first = made()
    assert len(first) == 12 and places[0].is_file() and not places[1].exists()
    before = places[0].stat()
    assert made() == first and places[0].stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_that_is_none_is_made_again(places: list[Path]) -> None:
    expected = made()
    damaged = json.loads(places[0].read_text())
    damaged["loops"]["merge"]["object"] = damaged["loops"]["merge"]["object"][:4000]
    for content in ("", "{", "[]", "{}", '{"digest": 1, "loops": {}}', json.dumps(damaged)):
        places[0].write_text(content)
        assert made() == expected and len(places[0].read_text()) > 10_000


def test_where_nothing_can_be_written_the_next_place_is_taken_or_none(places: list[Path]) -> None:
    places[0].parent.write_text("a file, not a folder")
    assert made() and places[1].is_file()
    places[1].unlink()
    places[1].parent.rmdir()
    places[1].parent.write_text("this too")
    assert made()


def test_the_name_follows_the_sources_and_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine_code._key()
    assert machine_code._key() == before
    for name in ("get_host_cpu_name", "get_host_cpu_features"):
        with monkeypatch.context() as patched:
            patched.setattr(machine_code.llvm, name, lambda: _Features())
            assert machine_code._key() != before
    monkeypatch.setenv("NUMBA_OPT", "0")
    assert machine_code._key() != before


class _Features(str):
    def flatten(self) -> str:
        return "+one,-other"


def test_arrays_of_another_form_are_refused() -> None:
    halves, floats = np.zeros(8, np.uint16), np.zeros(8, F)
    for stored, out in ((floats, floats), (halves, np.zeros(8)), (halves, np.zeros((2, 4), F)), (halves[::2], floats)):
        with pytest.raises(TypeError, match="widen: found an array of"):
            kernels.widen(stored, out)  # type: ignore[arg-type]
    floats.flags.writeable = False
    with pytest.raises(TypeError, match="read-only"):
        kernels.widen(halves, floats)
    with pytest.raises(ValueError, match="zip"):
        machine_code.run("widen", halves)


def test_loops_run_in_several_threads_from_the_first_call_on() -> None:
    machine_code._routine.cache_clear()
    values = [np.full(5000, k, F) for k in range(32)]

    def widened(row: kernels.Floats) -> kernels.Floats:
        stored, again = np.empty(row.size, np.uint16), np.empty(row.size, F)
        assert kernels.narrow(row, stored, again)
        return again

    with ThreadPoolExecutor(8) as pool:
        for row, again in zip(values, pool.map(widened, values), strict=True):
            assert np.array_equal(row, again)


def test_entries_may_lie_anywhere_in_files(tmp_path: Path) -> None:
    """At odd bytes, in one file or several, the same ones twice; over several chunks, and less than one block."""
    n = 2 * kernels.CHUNK + 1001
    content = np.random.default_rng(0).normal(size=3 * n).astype(F).view(np.uint32).__rshift__(16).astype(np.uint16)
    stored = content.tobytes()
    (tmp_path / "one").write_bytes(stored)
    (tmp_path / "odd").write_bytes(b"odd" + stored)
    with open(tmp_path / "one", "rb") as one, open(tmp_path / "odd", "rb") as odd:
        plain = [Source(one.fileno(), 2 * n * k) for k in range(3)]
        shifted = [Source(odd.fileno(), 3 + 2 * n * k) for k in range(3)]
        first = merged(plain, n)
        base, near, far = (row.astype(np.uint32).__lshift__(16).view(F) for row in content.reshape(3, n))
        expected = torch.from_numpy(F(0.5) * base + F(1) * near + F(1) * far).bfloat16().view(torch.uint16)
        assert first is not None and first[0] == expected.tolist()
        assert merged(shifted, n) == first == merged([plain[0], shifted[1], plain[2]], n)
        assert merged([plain[2], plain[2], shifted[2]], n) == merged([plain[2]] * 3, n)
        assert merged([Source(odd.fileno(), 5), *plain[1:]], 7) == merged([Source(one.fileno(), 2), *plain[1:]], 7)


def test_a_file_that_ends_before_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(2000))
    with open(tmp_path / "file", "rb") as file:
        whole, cut = Source(file.fileno(), 0), Source(file.fileno(), 2)
        assert merged([whole] * 3, 1000) and merged([whole, whole, cut], 1000) is None
    assert merged([whole] * 3, 1000) is None  # it is closed


def merged(sources: list[kernels.Source], n: int) -> list[object] | None:
    out, squares, counts = np.empty(n, np.uint16), np.zeros(3), np.zeros(5, np.int64)
    ones, none = np.ones(2, F), np.empty((2, 0), np.bool_)
    read = kernels.merge(sources, True, 0.5, ones, -1, ones, none, ones, False, False, 1.0, out, squares, counts)
    return [out.tolist(), squares.tolist(), counts.tolist()] if read else None


def test_settings_of_numba_do_not_stop_it(tmp_path: Path) -> None:
    script = """
import pathlib, sys
from l2s.merging import machine_code
machine_code._places = lambda: [pathlib.Path(sys.argv[1])]
machine_code.load()
"""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "made.json")], check=True, env=environment)
    assert (tmp_path / "made.json").stat().st_size > 10_000
