"""A transcript in rounds is the transcript token by token, whatever the control; and rounds are worth their name.

The model here is a fixed function from text to logits, so both ways see the same one. Where tokens are
drawn, the draw is a function of the text as well.
"""

import random
from functools import cache

import pytest
import torch

from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.rounds import Round, append_round, next_round
from l2s.generation.controls.transcript import Transcript
from l2s.generation.controls.union import parse_control
from l2s.generation.engines.transformers.sampling import likeliest_tokens
from tests.generation.controls.test_controls_slowly import CONTROLS, STOPS, VOCABULARY, marked

MORE = {
    "none": {"kind": "none"},
    "exit-budget": {"kind": "early_exit", "threshold": 0.3, "probe_tokens": 3, "max_think": 25, "max_answer": 5},
    "entropy-wide": {"kind": "entropy_stop", "every": 1, "candidates": 2, "alpha": 1.0, "probe_tokens": 1},
    "gap-later": {"kind": "eot_temperature", "value": 0.01, "min_think": 9, "max_think": 30, "max_answer": 3},
}
ALL = {**CONTROLS, **MORE}


@cache
def logits_after(text: tuple[int, ...]) -> torch.Tensor:
    """Closing, opening and stopping are rarer than other tokens, so that texts have some length."""
    rng = random.Random(str(text))
    logits = [rng.gauss(0, 2.0) for _ in range(VOCABULARY)]
    for rare in (1, 2, 3):
        logits[rare] -= 1.5
    return torch.tensor(logits)


def choose(text: list[int], closers: tuple[int, ...], control: Control, drawn: bool) -> int:
    logits = logits_after(tuple(text))
    steered = control.raise_close(logits[None], closers)[0] if closers else logits
    if not drawn:
        return int(steered.argmax())
    return random.Random(f"draw {text}").choices(range(VOCABULARY), steered.softmax(0).tolist())[0]


def token_by_token(prompt: list[int], transcript: Transcript, sampled: bool) -> Transcript:
    while transcript.finish is None:
        text = prompt + transcript.text
        if (forced := transcript.forced_token()) is not None:
            transcript.append(forced)
        elif wanted := transcript.top_k:
            likeliest = likeliest_tokens(logits_after(tuple(text)), wanted)
            transcript.append(likeliest[0][0], likeliest)
        else:
            transcript.append(choose(text, transcript.close_ids, transcript.control, sampled and transcript.samples))
    return transcript


def engine(text: list[int], asked: Round, control: Control, sampled: bool) -> tuple[list[int], list[object]]:
    """What an engine that decodes runs does, and no more than it is told."""
    tokens, likeliest = list[int](), list[object]()
    while len(tokens) < asked.max_tokens and not (tokens and tokens[-1] in asked.ends):
        here = text + tokens
        if asked.top_k:
            likeliest.append(likeliest_tokens(logits_after(tuple(here)), asked.top_k))
        tokens.append(choose(here, asked.close_ids, control, sampled and asked.samples))
    return tokens, likeliest


def in_rounds(prompt: list[int], transcript: Transcript, sampled: bool) -> tuple[Transcript, int, int, int]:
    """The transcript, the rounds it took, the tokens they brought and those that were of use."""
    rounds = brought = used = 0
    while (asked := next_round(transcript)) is not None:
        tokens, likeliest = engine(prompt + transcript.text, asked, transcript.control, sampled)
        rounds, brought = rounds + 1, brought + len(tokens)
        used += append_round(transcript, asked, tokens, likeliest)  # type: ignore[arg-type]
    return transcript, rounds, brought, used


def outcome(transcript: Transcript) -> tuple[object, ...]:
    thinking = transcript.thinking
    return (
        transcript.ids, transcript.tokens, transcript.finish, thinking.tokens, thinking.closed, transcript.trials,
    )  # fmt: skip


def transcripts(control: Control, name: str, count: int, most: int) -> list[tuple[list[int], Transcript, Transcript]]:
    rng, found, marks = random.Random(5), [], marked(name, control)
    for index in range(count):
        prompt = [rng.randrange(4, VOCABULARY) for _ in range(rng.randint(1, 9))] + (
            [*marks.opening] if index % 3 else []
        )
        one, two = (Transcript(control, marks, STOPS, most, opened=bool(index % 3)) for _ in range(2))
        found.append((prompt, one, two))
    return found


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize(("marks", "whole"), [("plain", False), ("long", True)])
@pytest.mark.parametrize("name", ALL)
def test_rounds_are_the_transcript_token_by_token(name: str, marks: str, whole: bool, sampled: bool) -> None:
    block = {**ALL[name], **({"thinking_scope": "response"} if whole and name != "none" else {})}
    control = parse_control(block, name)
    for count, most in ((3, 1), (6, 7), (12, 60)):
        for prompt, one, two in transcripts(control, marks, count, most):
            expected = outcome(token_by_token(prompt, one, sampled))
            assert outcome(in_rounds(prompt, two, sampled)[0]) == expected


@pytest.mark.parametrize("name", ALL)
def test_hardly_a_token_is_brought_in_vain(name: str) -> None:
    control, brought, used = parse_control(ALL[name], name), 0, 0
    for prompt, _, transcript in transcripts(control, "plain", 20, 200):
        _, _, more, of_use = in_rounds(prompt, transcript, sampled=True)
        brought, used = brought + more, used + of_use
    assert used <= brought <= 1.01 * used


def test_a_response_without_a_control_is_one_round() -> None:
    for prompt, _, transcript in transcripts(NoControl(), "plain", 40, 60):
        assert in_rounds(prompt, transcript, sampled=False)[1] == 1


def test_a_budget_takes_two_rounds_where_the_prompt_opens_thinking() -> None:
    control = parse_control({"kind": "budget", "max_think": 5, "max_answer": 4}, "budget")
    rounds = set()
    for prompt, _, transcript in transcripts(control, "plain", 40, 60):
        if prompt[-1] == 1:
            rounds.add(in_rounds(prompt, transcript, sampled=False)[1])
    assert max(rounds) == 2, "thinking, and the answer"
