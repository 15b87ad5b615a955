"""Sensitivities against the gradient of the whole model by loops; distances; and the same bytes layer by layer."""

import json
from pathlib import Path

import pytest
import torch

from l2s.calibration import gradients
from l2s.calibration.calibrate import calibrate
from l2s.calibration.gradients import GradientSums, absolute_product
from l2s.calibration.layers import LayeredModel
from l2s.calibration.network import Network
from l2s.calibration.sensitivities import layer_rows, whole_rows
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.open import open_reader
from l2s.checkpoints.statistics import DISTANCE
from l2s.core.errors import CheckpointError
from tests.calibration.models import KINDS, params, write_model, write_texts
from tests.calibration.slowly import distance_slowly, ids_of, sensitivities_slowly


def ids(texts: Path, answer: str) -> list[list[int]]:
    return [ids_of(json.loads(line), answer) for line in texts.read_text().splitlines()]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_matches_the_formula(kind: str, tied: bool, tmp_path: Path) -> None:
    model, texts = write_model(tmp_path / "quick", kind, tied=tied), write_texts(tmp_path / "texts.jsonl", 3)
    found = calibrate(model, texts, tmp_path / "out.safetensors", params("sensitivities", answer="long"))
    expected = sensitivities_slowly(model, ids(texts, "long"))
    assert expected.keys() == {
        "model.embed_tokens", "model.layers.0", "model.layers.1", "model.norm", *([] if tied else ["lm_head"]),
    }  # fmt: skip
    assert found.kind == "sensitivities" and found.tensors.keys() == expected.keys()
    for group, value in expected.items():
        assert found.tensors[group].dtype == torch.float32 and found.tensors[group].shape == ()
        torch.testing.assert_close(float(found.tensors[group]), value, rtol=1e-4, atol=0)


def test_distance_matches_the_formula_and_is_the_same_both_ways(tmp_path: Path) -> None:
    quick, slow = write_model(tmp_path / "quick", seed=1), write_model(tmp_path / "slow", seed=2, tied=True)
    texts = write_texts(tmp_path / "texts.jsonl", 2)
    of = params("sensitivities", distance_to=["other"])
    there = calibrate(quick, texts, tmp_path / "quick.safetensors", of, others={"other": slow})
    back = calibrate(slow, texts, tmp_path / "slow.safetensors", of, others={"other": quick})
    far = there.tensors[f"{DISTANCE}{Checkpoint(slow).weights_digest}"]
    torch.testing.assert_close(float(far), distance_slowly(quick, slow, ids(texts, "short")), rtol=1e-4, atol=0)
    assert torch.equal(far, back.tensors[f"{DISTANCE}{Checkpoint(quick).weights_digest}"])


@pytest.mark.parametrize("tied", [False, True])
def test_rows_do_not_depend_on_how_many_texts_a_piece_is_read_for(tied: bool, tmp_path: Path) -> None:
    checkpoint = Checkpoint(write_model(tmp_path / "quick", tied=tied))
    texts = [torch.tensor([found]) for found in ids(write_texts(tmp_path / "texts.jsonl", 5), "short")]
    whole = list(whole_rows(checkpoint, Network.open(checkpoint).loaded(), {}, texts))
    with open_reader(checkpoint) as reader:
        model = LayeredModel(Network.open(checkpoint), reader)
        for at_once in (1, 2, 5, None):
            assert list(layer_rows(model, {}, texts, at_once)) == whole
        assert list(layer_rows(model, {}, [])) == []


def test_the_order_of_texts_changes_nothing(tmp_path: Path) -> None:
    model, texts = write_model(tmp_path / "quick"), write_texts(tmp_path / "texts.jsonl", 5)
    found = [
        calibrate(model, texts, tmp_path / f"{seed}.safetensors", params("sensitivities", seed=seed)) for seed in (0, 1)
    ]
    assert found[0].about["token_ids"] != found[1].about["token_ids"]
    assert all(torch.equal(value, found[1].tensors[group]) for group, value in found[0].tensors.items())


def test_gradients_are_let_go(tmp_path: Path) -> None:
    checkpoint = Checkpoint(write_model(tmp_path / "quick", tied=True))
    model = Network.open(checkpoint).loaded()
    assert len(list(whole_rows(checkpoint, model, {}, [torch.tensor([[1, 5, 2, 7]])] * 2))) == 2
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_gradient_that_is_no_number_is_named(tmp_path: Path) -> None:
    """Though the loss is one."""
    sums = GradientSums(Checkpoint(write_model(tmp_path / "quick")), ["model.norm.weight"], 1)
    theta = torch.tensor([0.0, 1.0], requires_grad=True)
    sums.watch({"model.norm.weight": theta})
    with pytest.raises(CheckpointError, match=r"quick: gradients of model\.norm\.weight are no numbers, though all"):
        torch.autograd.backward([theta.sqrt().sum()])


@pytest.mark.parametrize("shape", [(1,), (7,), (257,), (5, 9)])
def test_absolute_product_in_pieces(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(3)
    theta, gradient = torch.randn(shape, generator=generator), 1e-3 * torch.randn(shape[::-1], generator=generator)
    gradient = gradient.permute(*range(gradient.dim())[::-1])  # not contiguous, as transposed products leave them
    pairs = zip(theta.flatten().tolist(), gradient.flatten().tolist(), strict=True)
    expected = sum(abs(t * g) for t, g in pairs)
    for size in (1 << 20, 4, 1):
        monkeypatch.setattr(gradients, "PIECE", size)
        assert absolute_product(theta, gradient) == pytest.approx(expected, rel=1e-14)
