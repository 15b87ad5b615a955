"""Training: the gradients are transformers' own, the loss falls, the bytes repeat."""

import itertools
import random

import pytest
import torch
from torch.nn import functional

from l2s.benchmarks.arithmetic import draw_set
from l2s.core.progress import silent
from l2s.family.check import accuracy_by_level
from l2s.family.documents import base_documents, raw_prompt
from l2s.family.family import train_family
from l2s.family.model import fresh_model
from l2s.family.muon import orthogonalised
from l2s.family.settings import BaseTraining, FamilySettings, TunedTraining
from l2s.family.tokenizer import build_tokenizer
from l2s.family.training import _gradients, bucketed, train

TINY = FamilySettings(
    hidden_size=64,
    intermediate_size=64,
    layers=1,
    heads=2,
    key_value_heads=1,
    check_per_level=2,
    base=BaseTraining(tokens=12_000, more_tokens=10_000, fewest_stages=1, most_stages=1),
    quick=TunedTraining(tokens=10_000, most_stages=1),
    slow=TunedTraining(tokens=10_000, most_stages=1),
)


def test_the_two_halves_add_up_to_the_gradient_of_the_whole_batch() -> None:
    torch.manual_seed(0)
    model = fresh_model(TINY)
    stream = base_documents(build_tokenizer(), TINY.base, 0, 0)
    ids, targets = next(bucketed(stream, 3000, 1500, random.Random(0)))
    parameters = list(model.parameters())
    parts = [_gradients(model, parameters, (ids[rows], targets[rows])) for rows in (slice(0, 3), slice(3, None))]
    logits = model(input_ids=ids).logits[:, :-1].flatten(0, 1)
    expected = torch.autograd.grad(
        functional.cross_entropy(logits, targets[:, 1:].flatten(), ignore_index=-100, reduction="sum"), parameters
    )
    assert parts[0][1] + parts[1][1] == int((targets[:, 1:] != -100).sum())
    for index, gradient in enumerate(expected):
        torch.testing.assert_close(parts[0][2][index] + parts[1][2][index], gradient, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 4, 16), (2, 16, 4)])
def test_orthogonalised_has_the_singular_vectors_and_singular_values_near_one(shape: tuple[int, ...]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    singular = left.transpose(1, 2) @ orthogonalised(matrices) @ right.transpose(1, 2)
    diagonal = torch.diagonal(singular, dim1=1, dim2=2)
    torch.testing.assert_close(singular, torch.diag_embed(diagonal), atol=2e-3, rtol=0)
    assert diagonal[:, :-1].min() > 0.5 and diagonal.max() < 1.3


def test_batches_hold_every_document_once_and_only_answers_count() -> None:
    documents = list(itertools.islice(base_documents(build_tokenizer(), TINY.base, 0, 0), 200))
    batches = list(bucketed(iter(documents), sum(len(d.ids) for d in documents) - 1, 1024, random.Random(0)))
    counted = sorted(int((targets != -100).sum()) for _, targets in batches)
    assert sum(counted) == sum(len(document.ids) for document in documents)
    assert all(ids.numel() <= 1024 or len(ids) == 1 for ids, _ in batches)


def test_the_loss_falls() -> None:
    model = fresh_model(TINY)
    stream = base_documents(build_tokenizer(), TINY.base, 0, 0)
    settings = {
        "batch_tokens": 1024,
        "learning_rate": 6e-3,
        "muon": True,
        "warmup": 5,
        "seed": 0,
        "label": "",
        "track": silent,
    }
    first = train(model, stream, tokens=1500, **settings)
    assert train(model, stream, tokens=40_000, **settings) < 0.7 * first


@pytest.mark.long
def test_a_family_repeats_byte_for_byte_and_resumes_from_finished_stages(tmp_path) -> None:
    for name in ("one", "two"):
        train_family(TINY, tmp_path / name, tmp_path / f"work-{name}")
    weights = [
        (tmp_path / name / model / "model.safetensors").read_bytes()
        for name in ("one", "two")
        for model in ("base", "slow")
    ]
    assert weights[:2] == weights[2:]
    labels: list[str] = []

    def track(items, label, total=None, weight=None):
        labels.append(label)
        yield from items

    train_family(TINY, tmp_path / "three", tmp_path / "work-one", track=track)
    assert labels == []
    assert (tmp_path / "three" / "slow" / "model.safetensors").read_bytes() == weights[1]


def test_an_untrained_model_solves_nothing() -> None:
    chains = draw_set(0, "check", 2)
    accuracy = accuracy_by_level(fresh_model(TINY), build_tokenizer(), chains, [raw_prompt(chain) for chain in chains])
    assert set(accuracy.values()) == {0.0}
