"""The probe lets weights be swapped where that is sound, finds out where it is not, and never lets through the rest."""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import EngineError
from l2s.generation.engines.engine import Generated, Weights
from l2s.generation.engines.transformers.engine import TransformersEngine
from l2s.merging.run.in_memory import MemoryMerger, MergedInMemory
from l2s.search.live.engine import LiveEngine
from tests.search.models import FAMILY, alike, answers, prompts, recipe

pytestmark = pytest.mark.long

SHARES = ((0.5, 0.45), (0.1, 0.9), (0.45, 0.45))


class Counted(TransformersEngine):
    """Counts its starts and swaps."""

    starts, swaps = 0, 0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        type(self).starts += 1

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        super().reload(weights, digest, proven=proven)
        type(self).swaps += 1


class KeepsItsHead(Counted):
    """The chimera that vLLM would make: the embedding is new, the head is what it was."""

    starts, swaps = 0, 0

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        model: Any = self.model
        head = model.lm_head.weight.detach().clone()
        super().reload(weights, digest, proven=proven)
        model.lm_head.weight = type(model.lm_head.weight)(head)

    @property
    def tied(self) -> bool:
        model: Any = self.model
        return model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()


class SkipsATensor(Counted):
    """One layer's weight stays."""

    starts, swaps = 0, 0

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        assert not isinstance(weights, Path)
        model: Any = self.model
        name = "model.layers.1.mlp.down_proj.weight"
        kept = model.state_dict()[name].clone()
        super().reload(weights, digest, proven=proven)
        model.state_dict()[name].copy_(kept)


class Refuses(Counted):
    """Takes no other weights."""

    starts, swaps = 0, 0

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        raise EngineError("the weights cannot be swapped in place: it is made of stone")


class Model:
    """A merge that outlives its merger, in a folder and in memory, and what a fresh engine answers with it."""

    def __init__(self, merged: MergedInMemory, place: Path) -> None:
        self.digest, self.frame, self.weights = merged.digest, merged.frame, merged.weights
        self.place = merged.folder(place)

    def folder(self, empty: Path) -> Path:
        return self.place

    @cached_property
    def fresh(self) -> list[Generated]:
        engine = TransformersEngine(self.place)
        return answers(engine, prompts(engine, 2))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Model]:
    """A model by its shares and format; made once."""
    folder = tmp_path_factory.mktemp("merged")

    @cache
    def made(quick: float, slow: float, dtype: str = "bfloat16") -> Model:
        with MemoryMerger({name: FAMILY / name for name in ("base", "quick", "slow")}) as merger:
            return Model(merger.merge(recipe(quick, slow, dtype)), folder / f"{quick}-{slow}-{dtype}")

    return made


Held = Callable[..., Model]


def run(engine: LiveEngine, models: Sequence[Model], count: int = 10) -> list[int]:
    """How many answers of each model are a fresh engine's."""
    found = []
    for model in models:
        engine.take(model)
        found.append(alike(answers(engine, prompts(engine, 2)[:count]), model.fresh[:count]))
    return found


def started(kind: Callable[[Path], Any], tmp_path: Path) -> tuple[LiveEngine, list[str]]:
    said: list[str] = []
    kind.starts = kind.swaps = 0  # type: ignore[attr-defined]
    return LiveEngine(kind, tmp_path / "place", said.append), said


def test_a_sound_swap_is_proven_once_and_used_from_then_on(held: Held, tmp_path: Path) -> None:
    models = [held(*shares) for shares in SHARES]
    engine, said = started(Counted, tmp_path)
    assert run(engine, [*models, models[0]]) == [10, 10, 10, 10]
    assert (Counted.starts, Counted.swaps, engine.proven, said) == (2, 3, True, [])
    assert engine.name.endswith(" r3"), "no response has been reloaded's"
    engine.close()
    assert not list((tmp_path / "place").iterdir())


@pytest.mark.parametrize("kind", [KeepsItsHead, SkipsATensor])
def test_what_is_not_swapped_is_found_out(kind: Any, held: Held, tmp_path: Path) -> None:
    """A fresh engine each, then; and no answer is a chimera's."""
    models = [held(*shares) for shares in SHARES]
    engine, said = started(kind, tmp_path)
    assert run(engine, models) == [10, 10, 10]
    assert (kind.starts, kind.swaps, engine.proven) == (3, 1, False)
    (sentence,) = said
    assert sentence.startswith("with weights swapped in place transformers ") and "of 8 problems otherwise" in sentence
    assert sentence.endswith("so each trial starts an engine of its own")


def test_the_chimera_is_one(held: Held) -> None:
    """Without the probe it would answer otherwise in many problems: the stub is what it is called."""
    first, second = held(*SHARES[0]), held(*SHARES[1])
    engine = KeepsItsHead(first.place)
    assert engine.tied
    engine.reload(second.weights, second.digest)
    assert not engine.tied and alike(answers(engine, prompts(engine, 2)), second.fresh) < 8


def test_weights_that_cannot_be_swapped_start_an_engine(held: Held, tmp_path: Path) -> None:
    models = [held(*shares) for shares in SHARES]
    engine, said = started(Refuses, tmp_path)
    assert run(engine, models, 5) == [5, 5, 5]
    assert Refuses.starts == 3
    assert said == [
        "the weights cannot be swapped in place: it is made of stone; so each trial starts an engine of its own"
    ]


def test_few_problems_or_the_same_answers_prove_nothing(held: Held, tmp_path: Path) -> None:
    models = [held(*shares) for shares in (SHARES[0], (0.5, 0.4500001), SHARES[1], SHARES[2])]
    engine, _ = started(Counted, tmp_path)
    for model, starts, proven in zip(models, (1, 2, 3, 3), (False, False, True, True), strict=True):
        run(engine, [model], 5)
        assert (Counted.starts, engine.proven) == (starts, proven), "five at a time: fresh each, until enough agree"


def test_another_format_is_another_frame(held: Held, tmp_path: Path) -> None:
    models = [held(*SHARES[0]), held(*SHARES[1], "float32")]
    engine, said = started(Counted, tmp_path)
    assert run(engine, models, 5) == [5, 5]
    assert (Counted.starts, Counted.swaps, len(said)) == (2, 0, 1)
    assert said[0].startswith("weights cannot be swapped in place between models that differ in config")


def test_it_takes_models_not_weights(tmp_path: Path) -> None:
    engine, _ = started(Counted, tmp_path)
    with pytest.raises(EngineError, match="takes models, not weights"):
        engine.reload({}, "d")
