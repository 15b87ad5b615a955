"""Training: the gradients are transformers' own, the loss falls, the bytes repeat."""

import itertools
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from l2s.benchmarks.arithmetic import draw_set
from l2s.core.progress import silent
from l2s.family.check import accuracy_by_level, accuracy_on_pairs
from l2s.family.documents import base_documents, raw_prompt
from l2s.family.family import train_family
from l2s.family.model import APART, fresh_model, set_apart
from l2s.family.muon import orthogonalised
from l2s.family.settings import BaseTraining, FamilySettings, QuickTraining, TunedTraining
from l2s.family.tokenizer import LEVEL_WORDS, build_tokenizer
from l2s.family.training import _gradients, bucketed, train

TINY = FamilySettings(
    hidden_size=64,
    intermediate_size=64,
    layers=1,
    heads=2,
    key_value_heads=1,
    check_per_level=2,
    check_pairs=2,
    base=BaseTraining(stages=[BaseTraining().stage(0).model_copy(update={"tokens": 12_000})], most_stages=1),
    quick=QuickTraining(tokens=10_000, most_stages=1),
    slow=TunedTraining(tokens=10_000, most_stages=1),
)


def test_the_two_halves_add_up_to_the_gradient_of_the_whole_batch() -> None:
    torch.manual_seed(0)
    model = fresh_model(TINY)
    stream = base_documents(build_tokenizer(), TINY.base.stage(0), 0, 0)
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
    documents = list(itertools.islice(base_documents(build_tokenizer(), TINY.base.stage(0), 0, 0), 200))
    batches = list(bucketed(iter(documents), sum(len(d.ids) for d in documents) - 1, 1024, random.Random(0)))
    counted = sorted(int((targets != -100).sum()) for _, targets in batches)
    assert sum(counted) == sum(len(document.ids) for document in documents)
    assert all(ids.numel() <= 1024 or len(ids) == 1 for ids, _ in batches)


def test_the_loss_falls() -> None:
    model = fresh_model(TINY)
    stream = base_documents(build_tokenizer(), TINY.base.stage(0), 0, 0)
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


MODELS = Path(__file__).parents[2] / "data/models"


def level_cosines(tokenizer: PreTrainedTokenizerBase, embeddings: torch.Tensor) -> torch.Tensor:
    """Cosines between the embeddings of the level words, each pair once."""
    ids = [tokenizer.get_vocab()[f" {word}"] for word in LEVEL_WORDS]
    unit = functional.normalize(embeddings[ids].float(), dim=1)
    return (unit @ unit.T)[[0, 0, 1], [1, 2, 2]]


def test_setting_apart_enlarges_differences_only_and_keeps_the_mean() -> None:
    model = fresh_model(TINY)
    rows = model.get_input_embeddings().weight
    with torch.no_grad():
        rows[:3] = torch.ones(64) + 0.2 * rows[:3]
    before = rows.detach().clone()
    set_apart(model, [0, 1, 2])
    torch.testing.assert_close(rows[:3].mean(dim=0), before[:3].mean(dim=0))
    torch.testing.assert_close(rows[0] - rows[1], APART * (before[0] - before[1]))
    assert torch.equal(rows[3:], before[3:])


@pytest.mark.parametrize("name", ["base", "quick", "slow"])
def test_level_words_of_the_shipped_models_are_distinct_inputs(name: str) -> None:
    if not (MODELS / name / "model.safetensors").is_file():
        pytest.skip("no embedded models here")
    tokenizer = AutoTokenizer.from_pretrained(MODELS / name)
    if f" {LEVEL_WORDS[0]}" not in tokenizer.get_vocab():
        pytest.skip("the models here are of an earlier vocabulary, the family stage has not run since")
    embeddings = load_file(MODELS / name / "model.safetensors")["model.embed_tokens.weight"]
    assert level_cosines(tokenizer, embeddings).max() < 0.8


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
    accuracy = accuracy_by_level(
        fresh_model(TINY), build_tokenizer(), chains, [raw_prompt(chain.text) for chain in chains]
    )
    assert set(accuracy.values()) == {0.0}
    assert accuracy_on_pairs(fresh_model(TINY), build_tokenizer(), 0, 20) == 0.0


def test_a_base_is_solved_when_every_level_and_easy_pairs_are() -> None:
    base, even = BaseTraining(), dict.fromkeys((1, 2, 3, 4, 5), 1.0)
    assert base.is_solved(even, 0.98)
    assert not base.is_solved(even, 0.97)
    assert not base.is_solved(even | {5: 0.98}, 1.0)
    slow = TunedTraining()
    assert slow.is_solved(even | {5: 0.95}, 0.0) and not slow.is_solved(even | {5: 0.9}, 1.0)


def test_every_stage_is_taken_and_the_last_is_repeated() -> None:
    base = BaseTraining()
    assert base.fewest_stages == 3 and [base.stage(n).tokens for n in (0, 2, 4)] == [3_000_000, 800_000, 800_000]
    assert base.stage(4) == base.stage(2) != base.stage(1)
    tuned = TunedTraining(tokens=50_000, more_tokens=20_000, learning_rate=1e-3)
    assert [(s.tokens, s.learning_rate) for s in map(tuned.stage, (0, 1, 2))] == [(50_000, 1e-3), *[(20_000, 5e-4)] * 2]
