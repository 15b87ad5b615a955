import random

import pytest

from l2s.family.traces import answer, reflective
from l2s.training.data.steps import grammar_of, trace_of
from tests.training.data.samples import chains, plain

R1 = """<think>
Okay, so I need 3 + 4.

3 + 4 is 7.

Wait, let me check: 4 + 3 is 7.

So that holds. Wait is a word inside of this one.

But hmm, another way: count up from the start, 4, 5, 6, 7.

Awaiting nothing more.
</think>

The answer is \\boxed{7}."""


def test_every_trace_of_the_family_comes_apart_into_work_and_second_thoughts() -> None:
    draw = random.Random(0)
    for chain in chains(200):
        text = f"<think>{reflective(draw, chain)}</think>{answer(chain)}"
        trace = trace_of(text, "arithmetic")
        assert trace is not None and trace.text() == text and trace.concludes
        assert trace.text(trace.functional) == plain(chain)
        assert len(trace.functional) == text.count(" Wait") + text.count(" Hmm")
        assert sum(step.redo for step in trace.steps) == text.count("re-examine")
        assert trace.before_answer(trace.functional[:1]) + answer(chain) == trace.text(trace.functional[:1])


def test_lines_of_several_operations_are_lines() -> None:
    work = " Tom:11*3-2+4=35. Ann:(4+5)*3=27. Wait, is Ann 27? (4+5)*3=27. Correct."
    trace = trace_of(f"<think>{work}</think> The answer is \\boxed{{27}}.", "arithmetic")
    assert trace is not None and trace.functional == [2]


@pytest.mark.parametrize(
    "response",
    [
        "<think> Tom:1+1=2. Yes.</think> The answer is \\boxed{2}.",  # a sentence that belongs to nothing
        "<think> Tom:1+1=2. Ann</think> The answer is \\boxed{2}.",
        "<think> Wait, let me double-check: 1+1=2. Yes.</think> The answer is \\boxed{2}.",  # no work at all
        "<think></think> The answer is \\boxed{2}.",
        "<think> Tom:1+1=2.</think>",
        "<think> Tom:1+1=2. The answer is \\boxed{2}.",  # never closed
        " Tom:1+1=2.",
        "",
    ],
)
def test_what_does_not_parse_is_left_out(response: str) -> None:
    assert trace_of(response, "arithmetic") is None


def test_a_second_pass_that_stumbles_stays_one_step() -> None:
    redo = " Wait, let me re-examine from the start. Tom:1+1=2. Wait, is Tom 2? 1+1=2. Correct. Ann:2+1=3."
    trace = trace_of(f"<think> Tom:1+1=2. Ann:2+1=3.{redo}</think> The answer is \\boxed{{3}}.", "arithmetic")
    assert trace is not None and [step.text for step in trace.steps if step.functional] == [redo]


def test_paragraphs_are_functional_where_they_begin_with_a_reflection_word() -> None:
    trace = trace_of(R1, "paragraphs")
    assert trace is not None and trace.text() == R1
    assert [place for place, step in enumerate(trace.steps) if step.functional] == [2, 4]
    assert [step.redo for step in trace.steps if step.functional] == [False, True]
    opened = trace_of(R1.removeprefix("<think>"), "paragraphs")  # where the prompt opened thinking
    assert opened is not None and opened.opening == "" and opened.functional == [2, 4]
    assert grammar_of([R1]) == "paragraphs"


def test_without_thinking_marks_the_last_paragraph_with_a_box_is_the_answer() -> None:
    trace = trace_of("3 + 4 is 7.\n\nLet me check: 7 - 4 is 3.\n\nSo \\boxed{7}.\n", "paragraphs")
    assert trace is not None and trace.answer == "So \\boxed{7}.\n" and trace.functional == [1]
    assert trace_of("3 + 4 is 7.\n\nLet me check.", "paragraphs") is None


def test_the_grammar_is_the_familys_where_half_of_the_responses_are_of_it() -> None:
    good = [plain(chain) for chain in chains(3)]
    assert grammar_of([*good, "<think> x</think> y", "", "z"]) == "arithmetic"
    assert grammar_of([*good[:2], "a", "b", "c"]) == "paragraphs" == grammar_of([])
