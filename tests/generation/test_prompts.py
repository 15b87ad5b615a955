"""Prompts, the study's among them character by character; and controls' texts as token ids."""

import re

import pytest
from transformers import PreTrainedTokenizerFast

from l2s.core.errors import EngineError
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.kinds.prompt import INSTRUCTIONS
from l2s.generation.controls.union import parse_control
from l2s.generation.controls.words import delimiters_of
from l2s.generation.prompts.examples import EXAMPLES
from l2s.generation.prompts.paper import examples_for
from l2s.generation.prompts.text import prompt_ids, prompt_text, stop_strings_of
from l2s.generation.settings import PromptParams
from l2s.templates import ChatTemplate

TOKENIZER = build_tokenizer()


def control(kind: str, **found: object) -> Control:
    return parse_control({"kind": kind, **found}, "control.yaml")


def text_of(params: PromptParams, tokenizer: PreTrainedTokenizerFast = TOKENIZER) -> str:
    return prompt_text(ChatTemplate(tokenizer), params, "1+1?").text


def written(block: Control, tokenizer: PreTrainedTokenizerFast = TOKENIZER) -> Delimiters:
    return delimiters_of(tokenizer, PromptParams(), block)


def opening_thinking() -> PreTrainedTokenizerFast:
    """One whose chat template opens thinking, as R1's newer ones do."""
    tokenizer = build_tokenizer()
    tokenizer.chat_template = str(tokenizer.chat_template).replace("assistant\\n'", "assistant\\n<think>\\n'")
    return tokenizer


def test_qwen25_math_cot_is_chatml_whatever_the_models_template() -> None:
    params = PromptParams(style="qwen25-math-cot")
    assert text_of(params) == (
        "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
        "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n"
    )
    opened = text_of(params.model_copy(update={"prefill": "<think>\n", "system": "S"}))
    assert opened.startswith("<|im_start|>system\nS<|im_end|>") and opened.endswith("assistant\n<think>\n")
    assert stop_strings_of(params) == ("</s>", "<|im_end|>", "<|endoftext|>")


@pytest.mark.parametrize(("examples", "count"), [("gsm8k", 8), ("math", 5), ("minerva_math", 4)])
def test_cot_joins_examples_and_problem_by_three_newlines(examples: str, count: int) -> None:
    parts = text_of(PromptParams(style="cot", examples=examples)).split("\n\n\n")
    assert len(parts) == count + 1 and parts[-1] == "Question: 1+1?\nAnswer:"
    for part, (question, answer) in zip(parts, EXAMPLES[examples], strict=False):
        assert part == f"Question: {question}\nAnswer: {answer}" and "\n\n" not in part
    for shots in (2, 0):
        short = text_of(PromptParams(style="cot", examples=examples, shots=shots))
        assert short == "\n\n\n".join([*parts[:shots], parts[-1]])


def test_cot_ends_where_the_next_question_begins() -> None:
    assert stop_strings_of(PromptParams(style="cot", stop=("X",)))[-2:] == ("\n\nQuestion:", "X")
    assert stop_strings_of(PromptParams(stop=("X", "X"))) == ("X",)


def test_benchmarks_have_their_sets() -> None:
    found = {
        name: examples_for(name) for name in ("gsm8k", "GSM8K", "math500", "minerva-math", "aime24", "college_math")
    }
    assert list(found.values()) == ["gsm8k", "gsm8k", "math", "minerva_math", "math", "math"]


def test_the_worked_examples_are_right() -> None:
    """Each plain sum in them, and that the answer stated last is the one worked out."""
    sums = 0
    for shown in EXAMPLES.values():
        for _, answer in shown:
            for left, right in re.findall(r"(?<![\w\\{}^(])(\d+(?: [-+*] \d+)+) = (\d+)", answer):
                assert eval(left) == int(right), answer
                sums += 1
    assert sums >= 12
    assert all(re.search(r"The answer is \d+\.$", answer) for _, answer in EXAMPLES["gsm8k"])
    assert all("\\boxed{" in answer for _, answer in EXAMPLES["math"])
    assert all(answer.endswith("I hope it is correct.") for _, answer in EXAMPLES["minerva_math"])


@pytest.mark.parametrize("style", ["concise", "chain-of-draft"])
@pytest.mark.parametrize("template", ["{problem}", "Question: {problem}\nAnswer:"])
def test_the_instruction_stands_behind_the_problem(style: str, template: str) -> None:
    plain = PromptParams(style="plain", template=template)
    text = text_of(control("prompt", style=style).prompt(plain))
    assert text == template.replace("{problem}", f"1+1?\n{INSTRUCTIONS[style]}")


def test_the_token_budget_states_its_number() -> None:
    text = text_of(control("prompt", style="token-budget", tokens=77).prompt(PromptParams()))
    asked = "1+1?\nLet's think step by step and use less than 77 tokens:"
    assert text == f"<|im_start|>user\n {asked}<|im_end|><|im_start|>assistant\n"


def test_no_think_closes_thinking_in_the_prompt() -> None:
    assert text_of(control("no_think").prompt(PromptParams())).endswith("assistant\n<think>\n\n</think>\n\n")
    given = control("no_think", prefill="{opening}Done.{closing}").prompt(PromptParams(closing="</t>"))
    assert text_of(given).endswith("assistant\n<think>Done.</t>")


@pytest.mark.parametrize("params", [PromptParams(prefill="<think>\n"), control("no_think").prompt(PromptParams())])
def test_thinking_that_the_template_opens_is_not_opened_twice(params: PromptParams) -> None:
    tokenizer = opening_thinking()
    assert text_of(PromptParams(), tokenizer).endswith("assistant\n<think>\n")
    assert text_of(params).endswith(f"assistant\n{params.prefill}")
    text = text_of(params, tokenizer)
    assert text.endswith(f"assistant\n{params.prefill}") and text.count("<think>") == 1
    assert prompt_ids(tokenizer, params, text).count(tokenizer.get_vocab()["<think>"]) == 1


def test_other_kinds_leave_the_prompt() -> None:
    for kind, found in {"none": {}, "budget": {"max_think": 3}, "early_exit": {}}.items():
        assert control(kind, **found).prompt(PromptParams()) == PromptParams()


def test_texts_are_taken_with_a_space_where_the_tokenizer_has_them_so() -> None:
    tokenizer = build_tokenizer()
    tokenizer.add_tokens([" user"])  # a word with its space and without
    ids = tokenizer.get_vocab()
    wait = written(control("min_think", min_think=1, continuation="Wait"), tokenizer)
    assert wait.continuation == (ids[" Wait"],)
    found = written(control("early_exit", transitions=["Wait", "Hmm", "user"]), tokenizer)
    assert found.triggers == ((ids[" Wait"],), (ids[" Hmm"],), (ids["user"],), (ids[" user"],))


def test_words_without_tokens_are_one_sentence() -> None:
    with pytest.raises(EngineError, match="none of the transition words 'Perhaps', 'Maybe'"):
        written(control("early_exit", transitions=["Perhaps", "Maybe"]))
    with pytest.raises(EngineError, match="cannot write the separator ';'"):
        written(control("entropy_stop", separator=";"))


def test_trial_texts_braces_and_separators() -> None:
    ids = TOKENIZER.get_vocab()
    params = control("entropy_stop", probe="{closing} The answer is \\boxed{", separator=".")
    found = written(params)
    words = ("</think>", " The", " answer", " is", " \\boxed{")
    assert (found.probe, found.probe_depth) == (tuple(ids[word] for word in words), 1)
    assert found.braces == {ids[" \\boxed{"]: "{", ids["}"]: "}"}
    assert found.triggers == ((ids["."],),)
    assert written(control("entropy_stop", separator="\n")).triggers == ((ids["\n"],),)
    shortest = written(control("early_exit"))
    assert (shortest.probe, shortest.probe_depth) == ((ids[" \\boxed{"],), 1), "DEER's text has words unknown here"
