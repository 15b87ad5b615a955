"""Machine code of the loops: made once, found again, run without Numba, and given only what it is made for."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from l2s import machine_code
from l2s.machine_code import MachineCode
from l2s.merging import kernels

F = np.float32


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two folders in which the code is looked for, both empty."""
    found = [tmp_path / "first" / "loops.json", tmp_path / "second" / "loops.json"]
    monkeypatch.setattr(MachineCode, "_places", lambda self: found)
    return found


def made() -> machine_code.Made:
    """As a new process would find it."""
    return kernel_loops()._made()


def kernel_loops() -> MachineCode:
    return MachineCode("l2s.merging.kernel_loops", "kernels")


def test_a_merge_runs_without_numba(tmp_path: Path) -> None:
    """In a process of its own, every method that computes with arrays, in two formats."""
    script = """
import pathlib, sys, torch
from l2s.merging.kernels import LOOPS
from l2s.merging.merge import merge_checkpoints
from l2s.merging.recipe import MergeRecipe
from tests.tiny import write_family
LOOPS.load()
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
    kernels.LOOPS.load()
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
    before = kernel_loops()._key()
    assert kernel_loops()._key() == before
    assert MachineCode("l2s.merging.kernel_loops")._key() != before
    for name in ("get_host_cpu_name", "get_host_cpu_features"):
        with monkeypatch.context() as patched:
            patched.setattr(machine_code.llvm, name, lambda: _Features())
            machine_code.features.cache_clear()
            assert kernel_loops()._key() != before
    machine_code.features.cache_clear()
    monkeypatch.setenv("NUMBA_OPT", "0")
    assert kernel_loops()._key() != before


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
        kernels.LOOPS.run("widen", halves)


def test_loops_run_in_several_threads_from_the_first_call_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.LOOPS, "_routines", {})
    values = [np.full(5000, k, F) for k in range(32)]

    def widened(row: kernels.Floats) -> kernels.Floats:
        stored, again = np.empty(row.size, np.uint16), np.empty(row.size, F)
        assert kernels.narrow(row, stored, again)
        return again

    with ThreadPoolExecutor(8) as pool:
        for row, again in zip(values, pool.map(widened, values), strict=True):
            assert np.array_equal(row, again)


def test_settings_of_numba_do_not_stop_it(tmp_path: Path) -> None:
    script = """
import pathlib, sys
from l2s.machine_code import MachineCode
from l2s.merging.kernels import LOOPS
MachineCode._places = lambda self: [pathlib.Path(sys.argv[1])]
LOOPS.load()
"""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "made.json")], check=True, env=environment)
    assert (tmp_path / "made.json").stat().st_size > 10_000
