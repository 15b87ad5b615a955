"""Calibration texts: what is read, chosen and rendered, and the sentences for bad files."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from l2s.calibration.settings import CalibrationParams
from l2s.calibration.texts import Text, chosen, read_texts, rendered, token_ids
from l2s.core.errors import CheckpointError, ConfigError, RecordError
from l2s.family.tokenizer import build_tokenizer
from l2s.templates import ChatTemplate
from tests.calibration.models import write_texts

DROPS_THINKING = (
    "{{ '<|endoftext|>' }}{% for m in messages %}{% set c = m['content'] %}{% if m['role'] == 'user' %}{{ '<u>' + c }}"
    "{% else %}{% if '</think>' in c %}{% set c = c.split('</think>')[-1] %}{% endif %}{{ '<a>' + c + '<|im_end|>' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<a>OPENED' }}{% endif %}"
)
"""As DeepSeek-R1's distilled models have it; newer ones open the thinking in the generation prompt."""


def tokenizer(template: str | None) -> PreTrainedTokenizerFast:
    found = build_tokenizer()
    found.chat_template = template
    return found


def test_rows(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "t.jsonl", 3)
    assert [text.line for text in read_texts(path, "short")] == [1, 2, 3]
    assert read_texts(path, "short")[1].answer == "1 + 3 = 4.1 + 3 = 4."
    assert read_texts(path, "long")[2].answer == "<think>Wait, let me check 2 again.</think> 5"
    assert read_texts(path, "none")[0].answer is None


def test_columns_that_are_not_used_need_not_be_there_and_empty_lines_count(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"prompt": "a\xc3\xa9", "short": "b"}\r\n\n{"prompt": "c", "short": "", "n": 1}')
    assert read_texts(path, "short") == [Text(1, "aé", "b"), Text(3, "c", "")]


BAD: list[tuple[Any, str]] = [
    ("{", r"line 2 is not JSON \("),
    ("[1]", "line 2 is a list, expected an object"),
    ({"short": "b"}, r"line 2 lacks 'prompt' \(found short\)"),
    ({"prompt": "a", "answer": "b"}, r"line 2 lacks 'short' \(found prompt, answer\)"),
    ({"prompt": ["a"], "short": "b"}, r"line 2: 'prompt' is \['a'\], expected a string"),
    ({"prompt": "a", "short": None}, "line 2: 'short' is None, expected a string"),
]


@pytest.mark.parametrize(("row", "sentence"), BAD)
def test_bad_lines(row: Any, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"prompt": "a", "short": "b"}\n' + (row if isinstance(row, str) else json.dumps(row)) + "\n")
    with pytest.raises(RecordError, match=f"^{path}: {sentence}"):
        read_texts(path, "short")


def test_all_bad_lines_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("{}\n" * 9)
    with pytest.raises(
        RecordError, match=r"line 1 lacks .*; line 5 lacks 'prompt' \(found nothing\); and 4 more lines"
    ):
        read_texts(path, "none")


@pytest.mark.parametrize(("content", "sentence"), [(None, "no such file"), ("", "no texts"), ("\n \n", "no texts")])
def test_no_texts(content: str | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RecordError, match=f"t.jsonl: .*{sentence}; expected JSONL with prompt, short and long"):
        read_texts(path, "short")


def test_more_samples_only_add_texts() -> None:
    texts = [Text(line, str(line), None) for line in range(1, 51)]
    assert chosen(texts, 10, 0) == chosen(texts, 30, 0)[:10] and len(chosen(texts, 100, 0)) == 50
    assert chosen(texts, 100, 0) != texts != chosen(texts, 100, 1) != chosen(texts, 100, 0)
    assert sorted(text.line for text in chosen(texts, 100, 3)) == list(range(1, 51))


def test_rendered_as_a_chat() -> None:
    text = Text(1, "How many?", "Wait, 7.")
    family = build_tokenizer()
    assert (
        rendered(ChatTemplate(family), text)
        == "<|im_start|>user\n How many?<|im_end|><|im_start|>assistant\n Wait, 7.<|im_end|>"
    )
    assert rendered(ChatTemplate(family), Text(1, "How many?", None)).endswith(
        "How many?<|im_end|><|im_start|>assistant\n"
    )


def test_rendered_without_a_template() -> None:
    assert rendered(ChatTemplate(tokenizer(None)), Text(1, "How many?", "7")) == "How many?\n7"
    assert rendered(ChatTemplate(tokenizer(None)), Text(1, "How many?", None)) == "How many?"


def test_thinking_that_the_template_would_drop_stays() -> None:
    answer = "<think>\nWait.\n</think>\n7"
    plain = tokenizer(DROPS_THINKING.replace("OPENED", ""))
    opened = tokenizer(DROPS_THINKING.replace("OPENED", "<think>\\n"))
    for found in (
        rendered(ChatTemplate(plain), Text(1, "Q", answer)),
        rendered(ChatTemplate(opened), Text(1, "Q", answer)),
    ):
        assert found == f"<|endoftext|><u>Q<a>{answer}<|im_end|>"
    assert rendered(ChatTemplate(opened), Text(1, "Q", " 7")) == "<|endoftext|><u>Q<a> 7<|im_end|>"


def test_ids_are_cut_and_a_template_writes_the_special_tokens() -> None:
    family, text = build_tokenizer(), Text(1, "How many?", "Wait, 7.")
    ids = token_ids(ChatTemplate(family), text, 512)
    assert family.decode(ids) == rendered(ChatTemplate(family), text)
    assert token_ids(ChatTemplate(family), text, 5) == ids[:5] and len(ids) > 5
    starting = tokenizer(None)
    from tokenizers.processors import TemplateProcessing

    starting.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    assert token_ids(ChatTemplate(starting), text, 512)[0] == 0
    starting.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    assert token_ids(ChatTemplate(starting), text, 512)[0] != 0


def test_a_template_that_fails() -> None:
    broken = tokenizer("{{ raise_exception('roles must alternate') }}")
    with pytest.raises(CheckpointError, match=r"its chat template cannot render .*: roles must alternate"):
        token_ids(ChatTemplate(broken), Text(1, "Q", "A"), 512)


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        ({"kind": "fisher"}, "kind: found 'fisher', expected 'activations' or 'sensitivities'"),
        ({"kind": "activations", "answer": "medium"}, "answer: found 'medium'"),
        ({"kind": "activations", "sample": 3}, "sample: unknown key; did you mean 'samples'"),
        ({"kind": "activations", "samples": 0}, "samples: found 0"),
        ({"kind": "activations", "max_tokens": 1}, "max_tokens: found 1"),
        ({"kind": "activations", "block": 0}, "block: found 0"),
        ({"kind": "activations", "distance_to": ["slow"]}, "distance_to goes with kind sensitivities"),
        ({}, "kind: required, but missing"),
    ],
)
def test_parameters_that_cannot_be(of: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        CalibrationParams.parse({"model": "base", "texts": "t.jsonl", **of}, "params.yaml: calibration.a")
