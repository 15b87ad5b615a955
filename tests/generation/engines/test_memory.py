"""Batches within memory; and what happens where it runs out all the same."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from l2s.core.errors import EngineError
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.engine import Generated
from l2s.generation.engines.memory import ran_out, rows_that_fit
from l2s.generation.engines.transformers.cache import RowCache
from l2s.generation.engines.transformers.engine import TransformersEngine
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.engines.vllm.support import bytes_a_token, head_size
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import PromptParams, SamplingParams

CONFIG = SimpleNamespace(
    model_type="llama", num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, hidden_size=64, head_dim=32
)


@pytest.fixture(scope="module")
def engine(model: Path) -> TransformersEngine:
    return TransformersEngine(model, max_batch_size=16)


def prompts(count: int) -> list[Prompt]:
    return [Prompt("b", str(number), 0, [5 + number % 7, *range(9, 12 + number % 5)]) for number in range(count)]


def run(engine: TransformersEngine, count: int = 40) -> dict[int, Generated]:
    sampling = SamplingParams(max_tokens=30, temperature=1.0)
    return {
        done.index: done for done in engine.generate(prompts(count), sampling, NoControl(), PromptParams())
    }  # fmt: skip


def test_a_token_takes_keys_and_values_in_every_layer() -> None:
    assert bytes_a_token(CONFIG, 4) == 2 * 3 * 2 * 32 * 4
    assert head_size(SimpleNamespace(**{**vars(CONFIG), "model_type": "qwen2"})) == 16, "vLLM's Qwen2 ignores head_dim"
    assert head_size(SimpleNamespace(**{**vars(CONFIG), "head_dim": None})) == 16


def test_rows_take_a_quarter_of_what_is_free() -> None:
    token = bytes_a_token(CONFIG, 4)
    row = token * 100
    assert rows_that_fit(token, 100, free=4 * row, max_rows=128) == 1
    assert rows_that_fit(token, 100, free=4 * 7 * row + 4, max_rows=128) == 7
    assert rows_that_fit(token, 100, free=4 * 7 * row, max_rows=5) == 5
    with pytest.raises(EngineError, match=r"one response of 100 tokens takes .* lower max_tokens"):
        rows_that_fit(token, 100, free=4 * row - 4, max_rows=128)


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_errors_that_say_memory_ran_out(error: Exception) -> None:
    assert ran_out(error) and not ran_out(RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError) as real:
        torch.empty(2**60, dtype=torch.uint8)
    assert ran_out(real.value)


@pytest.mark.parametrize("limit", [16, 5, 4])
def test_fewer_rows_after_memory_ran_out_change_no_response(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Each forward pass over more than ``limit`` rows fails, some of them late."""
    expected, real, passes, widths = run(engine), Forward.next, 0, set()

    def failing(forward: Forward, tokens: list[int], places: list[int], cache: RowCache) -> torch.Tensor:
        nonlocal passes
        passes += 1
        if len(tokens) > limit and passes > 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        widths.add(len(tokens))
        return real(forward, tokens, places, cache)

    monkeypatch.setattr(Forward, "next", failing)
    assert run(engine) == expected
    assert max(widths) == 16 and passes > 30


def test_memory_for_no_row_at_all_is_a_sentence(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Forward, "next", failing)
    with pytest.raises(EngineError, match="memory ran out with a single response at a time"):
        run(engine)


def test_another_error_is_not_taken_for_it(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> torch.Tensor:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(Forward, "next", failing)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        run(engine)
