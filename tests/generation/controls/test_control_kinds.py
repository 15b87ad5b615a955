"""What holds of every kind of control that there is: one that is added is tested here without being named.

The model is a fixed function from text to logits (see ``test_rounds``), so that both ways of driving a response, token
by token as the transformers engine does and in rounds as vLLM does, see the same one.
"""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.transcript import Transcript
from l2s.generation.controls.union import KINDS, parse_control
from l2s.generation.controls.words import delimiters_of
from l2s.generation.settings import PromptParams
from tests.generation.controls.test_controls_slowly import MARKS, OPEN, STOPS, VOCABULARY, marked
from tests.generation.controls.test_rounds import in_rounds, outcome, token_by_token

MOST = 60


def control_of(kind: str, **found: Any) -> Control:
    return parse_control({"kind": kind, **KINDS[kind].example, **found}, kind)


def small(kind: str) -> dict[str, Any]:
    """The kind's example with its lengths made those of a small model."""
    return {key: 7 for key, value in KINDS[kind].example.items() if isinstance(value, int) and value > MOST}


def transcripts(control: Control, count: int = 30, most: int = MOST) -> list[tuple[list[int], Transcript]]:
    rng, marks = random.Random(5), marks_of(control)
    found = []
    for index in range(count):
        opened = bool(index % 3)
        prompt = [rng.randrange(4, VOCABULARY) for _ in range(rng.randint(1, 9))] + [*(marks.opening if opened else ())]
        found.append((prompt, Transcript(control, marks, STOPS, most, context_left=50 + index, opened=opened)))
    return found


def marks_of(control: Control) -> Delimiters:
    """Those of the tests' model; a kind that they know nothing of looks for two of its tokens."""
    marks = marked("plain", control)
    return marks if marks.triggers else replace(marks, triggers=((14,), (8,)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampled", [False, True])
def test_both_engines_write_the_same_again_and_again(kind: str, sampled: bool) -> None:
    for found in ({}, {"max_think": 9, "max_answer": 4}) if KINDS[kind].parameters() else ({},):
        control = control_of(kind, **{**small(kind), **found})
        stepwise = [outcome(token_by_token(prompt, one, sampled)) for prompt, one in transcripts(control)]
        assert stepwise == [outcome(token_by_token(prompt, one, sampled)) for prompt, one in transcripts(control)]
        assert stepwise == [outcome(in_rounds(prompt, one, sampled)[0]) for prompt, one in transcripts(control)]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"none"}))
def test_a_budget_stands_under_every_kind(kind: str) -> None:
    control = control_of(kind, **{**small(kind), "max_think": 9, "max_answer": 4, "answer_prefix": "x"})
    assert (control.kind, control.max_think, control.max_answer, control.answer_prefix) == (kind, 9, 4, "x")
    cut = 0
    for prompt, transcript in transcripts(control):
        token_by_token(prompt, transcript, sampled=True)
        cut += transcript.limit == "max_think" or transcript.thinking.cut
        assert transcript.think_tokens <= 9
        if transcript.thinking.cut and prompt[-1] == OPEN:
            assert len(transcript.ids) <= 9 + len(MARKS["plain"].forced_close) + control.max_answer
    assert cut, "the budget never did anything"


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_is_generated_is_counted_and_stays_within_the_limits(kind: str) -> None:
    for most in (1, 17, MOST):
        for prompt, transcript in transcripts(control_of(kind, **small(kind)), most=most):
            steps = 0
            while transcript.finish is None:
                before = transcript.tokens
                transcript.append(*next_token(prompt, transcript, transcript.forced_token()))
                steps += 1
                assert transcript.tokens >= before, "what was spent is never given back"
            assert len(transcript.ids) <= transcript.tokens <= most
            assert steps <= transcript.tokens + len(transcript.ids)


def next_token(prompt: list[int], transcript: Transcript, forced: int | None) -> tuple[int, list[tuple[int, float]]]:
    rng = random.Random(f"{prompt} {transcript.text}")
    if forced is None and transcript.top_k:
        tokens = rng.sample(range(VOCABULARY), transcript.top_k)
        return tokens[0], [(token, 0.5 / (place + 1)) for place, token in enumerate(tokens)]
    return (rng.randrange(VOCABULARY) if forced is None else forced), []


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_it_takes(kind: str) -> None:
    """Its example is the smallest block: without any of its keys it is refused, and it is a key of the kind."""
    assert control_of(kind).kind == kind and KINDS[kind].__doc__
    for key in KINDS[kind].example:
        assert key in KINDS[kind].parameters()
    identity = control_of(kind).identity()
    assert identity["kind"] == kind and identity == control_of(kind).identity()
    others = [control_of(other).identity() for other in KINDS if other != kind]
    assert identity not in others, "a response under one kind is served under another"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_written_with_the_tokens_of_a_model(kind: str) -> None:
    texts = {"separator": "."} if "separator" in KINDS[kind].parameters() else {}
    found = delimiters_of(build_tokenizer(), PromptParams(), control_of(kind, **texts))
    assert len(found.opening) == len(found.closing) == 1 and found.forced_close[:1] == found.closing


@pytest.mark.long
def test_the_example_of_the_docs_is_a_kind(tmp_path: Path) -> None:
    """One file, and all of the above holds of it."""
    page = (Path(__file__).parents[3] / "docs/controls.md").read_text()
    (tmp_path / "lines.py").write_text(page.partition("```python\n")[2].partition("```")[0])
    code = (
        f"import l2s.generation.controls.kinds as kinds; kinds.__path__.append({str(tmp_path)!r}); import pytest; "
        f"raise SystemExit(pytest.main([{__file__!r}, '-k', 'lines', '-q', '-p', 'no:cacheprovider']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
