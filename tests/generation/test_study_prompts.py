"""The study's prompts, character by character, and what ends them."""

import re

import pytest

from l2s.family.tokenizer import build_tokenizer
from l2s.generation.prompts.examples import EXAMPLES
from l2s.generation.prompts.paper import examples_for
from l2s.generation.prompts.text import prompt_ids, prompt_text, stop_strings_of
from l2s.generation.settings import PromptParams
from l2s.templates import ChatTemplate

TOKENIZER = build_tokenizer()


def test_qwen25_math_cot_is_chatml_whatever_the_models_template() -> None:
    params = PromptParams(style="qwen25-math-cot")
    assert prompt_text(ChatTemplate(TOKENIZER), params, "1+1?").text == (
        "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
        "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n"
    )
    opened = prompt_text(
        ChatTemplate(TOKENIZER), params.model_copy(update={"prefill": "<think>\n", "system": "S"}), "1+1?"
    ).text
    assert opened.startswith("<|im_start|>system\nS<|im_end|>") and opened.endswith("assistant\n<think>\n")
    assert stop_strings_of(params) == ("</s>", "<|im_end|>", "<|endoftext|>")


@pytest.mark.parametrize(("examples", "count"), [("gsm8k", 8), ("math", 5), ("minerva_math", 4)])
def test_cot_joins_examples_and_problem_by_three_newlines(examples: str, count: int) -> None:
    text = prompt_text(ChatTemplate(TOKENIZER), PromptParams(style="cot", examples=examples), "1+1?").text
    parts = text.split("\n\n\n")
    assert len(parts) == count + 1 and parts[-1] == "Question: 1+1?\nAnswer:"
    for part, (question, answer) in zip(parts, EXAMPLES[examples], strict=False):
        assert part == f"Question: {question}\nAnswer: {answer}" and "\n\n" not in part
    short = prompt_text(ChatTemplate(TOKENIZER), PromptParams(style="cot", examples=examples, shots=2), "1+1?").text
    assert short == "\n\n\n".join([*parts[:2], parts[-1]])
    assert (
        prompt_text(ChatTemplate(TOKENIZER), PromptParams(style="cot", shots=0), "1+1?").text
        == "Question: 1+1?\nAnswer:"
    )


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


def test_r1_style_prefill_is_written_once() -> None:
    tokenizer = build_tokenizer()
    params = PromptParams(prefill="<think>\n")
    assert prompt_text(ChatTemplate(tokenizer), params, "1").text.endswith("assistant\n<think>\n")
    tokenizer.chat_template = str(tokenizer.chat_template).replace("assistant\\n'", "assistant\\n<think>\\n'")
    text = prompt_text(ChatTemplate(tokenizer), params, "1").text
    assert text.endswith("assistant\n<think>\n") and text.count("<think>") == 1
    think = tokenizer.get_vocab()["<think>"]
    assert prompt_ids(tokenizer, params, text).count(think) == 1
