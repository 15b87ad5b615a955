"""Every control in the batched engine against the reference written out for one row; and what no control may break."""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.probe import Probe
from l2s.generation.controls.union import parse_control
from l2s.generation.engines.engine import Generated
from l2s.generation.engines.transformers.decoding import Request, decode
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.engines.transformers.sampling import stream_for
from l2s.generation.settings import SamplingParams
from tests.generation.controls.slowly import Slow, SlowDecoder

pytestmark = pytest.mark.long

VOCABULARY, OPEN, CLOSE, STOP, WAIT = 24, 1, 2, 3, 4
STOPS = frozenset({STOP})
MARKS = {
    "plain": Delimiters(
        (OPEN,), (CLOSE,), (CLOSE, 10, 11), continuation=(WAIT, 5),
        probe=(10, 12), probe_depth=1, braces={12: "{", 13: "}", 15: "{}", 20: "}}"},
    ),
    "long": Delimiters(
        (OPEN, 20), (CLOSE, 9), (CLOSE, 9, 10, 11), before_close=(21,), continuation=(WAIT,),
        probe=(10, 11, 12), probe_depth=1, braces={12: "{", 13: "}", 15: "{", 16: "}"},
    ),
}  # fmt: skip
TRIGGERS = {
    "plain": {"early_exit": ((WAIT,), (6,), (6, 7), (14,), (19,)), "entropy_stop": ((8,), (9, 9))},
    "long": {"early_exit": ((17, 7), (7,), (WAIT,), (16,)), "entropy_stop": ((8,), (18,))},
}
"""What each kind looks for."""
CONTROLS = {
    "budget": {"kind": "budget", "max_think": 9, "max_answer": 6},
    "min_think": {"kind": "min_think", "min_think": 14},
    "ignores": {"kind": "min_think", "ignores": 2, "max_think": 20, "max_answer": 8},
    "gap": {"kind": "eot_temperature", "value": 0.5},
    "gap-0": {"kind": "eot_temperature", "value": 0, "min_think": 6},
    "bias": {"kind": "eot_temperature", "form": "bias", "value": 2.0, "top_k_gate": 5, "max_think": 15},
    "divide": {"kind": "eot_temperature", "form": "divide", "value": 0.6},
    "exit": {"kind": "early_exit", "threshold": 0.35, "probe_tokens": 5},
    "exit-arithmetic": {"kind": "early_exit", "mean": "arithmetic", "threshold": 0.36, "max_think": 18},
    "exit-min": {"kind": "early_exit", "mean": "min", "threshold": 0.3, "max_probes": 3},
    "exit-closes": {"kind": "early_exit", "probe_closes": True, "threshold": 0.2, "probe_tokens": 9, "max_probes": 2},
    "entropy": {"kind": "entropy_stop", "every": 4, "candidates": 3, "alpha": 0.75, "probe_tokens": 4},
    "entropy-budget": {"kind": "entropy_stop", "every": 3, "alpha": 0.1, "max_think": 12, "max_probes": 4},
}  # fmt: skip


def marked(name: str, control: Control) -> Delimiters:
    return replace(MARKS[name], triggers=TRIGGERS[name].get(control.kind, ()))


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=512, initializer_range=0.2, tie_word_embeddings=False,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def logits_of(model: LlamaForCausalLM) -> Callable[[list[int]], list[float]]:
    reference = LlamaForCausalLM(LlamaConfig(**{**model.config.to_dict(), "attn_implementation": "eager"})).eval()
    reference.load_state_dict(model.state_dict())

    @cache
    def logits(text: tuple[int, ...]) -> list[float]:
        with torch.inference_mode():
            return [float(z) for z in reference(torch.tensor([text])).logits[0, -1]]

    return lambda text: logits(tuple(text))


def requests(count: int, marks: Delimiters, seed: int = 0) -> list[Request]:
    """Prompts that open thinking, and some that leave it to the model."""
    rng = random.Random(seed)
    wanted = []
    for index in range(count):
        prompt = [rng.randrange(4, VOCABULARY) for _ in range(rng.randint(1, 70))]
        prompt += marks.opening if index % 4 else ()
        room = None if index % 5 else 8 + 7 * index % 30
        wanted.append(Request(index, prompt, stream_for(7, "b", str(index), 0), room, opened=bool(index % 4)))
    return wanted


def decoded(
    model: LlamaForCausalLM, wanted: list[Request], control: Control, marks: Delimiters,
    sampling: SamplingParams, rows: int = 8,
) -> dict[int, Generated]:  # fmt: skip
    return {done.index: done for done in decode(Forward(model), wanted, sampling, control, marks, STOPS, rows)}


@pytest.mark.parametrize("temperature", [0.0, 1.3])
@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("name", CONTROLS)
def test_engine_is_the_reference(
    model: LlamaForCausalLM, logits_of: Callable[[list[int]], list[float]], name: str, marks: str, temperature: float
) -> None:
    control = parse_control({**CONTROLS[name], **({"thinking_scope": "response"} if marks == "long" else {})}, name)
    compare(model, logits_of, control, marks, temperature)


@pytest.mark.parametrize("name", [name for name, block in CONTROLS.items() if "max_think" not in block])
def test_a_budget_under_any_kind_is_the_reference(
    model: LlamaForCausalLM, logits_of: Callable[[list[int]], list[float]], name: str
) -> None:
    """Two controls act on one response."""
    budget = {"max_think": max(7, int(str(CONTROLS[name].get("min_think", 0)))), "max_answer": 5}
    compare(model, logits_of, parse_control({**CONTROLS[name], **budget}, name), "plain", 1.3)


def compare(
    model: LlamaForCausalLM, logits_of: Callable[[list[int]], list[float]], control: Control, marks: str,
    temperature: float,
) -> None:  # fmt: skip
    """Every response of the engine is the reference's, and the control did something."""
    sampling, delimiters = SamplingParams(max_tokens=36, temperature=temperature), marked(marks, control)
    count = 20 if temperature else 10  # so many that each control acts on one
    done = decoded(model, requests(count, delimiters), control, delimiters, sampling)
    acted = trials = 0
    for request in requests(count, delimiters):
        slow: Slow = SlowDecoder(
            logits_of, request.prompt, control, delimiters, set(STOPS), sampling, request.stream, request.context_left
        ).run()
        found = done[request.index]
        assert (found.ids, found.finish, found.closed, found.think_tokens, found.tokens, found.limit) == slow[:6]
        acted += slow.acted
        trials += slow.trials
    assert acted or temperature == 0, "the control never did anything: the comparison shows nothing"
    fewest = 0 if control.max_think is not None else acted  # a budget acts without a trial
    assert trials > fewest or temperature == 0 or control.kind not in ("early_exit", "entropy_stop")


@pytest.mark.parametrize("name", CONTROLS)
def test_rows_in_different_states_do_not_depend_on_each_other(model: LlamaForCausalLM, name: str) -> None:
    """Trials, forced text and rewinds of one row leave its neighbours' bits alone."""
    control = parse_control(CONTROLS[name], name)
    marks = marked("plain", control)
    sampling = SamplingParams(max_tokens=70, temperature=1.0)
    together = decoded(model, requests(12, marks), control, marks, sampling, rows=12)
    by_fives = decoded(model, requests(12, marks)[::-1], control, marks, sampling, rows=5)
    alone = {i: decoded(model, [requests(12, marks)[i]], control, marks, sampling)[i] for i in range(0, 12, 5)}
    assert together == by_fives
    assert all(together[index] == done for index, done in alone.items())


@pytest.mark.parametrize(
    "control", [{"kind": "early_exit", "threshold": 1.0}, {"kind": "entropy_stop", "alpha": 0.0, "every": 2}]
)
def test_trials_that_end_nothing_change_nothing_but_the_count(
    model: LlamaForCausalLM, control: dict[str, object]
) -> None:
    """A rewound row goes on with the same bits and the same random numbers as one that never tried."""
    trying, sampling = parse_control(control, "control"), SamplingParams(max_tokens=200, temperature=1.0)
    marks = marked("plain", trying)
    free = decoded(model, requests(30, marks), NoControl(), marks, sampling)
    tried = decoded(model, requests(30, marks), trying, marks, sampling)
    whole = [index for index, done in tried.items() if done.finish == "stop"]
    assert len(whole) > 15 and sum(tried[index].tokens > free[index].tokens for index in whole) > 3
    for index in whole:
        assert tried[index].ids == free[index].ids and tried[index].think_tokens == free[index].think_tokens


@pytest.mark.parametrize(("tokens", "closed"), [([13, 7, CLOSE], True), ([13, 7, 7, 7], False), ([CLOSE], True)])
def test_a_trial_that_goes_on_to_the_close_says_whether_it_got_there(tokens: list[int], closed: bool) -> None:
    """The brace that closes the answer ends no such trial, and what follows it is not scored."""
    probe = Probe(MARKS["plain"], frozenset({2}), 1, 4, to_close=True)
    for token in MARKS["plain"].probe:
        probe.append(token, ())
    for token in tokens:
        assert not probe.over
        probe.append(token, [(token, 0.5)])
    assert (probe.over, probe.closed) == (True, closed)
    assert probe.answers == [[0.5]]
