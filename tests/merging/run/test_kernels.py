"""Compiled loops against slow, obvious references; and methods as loops against the same on tensors."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import torch

import l2s
from l2s.checkpoints.files.index import TensorEntry
from l2s.checkpoints.reader import Place
from l2s.core.errors import CheckpointError
from l2s.merging.kernels import kernels
from l2s.merging.kernels.fused import READ, FusedKernel
from l2s.merging.method import REGISTERED, Merged, Weight
from l2s.merging.methods import METHODS
from l2s.merging.plan import pieces
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.diagnostics import Tally, _tallied_elsewhere
from l2s.merging.run.merge import merge_checkpoints
from tests.tiny import random_weights, write_checkpoint, write_family

SIZES = [1, 7, 257, 1024, 70_001]
F = np.float32


def drawn(*shape: int, seed: int = 0) -> kernels.Floats:
    """Normal entries, a third of them zero, one of those −0."""
    values = np.random.default_rng(seed).normal(size=shape).astype(F)
    values[..., ::3] = 0
    values[..., -1] = -0.0
    return values


def test_every_bfloat16_is_widened_as_torch_does() -> None:
    bits = np.arange(1 << 16, dtype=np.uint16)
    out = np.empty(1 << 16, F)
    assert not kernels.widen(bits, out)  # NaN and infinities are among them
    expected = torch.from_numpy(bits).view(torch.bfloat16).float().numpy()
    assert np.array_equal(out.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("wrong", [0x7F80, 0xFF80, 0x7FC0, 0xFFFF])
def test_what_is_not_finite_is_noticed_wherever_it_stands(wrong: int) -> None:
    for n in (1, 7, 257):
        for place in {0, n // 2, n - 1}:
            bits = np.full(n, 0x7F7F, np.uint16)  # the largest number there is
            assert kernels.widen(bits, np.empty(n, F))
            bits[place] = wrong
            assert not kernels.widen(bits, np.empty(n, F))


def test_between_counts_all_and_writes_what_fits() -> None:
    values = np.random.default_rng(0).random(5001).astype(F)
    values[:100] = values[100]
    low, high = F(0.3), F(0.4)
    inside = values[(values > low) & (values < high)]
    for room in (0, 1, 64, len(inside), 6000):
        out = np.full(room + 1, -1, F)
        below, count = kernels.between(values, low, high, out[:room])
        assert (below, count) == (np.count_nonzero(values <= low), len(inside))
        assert np.array_equal(out[: min(room, count)], inside[:room]) and out[room] == -1


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_tally_is_what_torch_adds_up(n: int, count: int) -> None:
    base, models, summands = drawn(n), drawn(count, n, seed=1), drawn(count, n, seed=2)
    merged, reference = drawn(n, seed=3), drawn(n, seed=4)
    stored, held = (torch.from_numpy(x).bfloat16().float().numpy() for x in (merged, reference))
    squares, counts = np.zeros(1 + count), np.zeros(3 + count, np.int64)
    kernels.tally(merged, reference, stored, held, base, models, summands, squares, counts)
    arrays = (merged, reference, stored, held, base, models, summands)
    expected_squares, expected_counts = _tallied_elsewhere(*map(torch.from_numpy, arrays))
    assert counts.tolist() == expected_counts.tolist()
    assert squares == pytest.approx(expected_squares, rel=1e-5)
    exactly = ((merged.astype(np.float64) - reference) ** 2).sum()
    assert squares[0] == pytest.approx(exactly, rel=1e-6)


PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("linear", {}, {}),
    ("linear", {"normalize": False}, {"weight": 0.3}),
    ("task_arithmetic", {}, {"weight": 0.5}),
    ("task_arithmetic", {"lambda": 1.3, "normalize": True}, {"weight": 0.4}),
    ("ties", {}, {"density": 0.4}),
    ("ties", {"rescale": True, "tie_rule": "exact", "normalize": False}, {"density": 0.4, "weight": 0.6}),
    ("ties", {"scope": "global"}, {"density": 0.4}),
    ("dare_linear", {}, {"density": 0.6}),
    ("dare_linear", {"rescale": "l1"}, {"density": 0.6, "weight": 0.5}),
    ("dare_ties", {}, {"density": 0.6}),
    ("dare_ties", {"rescale": False, "normalize": True}, {"density": 1.0, "weight": 0.5}),
    ("dare_ties", {"rescale": "l1"}, {"density": 0.6, "weight": -0.5}),
    ("passthrough", {}, {}),
    ("passthrough", {}, {"scale": 0.3}),
]


def test_every_method_that_has_a_loop_is_compared() -> None:
    assert {name for name, method in METHODS.items() if method.fused} == {name for name, _, _ in PARAMS}


@pytest.mark.parametrize(("name", "params", "each"), PARAMS)
@pytest.mark.parametrize("piece", [300, 1 << 18])
def test_a_loop_gives_the_bytes_and_the_numbers_of_torch(
    name: str, params: dict[str, Any], each: dict[str, Any], piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", piece)
    folders = write_family(tmp_path, dtype=torch.bfloat16)
    asked = {
        "merge_method": name, "base_model": "base", "dtype": "bfloat16", "parameters": params,
        "models": [{"model": model, "parameters": each} for model in ("quick", "slow")[: METHODS[name].counts[1]]],
    }  # fmt: skip
    if not METHODS[name].needs_base:
        del asked["base_model"]
    runs, run = [], FusedKernel.run

    def counted(*given: Any) -> Any:
        runs.append(1)
        return run(*given)

    monkeypatch.setattr(FusedKernel, "run", counted)
    looped = merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, tmp_path / "looped", seed=3)
    assert bool(runs) == ("tie_rule" not in params)
    monkeypatch.setitem(REGISTERED, name, replace(METHODS[name], fused=None))
    plain = merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, tmp_path / "plain", seed=3)
    assert looped.tensors == plain.tensors
    for file in (tmp_path / "looped").glob("*.safetensors"):
        assert file.read_bytes() == (tmp_path / "plain" / file.name).read_bytes()


def test_sums_of_pieces_repeat_to_the_bit() -> None:
    base, models = torch.from_numpy(drawn(4000)), torch.from_numpy(drawn(2, 4000, seed=1))
    weight, merged = Weight("w", base, models), Merged(models[0], models)
    found = []
    for _ in range(2):
        tally = Tally(2)
        tally.add(weight, merged, models[0], base, base)
        found.append(tally.summed_up(["a", "b"], "blake3:0", "F32", (4000,)))
    assert found[0] == found[1] and found[0].models["a"].delta_norm == found[0].delta_norm > 0


def test_entries_may_lie_anywhere_in_files(tmp_path: Path) -> None:
    """At odd bytes, in one file or several, the same ones twice; over several reads, and less than one block."""
    n = 2 * READ + 1001
    content = np.random.default_rng(0).normal(size=3 * n).astype(F).view(np.uint32).__rshift__(16).astype(np.uint16)
    stored = content.tobytes()
    (tmp_path / "one").write_bytes(stored)
    (tmp_path / "odd").write_bytes(b"odd" + stored)
    with open(tmp_path / "one", "rb") as one, open(tmp_path / "odd", "rb") as odd:
        plain = [place(one, 2 * n * k) for k in range(3)]
        shifted = [place(odd, 3 + 2 * n * k) for k in range(3)]
        first = merged(plain, n)
        base, near, far = (row.astype(np.uint32).__lshift__(16).view(F) for row in content.reshape(3, n))
        expected = torch.from_numpy(F(0.5) * base + F(1) * near + F(1) * far).bfloat16().view(torch.uint16)
        assert first[0] == expected.tolist()
        assert merged(shifted, n) == first == merged([plain[0], shifted[1], plain[2]], n)
        assert merged([plain[2], plain[2], shifted[2]], n) == merged([plain[2]] * 3, n)
        assert merged([place(odd, 5), *plain[1:]], 7) == merged([place(one, 2), *plain[1:]], 7)


def test_a_file_that_ends_before_or_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(2000))
    with open(tmp_path / "file", "rb") as file:
        whole, cut = place(file, 0), place(file, 2)
        assert merged([whole] * 3, 1000)
        with pytest.raises(CheckpointError, match="file: ended while w was read; get a sound copy of it"):
            merged([whole, whole, cut], 1000)
    with pytest.raises(CheckpointError, match="file: w cannot be read: Bad file descriptor"):
        merged([whole] * 3, 1000)


def place(file: BinaryIO, start: int) -> Place:
    return Place(file.fileno(), start, TensorEntry("w", "BF16", (1,), Path(file.name), start, 2))


def merged(places: list[Place], n: int) -> list[object]:
    return [found.tolist() for found in FusedKernel([1.0, 1.0], base_share=0.5).run(places, 0, n, True, None)]


@pytest.mark.parametrize("method", ["task_arithmetic", "ties"])
def test_an_infinite_entry_is_told_of(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel only sees that something is wrong; the tensor is then gone through by pieces, which name it."""
    base = random_weights(0)
    weights = {"base": base, "quick": random_weights(1, base), "slow": random_weights(2, base)}
    weights["slow"]["model.layers.1.mlp.up_proj.weight"][3, 3] = torch.inf
    folders = {name: write_checkpoint(tmp_path / name, found, dtype=torch.bfloat16) for name, found in weights.items()}
    models = [{"model": model} for model in ("quick", "slow")]
    asked = {"merge_method": method, "base_model": "base", "dtype": "bfloat16", "models": models}
    monkeypatch.setattr("l2s.merging.run.tensors.TILE", 1 << 10)
    with pytest.raises(CheckpointError, match=r"slow: model.layers.1.mlp.up_proj.weight holds 1 NaN or infinite"):
        merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, tmp_path / "no")
    assert not (tmp_path / "no").exists()


@pytest.mark.long
def test_kernels_are_kept_where_they_can_be_and_run_where_they_cannot(tmp_path: Path) -> None:
    """Beside the source; in NUMBA_CACHE_DIR; or nowhere at all, for a user without any folder to write to."""
    for place, environment in (("kept", {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}), ("home/.cache", {})):
        called = run_kernel(tmp_path, environment)
        assert called.returncode == 0, called.stderr
        assert list((tmp_path / place).rglob("*widen*.nbc")), "the next process loads it"
    (tmp_path / "home").rename(tmp_path / "away")
    (tmp_path / "home").write_text("no folder")
    called = run_kernel(tmp_path, {})
    assert called.returncode == 0, called.stderr


def run_kernel(folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """In a process of its own, from a copy of the package whose folders nobody may write to."""
    script = """
import numpy as np
from l2s.merging.kernels import kernels
out = np.ones(3, np.float32)
assert kernels.widen(np.full(3, 0x4040, np.uint16), out)
assert out.tolist() == [3, 3, 3], out
"""
    site = folder / "site"
    if not site.exists():
        shutil.copytree(Path(l2s.__file__).parent, site / "l2s", ignore=shutil.ignore_patterns("__pycache__"))
        for inner in [*site.rglob("*"), site]:
            if inner.is_dir():
                (inner / "__pycache__").write_text("in the way")  # as good as read-only, for root too
    own = {"HOME": str(folder / "home"), "PYTHONPATH": str(site), "PATH": os.environ["PATH"]} | environment
    (folder / "home").mkdir(exist_ok=True) if not (folder / "home").is_file() else None
    command = [sys.executable, "-B", "-c", script]
    return subprocess.run(command, env=own, cwd=folder, capture_output=True, text=True, check=False)
