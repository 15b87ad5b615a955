"""An engine that took other weights in place answers as one that was started with them."""

from pathlib import Path

import pytest
import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.reader import CheckpointReader
from l2s.core.errors import EngineError
from l2s.generation.answerer import Answerer
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.load import load_engine
from l2s.generation.settings import DecodingParams, SamplingParams
from l2s.generation.store.store import ResponseStore
from l2s.merging.run.in_memory import MemoryMerger
from tests.search.models import FAMILY, MOST, alike, answers, family, prompts, recipe


@pytest.mark.parametrize("tied", [True, pytest.param(False, marks=pytest.mark.long)], ids=["tied", "untied"])
def test_all_answers_are_those_of_a_fresh_engine(tied: bool, tmp_path: Path) -> None:
    """In place from memory, then back from a folder; each thirty of thirty, and not what it answered before."""
    models = family(tmp_path, tied)
    with MemoryMerger(models) as merger:
        merged = merger.merge(recipe(0.5, 0.45))
        engine = load_engine(models["slow"], DecodingParams(engine="transformers"))
        asked = prompts(engine)
        slow = answers(engine, asked)
        engine.reload(merged.weights, merged.digest)
        found = answers(engine, asked)
        fresh = load_engine(merged.folder(tmp_path / "merged"), DecodingParams(engine="transformers"))
    assert (alike(found, answers(fresh, asked)), len(asked)) == (30, 30)
    assert alike(found, slow) < 15
    engine.reload(models["slow"], "slow's")
    assert alike(answers(engine, asked), slow) == 30


def test_stored_numbers_count_not_those_before_they_were_rounded(tmp_path: Path) -> None:
    with MemoryMerger(family(tmp_path, True)) as merger:
        merged = merger.merge(recipe(0.3, 0.6, "float16"))
        fresh = load_engine(merged.folder(tmp_path / "merged"), DecodingParams(engine="transformers"))
    engine = load_engine(FAMILY / "quick", DecodingParams(engine="transformers"))
    engine.reload(merged.weights, merged.digest)
    asked = prompts(engine, 2)
    assert answers(engine, asked) == answers(fresh, asked)
    ours, theirs = engine.model.state_dict(), fresh.model.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_its_responses_have_keys_of_their_own_until_it_is_proven(tmp_path: Path) -> None:
    engine = load_engine(FAMILY / "slow", DecodingParams(engine="transformers"))
    name, asked = engine.name, prompts(engine, 1)
    decoding, counts = DecodingParams(sampling=SamplingParams(max_tokens=MOST)), []
    with ResponseStore(tmp_path / "store.sqlite") as store:
        for proven in (None, False, False, True, True):
            if proven is not None:
                engine.reload(FAMILY / "quick", "q", proven=proven)
                assert engine.name == name + ("" if proven else " reloaded")
            answerer = Answerer(FAMILY / "slow", "w", engine.words, lambda: engine, store)
            list(answerer.answers(asked, decoding, NoControl()))
            counts.append(answerer.counts.generated)
    assert counts == [5, 5, 0, 0, 0], "the third under `reloaded`, the last two under the fresh engine's name"


def test_weights_that_do_not_fit_are_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    engine = load_engine(FAMILY / "quick", DecodingParams(engine="transformers"))  # whose answers are short
    asked = prompts(engine, 1)
    before = answers(engine, asked)
    with CheckpointReader(Checkpoint(FAMILY / "slow")) as reader:
        weights = {name: reader.read(name) for name in reader.checkpoint.names()}
    last = list(weights)[-1]
    lacking = {name: tensor for name, tensor in weights.items() if name != last}
    for given, sentence in (
        (lacking, f"{last} of the model would keep what they are"),
        (weights | {"model.extra.weight": weights[last]}, "the model has no model.extra.weight"),
        (weights | {last: weights[last][:-1]}, f"other shapes or formats than the model's: {last}"),
        (weights | {"lm_head.weight": weights["model.embed_tokens.weight"]}, "two of them belong in one place"),
    ):
        with pytest.raises(EngineError, match=f"cannot be swapped in place: .*{sentence}"):
            engine.reload(given, "s")
        assert engine.name.endswith("r3") and answers(engine, asked) == before
