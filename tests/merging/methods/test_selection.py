"""The k-th smallest of many entries in pieces: against a sort, with a bracket, on frequent values, without luck."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from torch import Tensor

from l2s.merging.kernels import kernels
from l2s.merging.method import Weight
from l2s.merging.methods import find_method
from l2s.merging.ops import selection
from l2s.merging.ops.selection import kth_smallest
from tests.merging.methods import slowly


def cut(name: str, taus: Tensor, rows: int) -> list[Weight]:
    """Pieces of a weight whose base is zero; ``taus`` is ``[K, n, m]``."""
    _, n, m = taus.shape
    base = torch.zeros(n, m)
    return [
        Weight(name, base[at : at + rows], taus[:, at : at + rows], 0, ("a", "b", "c")[: len(taus)], at * m, (n, m))
        for at in range(0, n, rows)
    ]


def magnitudes(piece: Weight) -> kernels.Floats:
    return piece.magnitudes


def each_of(*weights: list[Weight]) -> Any:
    def each(function: Callable[[Iterable[Weight]], Any], label: str = "") -> list[Any]:
        return [function(pieces) for pieces in weights]

    return each


def drawn(kind: str, shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    normal = torch.randn(shape, generator=generator)
    if kind == "bfloat16":
        return normal.bfloat16().float()
    if kind == "frequent":  # nine in ten are zero, the rest few different values
        return (normal * 3).round() * (torch.rand(shape, generator=generator) < 0.1)
    if kind == "striped":  # columns of very different size, which a careless sample takes for the whole
        return normal * torch.logspace(-6, 3, shape[-1])
    return torch.full(shape, 0.25) if kind == "equal" else normal


def ranks(entries: int, *wanted: int) -> Callable[[int], list[int]]:
    return lambda total: list(wanted) if total == entries else []


@pytest.mark.parametrize("kind", ["normal", "bfloat16", "frequent", "striped", "equal"])
@pytest.mark.parametrize("sample", [16, 40, 1 << 17])
def test_matches_a_sort_whatever_the_sample(kind: str, sample: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "SAMPLE", sample)
    taus = drawn(kind, (2, 90, 64))
    each, n = each_of(cut("w", taus, 7)), 90 * 64
    for rank in (0, 1, 2, n // 10, n // 2, n - 1, n):
        other = max(1, n - rank)
        found = kth_smallest(each, magnitudes, ranks(n, rank, other))
        expected = [taus[k].abs().flatten().sort().values[r - 1].item() for k, r in enumerate((rank, other))]
        assert found == [expected[0] if rank else 0.0, expected[1]]


def test_a_bracket_that_misses_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "SAMPLE", 16)
    monkeypatch.setattr(selection, "_bracket", lambda sample, rank, total: (5.0, 6.0))
    taus = drawn("normal", (1, 50, 64))
    sorted_ = taus.abs().flatten().sort().values
    for rank in (1, 1600, 3200):
        found = kth_smallest(each_of(cut("w", taus, 9)), magnitudes, ranks(3200, rank))
        assert found == [sorted_[rank - 1].item()]


def test_what_is_collected_is_little(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    before = selection.Counted.inside

    def inside(self: selection.Counted) -> kernels.Floats:
        seen.append(before(self).size)
        return before(self)

    monkeypatch.setattr(selection.Counted, "inside", inside)
    taus = drawn("normal", (1, 1200, 1000))
    kth_smallest(each_of(cut("w", taus, 100)), magnitudes, lambda n: [n // 2])
    assert 0 < sum(seen) < 0.02 * taus.numel()


def ties_in_pieces(weights: list[list[Weight]], scope: str, tie_rule: str, densities: list[float]) -> list[Tensor]:
    method = find_method("ties")
    params = method.params.parse({"scope": scope, "tie_rule": tie_rule}, "merge")
    models = [method.model_params.parse({"density": d}, "model") for d in densities]
    assert method.measure and method.spans_model and method.spans_model(params) == (scope == "global")
    merged = []
    together = method.measure(each_of(*weights), params, models) if scope == "global" else None
    for pieces in weights:
        measured = together or method.measure(each_of(pieces), params, models)
        parts = [method.merge(with_measured(piece, measured), params, models).value for piece in pieces]
        merged.append(torch.cat(parts))
    return merged


def with_measured(piece: Weight, measured: Any) -> Weight:
    return Weight(piece.name, piece.base, piece.models, 0, piece.digests, piece.start, piece.whole, measured)


@pytest.mark.parametrize("tie_rule", ["threshold", "exact"])
@pytest.mark.parametrize("kind", ["normal", "frequent"])
@pytest.mark.parametrize("sample", [16, 1 << 17])
def test_ties_over_the_whole_model_is_ties_of_all_entries_in_a_row(
    tie_rule: str, kind: str, sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "SAMPLE", sample)
    first, second = 0.2 * drawn(kind, (2, 30, 8)), drawn(kind, (2, 14, 11))
    merged = ties_in_pieces([cut("a", first, 4), cut("b", second, 5)], "global", tie_rule, [0.3, 0.6])
    rows = torch.cat([first.flatten(1), second.flatten(1)], 1).double().tolist()
    trim = slowly.trim_exactly if tie_rule == "exact" else slowly.trim
    expected = slowly.elected([trim(row, d) for row, d in zip(rows, ("0.3", "0.6"), strict=True)], (1.0, 1.0), True)
    found = torch.cat([tensor.flatten() for tensor in merged])
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-5, atol=1e-6)
    apart = ties_in_pieces([cut("a", first, 4), cut("b", second, 5)], "tensor", tie_rule, [0.3, 0.6])
    if kind == "normal":
        assert not torch.equal(torch.cat([tensor.flatten() for tensor in apart]), found)


def test_the_cut_of_the_paper_differs_from_the_cut_of_each_tensor() -> None:
    """The conformance example: over both tensors the threshold is 0.04."""
    small, large = torch.tensor([[[0.01, 0.02, 0.03, 0.04]]]), torch.tensor([[[1.0, 0.5, 0.2, 0.1]]])
    both = ties_in_pieces([cut("A", small, 1), cut("B", large, 1)], "global", "threshold", [0.5])
    assert both[0].tolist() == [pytest.approx([0, 0, 0, 0.04])] and torch.equal(both[1], large[0])
    each = ties_in_pieces([cut("A", small, 1), cut("B", large, 1)], "tensor", "threshold", [0.5])
    assert each[0].tolist() == [pytest.approx([0, 0.02, 0.03, 0.04])]
    assert each[1].tolist() == [pytest.approx([1, 0.5, 0.2, 0])]
