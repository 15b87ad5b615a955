"""Prompts under controls, and controls' texts as token ids."""

import copy

import pytest
from transformers import PreTrainedTokenizerFast

from l2s.core.errors import EngineError
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.prompt import INSTRUCTIONS
from l2s.generation.controls.union import parse_control
from l2s.generation.controls.words import delimiters_of
from l2s.generation.prompts.text import prompt_text
from l2s.generation.settings import PromptParams
from l2s.templates import ChatTemplate


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer()


def control(kind: str, **found: object) -> Control:
    return parse_control({"kind": kind, **found}, "control.yaml")


@pytest.mark.parametrize("style", ["concise", "chain-of-draft"])
@pytest.mark.parametrize("template", ["{problem}", "Question: {problem}\nAnswer:"])
def test_the_instruction_stands_behind_the_problem(
    tokenizer: PreTrainedTokenizerFast, style: str, template: str
) -> None:
    plain = PromptParams(style="plain", template=template)
    text = prompt_text(ChatTemplate(tokenizer), control("prompt", style=style).prompt(plain), "1+1?").text
    assert text == template.replace("{problem}", f"1+1?\n{INSTRUCTIONS[style]}")


def test_the_token_budget_states_its_number(tokenizer: PreTrainedTokenizerFast) -> None:
    text = prompt_text(
        ChatTemplate(tokenizer),
        control("prompt", style="token-budget", tokens=77).prompt(PromptParams()),
        "1+1?",
    ).text
    asked = "1+1?\nLet's think step by step and use less than 77 tokens:"
    assert text == f"<|im_start|>user\n {asked}<|im_end|><|im_start|>assistant\n"


def test_no_think_closes_thinking_in_the_prompt(tokenizer: PreTrainedTokenizerFast) -> None:
    params = control("no_think").prompt(PromptParams())
    assert prompt_text(ChatTemplate(tokenizer), params, "1+1?").text.endswith("assistant\n<think>\n\n</think>\n\n")
    given = control("no_think", prefill="{opening}Done.{closing}").prompt(PromptParams(closing="</t>"))
    assert prompt_text(ChatTemplate(tokenizer), given, "1+1?").text.endswith("assistant\n<think>Done.</t>")


def test_no_think_does_not_open_thinking_twice() -> None:
    tokenizer = build_tokenizer()
    tokenizer.chat_template = str(tokenizer.chat_template).replace("assistant\\n'", "assistant\\n<think>\\n'")
    assert prompt_text(ChatTemplate(tokenizer), PromptParams(), "1+1?").text.endswith("assistant\n<think>\n")
    text = prompt_text(ChatTemplate(tokenizer), control("no_think").prompt(PromptParams()), "1+1?").text
    assert text.endswith("assistant\n<think>\n\n</think>\n\n") and text.count("<think>") == 1


def test_other_kinds_leave_the_prompt(tokenizer: PreTrainedTokenizerFast) -> None:
    for kind, found in {"none": {}, "budget": {"max_think": 3}, "early_exit": {}}.items():
        assert control(kind, **found).prompt(PromptParams()) == PromptParams()


def test_texts_are_taken_with_a_space_where_the_tokenizer_has_them_so(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.add_tokens([" user"])  # a word with its space and without
    ids = tokenizer.get_vocab()
    wait = delimiters_of(tokenizer, PromptParams(), control("min_think", min_think=1, continuation="Wait"))
    assert wait.continuation == (ids[" Wait"],)
    found = delimiters_of(tokenizer, PromptParams(), control("early_exit", transitions=["Wait", "Hmm", "user"]))
    assert found.triggers == ((ids[" Wait"],), (ids[" Hmm"],), (ids["user"],), (ids[" user"],))


def test_words_without_tokens_are_one_sentence(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(EngineError, match="none of the transition words 'Perhaps', 'Maybe'"):
        delimiters_of(tokenizer, PromptParams(), control("early_exit", transitions=["Perhaps", "Maybe"]))
    with pytest.raises(EngineError, match="cannot write the separator ';'"):
        delimiters_of(tokenizer, PromptParams(), control("entropy_stop", separator=";"))


def test_trial_texts_braces_and_separators(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer.get_vocab()
    params = control("entropy_stop", probe="{closing} The answer is \\boxed{", separator=".")
    found = delimiters_of(tokenizer, PromptParams(), params)
    words = ("</think>", " The", " answer", " is", " \\boxed{")
    assert (found.probe, found.probe_depth) == (tuple(ids[word] for word in words), 1)
    assert found.braces == {ids[" \\boxed{"]: "{", ids["}"]: "}"}
    assert found.triggers == ((ids["."],),)
    assert delimiters_of(tokenizer, PromptParams(), control("entropy_stop", separator="\n")).triggers == ((ids["\n"],),)
    shortest = delimiters_of(tokenizer, PromptParams(), control("early_exit"))
    assert (shortest.probe, shortest.probe_depth) == ((ids[" \\boxed{"],), 1), "DEER's text has words unknown here"
