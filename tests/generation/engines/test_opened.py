"""What opens thinking: the generation prompt and a prefill; never a delimiter in somebody's text."""

import shutil
from pathlib import Path

import pytest

from l2s.core.row import Row
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import PromptParams
from tests.generation.asking import ask

CHAT = "{% for m in messages %}<|im_start|>{{ m.role }}\n {{ m.content }}<|im_end|>{% endfor %}"
BEGINS = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
OPENS = BEGINS.replace("assistant\n", "assistant\n<think>\n")
SWITCH = BEGINS.replace(
    "assistant\n", "assistant\n{{ '<think>\n\n</think>\n\n' if enable_thinking == false else '<think>' }}"
)


def with_template(model: Path, folder: Path, template: str) -> Path:
    shutil.copytree(model, folder)
    tokenizer = build_tokenizer()
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder


SAYS = "Begin with <think>"


@pytest.mark.parametrize(
    ("template", "params", "problem", "opened"),
    [
        (CHAT + BEGINS, {}, "1+1?", False),
        (CHAT + BEGINS, {"system": SAYS}, "1+1?", False),
        (CHAT + BEGINS, {"system": "<think>"}, "<think>", False),
        (CHAT + BEGINS, {}, "What does <think> mean?", False),
        (CHAT + BEGINS, {"template": "{problem}\n" + SAYS}, "1+1?", False),
        (CHAT, {}, "1+1? <think>", False),
        ("{{ messages[0].content }}", {}, "<think>", False),
        (CHAT + OPENS, {}, "1+1?", True),
        (CHAT + OPENS, {"system": "Do not write </think>"}, "What does </think> mean?", True),
        (CHAT + OPENS, {}, "<think>", True),
        (CHAT + SWITCH, {}, "1+1?", True),
        (CHAT + SWITCH, {"template_kwargs": {"enable_thinking": False}}, "<think>", False),
        (CHAT + BEGINS, {"prefill": "<think>\nOkay, "}, "1+1?", True),
        (CHAT + BEGINS, {"prefill": "<think>\n\n</think>\n\n"}, "<think>", False),
        (CHAT, {"prefill": "Well,"}, "<think>", False),
        (CHAT, {"style": "plain"}, "1+1? <think>", False),
        (CHAT, {"style": "plain", "template": "User: {problem}\nAssistant: <think>\n"}, "1+1?", True),
        (CHAT, {"style": "plain", "template": SAYS + ". {problem}"}, "1+1?", False),
        (CHAT, {"style": "plain", "template": "{problem}\n" + SAYS + ", then answer."}, "1+1?", False),
        (CHAT, {"style": "cot"}, "1+1? <think>", False),
        (CHAT, {"style": "cot", "prefill": " <think>"}, "1+1?", True),
        (CHAT, {"style": "qwen25-math-cot", "system": SAYS}, "1+1? <think>", False),
        (CHAT + BEGINS, {"opening": "<|im_start|>", "closing": "<|im_end|>"}, "1+1?", True),
    ],
)
def test_only_the_end_of_the_prompt_opens_thinking(
    model: Path, tmp_path: Path, template: str, params: dict[str, object], problem: str, opened: bool
) -> None:
    words = ModelTokenizer(with_template(model, tmp_path / "m", template))
    found = words.prompt(problem, PromptParams(**params))
    assert found.opened == opened
    as_before = found.text.rfind("<think>") > found.text.rfind("</think>")
    if "opening" not in params:
        assert found.quoted == (as_before != opened), "where earlier versions took it otherwise, the store is not asked"


def answer(model: Path, folder: Path, problem: str, prompt: PromptParams, block: dict[str, object]) -> Row:
    return ask(model, folder, [problem], block, prompt, max_tokens=12)[1][0]


def test_a_budget_leaves_an_answer_alone_whatever_the_problem_says(model: Path, tmp_path: Path) -> None:
    """The fault: a delimiter in the system's turn made all of a quick model's answer count as thinking."""
    model = with_template(model, tmp_path / "m", CHAT + BEGINS)
    budget = {"kind": "budget", "max_think": 2}
    free = answer(model, tmp_path, "<think> 1+1?", PromptParams(system=SAYS), {})
    held = answer(model, tmp_path, "<think> 1+1?", PromptParams(system=SAYS), budget)
    assert free["think_tokens"] == held["think_tokens"] == 0 and free["closed"] and held["closed"]
    assert held["response"] == free["response"]
    opened = answer(model, tmp_path, "1+1?", PromptParams(prefill="<think>"), budget)
    assert opened["think_tokens"] == 2 and opened["finish"] in ("control", "length")


def test_the_same_tokens_with_thinking_open_and_not_are_two_responses(model: Path, tmp_path: Path) -> None:
    model, budget = with_template(model, tmp_path / "m", CHAT), {"kind": "budget", "max_think": 2}
    plain = PromptParams(style="plain")
    said = answer(model, tmp_path, "1+1?<think>", plain, budget)
    meant = answer(model, tmp_path, "1+1?", PromptParams(style="plain", prefill="<think>"), budget)
    assert said["prompt"] == meant["prompt"] and said["response"] != meant["response"]
