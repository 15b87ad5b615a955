"""Compiled loops against slow, obvious references; and methods as loops against the same on tensors."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from l2s.checkpoints import sha256
from l2s.checkpoints.sha256 import Source
from l2s.merging import kernels
from l2s.merging.diagnostics import Tally, _tallied_elsewhere
from l2s.merging.method import REGISTERED, Merged, Weight
from l2s.merging.methods import METHODS
from l2s.merging.recipe import MergeRecipe

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


def test_rounding_to_bfloat16_is_torchs() -> None:
    """Every number that bfloat16 has, those half way between two, and their float32 neighbours."""
    numbers = np.arange(1 << 16, dtype=np.uint32) << 16
    bits = np.concatenate([numbers + offset for offset in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)])
    values = bits.view(F)[np.isfinite(bits.view(F))].copy()
    out, again = np.empty(values.size, np.uint16), np.empty(values.size, F)
    assert not kernels.narrow(values, out, again)  # the largest are rounded to infinity
    expected = torch.from_numpy(values).bfloat16()
    assert np.array_equal(out, expected.view(torch.uint16).numpy())
    assert np.array_equal(again, expected.float().numpy())


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan, 3.4e38])
def test_what_bfloat16_cannot_hold_is_noticed(wrong: float) -> None:
    values = np.ones(257, F)
    assert kernels.narrow(values, np.empty(257, np.uint16), np.empty(257, F))
    values[200] = wrong
    assert not kernels.narrow(values, np.empty(257, np.uint16), np.empty(257, F))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("share", [0.0, -0.25])
def test_combine_is_a_sum_in_the_order_of_rows(n: int, share: float) -> None:
    base, rows, out = drawn(n), drawn(3, n, seed=1), np.empty(n, F)
    kernels.combine(base, F(share), rows, np.array([0.3, 0.0, 1.7], F), out)
    terms = [base * F(share)] if share else []
    total, *others = [*terms, rows[0] * F(0.3), rows[2] * F(1.7)]
    for term in others:
        total = total + term
    assert np.array_equal(out, total)


def test_combine_of_nothing_is_zero() -> None:
    out = np.full(9, 5, F)
    kernels.combine(np.ones(9, F), F(0), np.ones((2, 9), F), np.zeros(2, F), out)
    assert not out.any()


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("weights", [[0.5, 0.5, 0.5], [1.0, -0.4, 2.0]])
@pytest.mark.parametrize("normalize", [False, True])
def test_elect_is_the_vote_entry_by_entry(n: int, weights: list[float], normalize: bool) -> None:
    rows, out = drawn(3, n), np.empty(n, F)
    kernels.elect(rows, np.array(weights, F), normalize, out)
    for i in range(0, n, max(1, n // 500)):
        parts = [F(row[i]) * F(weight) for row, weight in zip(rows, weights, strict=True)]
        sign = 1 if sum(parts) >= 0 else -1
        agreeing = [(part, weight) for part, weight in zip(parts, weights, strict=True) if part * sign > 0]
        total = sum(float(part) for part, _ in agreeing)
        divisor = sum(weight for _, weight in agreeing) if normalize else 1.0
        expected = total / divisor if agreeing and abs(divisor) >= 1e-8 else total
        assert out[i] == pytest.approx(expected, rel=1e-6, abs=1e-30)


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
    assert {name for name, method in METHODS.items() if method.loop} == {name for name, _, _ in PARAMS}


@pytest.mark.parametrize(("name", "params", "each"), PARAMS)
@pytest.mark.parametrize("piece", [300, 1 << 18])
def test_a_loop_gives_the_bytes_and_the_numbers_of_torch(
    name: str, params: dict[str, Any], each: dict[str, Any], piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from l2s.merging import pieces
    from l2s.merging.loop import Loop
    from l2s.merging.merge import merge_checkpoints
    from tests.tiny import write_family

    monkeypatch.setattr(pieces, "PIECE", piece)
    folders = write_family(tmp_path, dtype=torch.bfloat16)
    asked = {
        "merge_method": name, "base_model": "base", "dtype": "bfloat16", "parameters": params,
        "models": [{"model": model, "parameters": each} for model in ("quick", "slow")[: METHODS[name].counts[1]]],
    }  # fmt: skip
    if not METHODS[name].needs_base:
        del asked["base_model"]
    runs, run = [], Loop.run

    def counted(*given: Any) -> Any:
        runs.append(1)
        return run(*given)

    monkeypatch.setattr(Loop, "run", counted)
    looped = merge_checkpoints(MergeRecipe.parse(asked, "recipe"), folders, tmp_path / "looped", seed=3)
    assert bool(runs) == ("tie_rule" not in params)
    monkeypatch.setitem(REGISTERED, name, replace(METHODS[name], loop=None))
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
        found.append(tally.summed_up(["a", "b"], "sha256:0", "F32", (4000,)))
    assert found[0] == found[1] and found[0].models["a"].delta_norm == found[0].delta_norm > 0


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


def merged(sources: list[Source], n: int) -> list[object] | None:
    out, squares, counts = np.empty(n, np.uint16), np.zeros(3), np.zeros(5, np.int64)
    ones, none = np.ones(2, F), np.empty((2, 0), np.bool_)
    read = kernels.merge(sources, True, 0.5, ones, -1, ones, none, ones, False, False, 1.0, out, squares, counts)
    return [out.tolist(), squares.tolist(), counts.tolist()] if read else None


@pytest.mark.skipif(sha256.loops() is None, reason="the processor lacks the instructions")
@pytest.mark.parametrize("method", ["task_arithmetic", "ties"])
def test_tensors_that_are_hashed_together_have_the_same_digests(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at a time, one of them merged before a kill, one of them with an infinite entry, and each alone."""
    from l2s.checkpoints import digest as digest_module
    from l2s.errors import CheckpointError
    from l2s.merging.merge import merge_checkpoints
    from tests.tiny import random_weights, write_checkpoint

    base = random_weights(0)
    weights = {"base": base, "quick": random_weights(1, base), "slow": random_weights(2, base)}
    folders = {name: write_checkpoint(tmp_path / name, found, dtype=torch.bfloat16) for name, found in weights.items()}
    models = [{"model": model} for model in ("quick", "slow")]
    asked = {"merge_method": method, "base_model": "base", "dtype": "bfloat16", "models": models}
    recipe = MergeRecipe.parse(asked, "recipe")
    alone = merge_checkpoints(recipe, folders, tmp_path / "alone")
    updates, update = list[int](), sha256.Pair.update

    def counted(self: sha256.Pair, *pieces: sha256.Bytes) -> None:
        updates.append(pieces[0].size)
        update(self, *pieces)

    monkeypatch.setattr(sha256.Pair, "update", counted)
    monkeypatch.setattr(digest_module, "MANY", 0)
    monkeypatch.setattr("l2s.merging.tensors.STRETCH", 1 << 10)
    together = merge_checkpoints(recipe, folders, tmp_path / "together")
    assert updates and together.tensors == alone.tensors
    weights["slow"]["model.layers.1.mlp.up_proj.weight"][3, 3] = torch.inf
    folders["slow"] = write_checkpoint(tmp_path / "wrong", weights["slow"], dtype=torch.bfloat16)
    with pytest.raises(CheckpointError, match=r"slow: model.layers.1.mlp.up_proj.weight holds 1 NaN or infinite"):
        merge_checkpoints(recipe, folders, tmp_path / "no")
    assert not (tmp_path / "no").exists()
