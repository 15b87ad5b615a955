"""Decoding against the slow, obvious loop; and rows that do not depend on their neighbours."""

import gc
import random

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.transcript import Transcript
from l2s.generation.controls.union import KINDS
from l2s.generation.engines.engine import Generated
from l2s.generation.engines.transformers.decoding import Request, decode
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.engines.transformers.sampling import choose_tokens, stream_for
from l2s.generation.settings import SamplingParams

VOCABULARY, OPEN, CLOSE, STOP = 24, 1, 2, 3
DELIMITERS = Delimiters((OPEN,), (CLOSE,), (CLOSE, 10, 11))


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=512, initializer_range=0.3, tie_word_embeddings=True,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def requests(count: int, seed: int = 0) -> list[Request]:
    rng = random.Random(seed)
    prompts = [[rng.randrange(4, VOCABULARY) for _ in range(rng.randint(1, 90))] for _ in range(count)]
    return [Request(index, prompt, stream_for(7, "b", str(index), 0)) for index, prompt in enumerate(prompts)]


def run(
    model: LlamaForCausalLM,
    wanted: list[Request],
    sampling: SamplingParams,
    control: Control = NoControl(),
    rows: int = 16,
) -> dict[int, Generated]:
    return {
        done.index: done
        for done in decode(Forward(model), wanted, sampling, control, DELIMITERS, frozenset({STOP}), rows)
    }


def slowly(model: LlamaForCausalLM, prompt: list[int], max_tokens: int) -> list[int]:
    """Greedy decoding, the whole text read again for every token, no cache, no batch."""
    reference = LlamaForCausalLM(LlamaConfig(**{**model.config.to_dict(), "attn_implementation": "eager"})).eval()
    reference.load_state_dict(model.state_dict())
    ids: list[int] = []
    while len(ids) < max_tokens and (not ids or ids[-1] != STOP):
        with torch.no_grad():
            ids.append(int(reference(torch.tensor([prompt + ids])).logits[0, -1].argmax()))
    return ids


def test_greedy_is_what_the_obvious_loop_gives(model: LlamaForCausalLM) -> None:
    wanted = requests(25)
    done = run(model, wanted, SamplingParams(max_tokens=40))
    assert sorted(done) == list(range(25))
    for request in wanted:
        assert done[request.index].ids == slowly(model, request.prompt, 40)
        assert done[request.index].finish == ("stop" if done[request.index].ids[-1] == STOP else "length")
    assert {finished.finish for finished in done.values()} == {"stop", "length"}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_does_not_depend_on_its_neighbours(model: LlamaForCausalLM, temperature: float) -> None:
    sampling = SamplingParams(max_tokens=60, temperature=temperature)
    together = run(model, requests(40), sampling, rows=40)
    by_sevens = run(model, requests(40), sampling, rows=7)
    backwards = run(model, requests(40)[::-1], sampling, rows=16)
    alone = {index: run(model, [requests(40)[index]], sampling)[index] for index in range(0, 40, 7)}
    assert together == by_sevens == backwards
    assert all(together[index] == finished for index, finished in alone.items())


def test_no_more_is_held_than_the_rows_on_their_way(model: LlamaForCausalLM) -> None:
    """The responses to a benchmark may be more together than memory holds."""
    done = decode(Forward(model), requests(40), SamplingParams(max_tokens=5), NoControl(), DELIMITERS, frozenset(), 4)
    assert max(sum(isinstance(one, Transcript) for one in gc.get_objects()) for _ in done) <= 3 * 4


def test_logits_are_the_same_bits_in_any_batch(model: LlamaForCausalLM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal tokens could be luck; equal bits are the reason for them."""
    seen: list[torch.Tensor] = []

    def keep(logits: torch.Tensor, *rest: object) -> list[int]:
        seen.append(logits.clone())
        return [int(token) for token in logits.argmax(-1)]

    monkeypatch.setattr("l2s.generation.engines.transformers.decoding.choose_tokens", keep)
    run(model, requests(1), SamplingParams(max_tokens=30))
    alone, seen = list(seen), []
    wanted = requests(1) + [Request(r.index + 1, r.prompt, r.stream) for r in requests(20, seed=5)]
    wanted.sort(key=lambda request: len(request.prompt))
    place = next(place for place, request in enumerate(wanted) if request.index == 0)
    list(decode(Forward(model), wanted, SamplingParams(max_tokens=2), NoControl(), DELIMITERS, frozenset(), 32))
    assert torch.equal(seen[0][place], alone[0][0])
    assert torch.equal(seen[1][place], alone[1][0])


def test_sampling_follows_the_distribution() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).repeat(20_000, 1)
    streams = [random.Random(seed) for seed in range(20_000)]
    picked = torch.tensor(choose_tokens(logits, SamplingParams(temperature=0.7), streams))
    shares = torch.bincount(picked, minlength=4) / 20_000
    torch.testing.assert_close(shares, (logits[0] / 0.7).softmax(0), atol=0.01, rtol=0)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [({"top_k": 2}, {0, 1}), ({"top_p": 0.6}, {0}), ({"top_p": 0.7}, {0, 1}), ({"top_k": 1}, {0})],
)
def test_top_k_and_top_p_cut_the_tail(limits: dict[str, float], allowed: set[int]) -> None:
    """Shares are .644 .237 .087 .032: top_p 0.6 is reached by the first token alone."""
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).repeat(500, 1)
    streams = [random.Random(seed) for seed in range(500)]
    assert set(choose_tokens(logits, SamplingParams(temperature=1.0, **limits), streams)) == allowed


def test_seeds_and_samples_differ_and_repeat(model: LlamaForCausalLM) -> None:
    sampling = SamplingParams(max_tokens=30, temperature=1.0)
    prompt = requests(1)[0].prompt
    draw = lambda seed, sample: run(model, [Request(0, prompt, stream_for(seed, "b", "0", sample))], sampling)[0].ids  # noqa: E731
    assert draw(1, 0) == draw(1, 0)
    assert len({tuple(draw(1, 0)), tuple(draw(1, 1)), tuple(draw(2, 0))}) == 3


def test_a_budget_closes_thinking_and_forces_the_answer_opener(model: LlamaForCausalLM) -> None:
    control = KINDS["budget"](max_think=5, max_answer=4)
    wanted = [Request(r.index, [*r.prompt, OPEN], r.stream, opened=True) for r in requests(12)]
    free = run(model, wanted, SamplingParams(max_tokens=40))
    for index, cut in run(model, wanted, SamplingParams(max_tokens=40), control).items():
        before = free[index].ids[:5]
        if STOP in before or CLOSE in before:
            assert cut == free[index]
            continue
        assert cut.ids[:8] == [*before, CLOSE, 10, 11]
        assert cut.think_tokens == 5 and cut.closed
        assert len(cut.ids) <= 8 + 4
        assert cut.finish == ("control" if cut.ids[-1] == STOP else "length")


def test_a_budget_larger_than_the_thinking_changes_nothing(model: LlamaForCausalLM) -> None:
    control = KINDS["budget"](max_think=400)
    assert run(model, requests(12), SamplingParams(max_tokens=40), control) == run(
        model, requests(12), SamplingParams(max_tokens=40)
    )
