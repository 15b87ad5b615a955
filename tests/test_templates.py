"""Chat templates: one date, limits of time and memory, and where the generation prompt begins."""

import datetime
import os
import time

import pytest
from transformers import PreTrainedTokenizerFast

from l2s.family.tokenizer import build_tokenizer
from l2s.templates import ChatTemplate, RenderError, Turn

USER: list[Turn] = [{"role": "user", "content": "How many?"}]
PLAIN = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def tokenizer(template: str) -> PreTrainedTokenizerFast:
    made = build_tokenizer()
    made.chat_template = template
    return made


def template(text: str) -> ChatTemplate:
    return ChatTemplate(tokenizer(text))


def test_it_renders_as_transformers_does() -> None:
    for text in (PLAIN, "{% for m in messages %}{% generation %}{{ m | tojson }}{% endgeneration %}{% endfor %}"):
        own = tokenizer(text)
        expected = own.apply_chat_template(USER, tokenize=False, add_generation_prompt=True)
        assert ChatTemplate(own).render(USER) == expected


@pytest.mark.parametrize(
    "endless",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{{ f(n + 1) }}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
        "{{ 'a' * 10**11 }}",
        "{{ 9**(9**9) }}",
        "{% set x = namespace(s='a') %}{% for i in range(60) %}{% set x.s = x.s ~ x.s %}{% endfor %}{{ x.s }}",
        "{{ 'a' * 20000000 }}",
    ],
)
def test_an_endless_template_ends_in_one_sentence(endless: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("l2s.templates.SECONDS", 0.5)
    started = time.monotonic()
    with pytest.raises(RenderError) as error:
        template(endless).render(USER)
    assert time.monotonic() - started < 8 and "\n" not in str(error.value)


def test_after_a_template_that_was_stopped_others_render(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("l2s.templates.SECONDS", 0.5)
    found = template(
        "{% for i in range(9**messages[0].content | length) %}{% for j in range(99999) %}{% endfor %}{% endfor %}ok"
    )
    quick: list[Turn] = [{"role": "user", "content": ""}]
    assert found.render(quick) == "ok"
    with pytest.raises(RenderError, match="did not end within"):
        found.render([{"role": "user", "content": "12345"}])
    assert found.render(quick) == "ok"


def test_no_process_is_left() -> None:
    before = _children()
    found = template(PLAIN)
    found.render(USER)
    assert len(_children() - before) == 1
    del found
    assert _children() <= before


def _children() -> set[int]:
    return {int(pid) for pid in os.listdir("/proc") if pid.isdigit() and _parent(int(pid)) == os.getpid()}


def _parent(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def test_the_common_case_is_quick() -> None:
    found = template(PLAIN)
    found.prompt(USER)
    started = time.process_time()
    for number in range(500):
        found.prompt([{"role": "user", "content": str(number)}])
    assert time.process_time() - started < 1


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/Los_Angeles"])
def test_today_is_the_date_that_is_given(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    now = "{{ strftime_now('%d %b %Y %H:%M %s') }}{% macro f() %}{{ strftime_now('%Y') }}{% endmacro %} {{ f() }}"
    assert template(now).render(USER) == "01 Jan 2025 00:00 1735689600 2025"
    given = template(now).render(USER, date=datetime.date(2024, 7, 26))
    assert given.startswith("26 Jul 2024 00:00")


def test_chance_is_the_same_each_time() -> None:
    drawn = "{{ range(100000) | random }} {{ lipsum(n=1) }}"
    found = template(drawn)
    assert found.render(USER) == found.render(USER) == template(drawn).render(USER)


def test_variables_are_given_to_the_template() -> None:
    found = template("{% if enable_thinking is defined and not enable_thinking %}off{% endif %}{{ effort }}")
    assert found.render(USER) == ""
    assert found.render(USER, kwargs={"enable_thinking": False, "effort": "high"}) == "offhigh"


SYSTEM: list[Turn] = [{"role": "system", "content": " Begin with <think> "}, {"role": "user", "content": " <think>\n"}]


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        (PLAIN, "<|end|><|assistant|>\n"),
        (PLAIN.replace("assistant|>\n", "assistant|><think>\n"), "<|end|><|assistant|><think>\n"),
        (PLAIN.replace("m.content", "m.content | trim"), "<|end|><|assistant|>\n"),
        (PLAIN.replace("m.content", "m.content | upper"), "<|end|><|assistant|>\n"),
        (PLAIN.replace("m.content", "m.content | replace('<think>', '')"), "<|end|><|assistant|>\n"),
        (PLAIN.replace("m.content", "m.content ~ m.content"), "<|end|><|assistant|>\n"),
        ("{{ messages[1].content }}{{ messages[0].content }}<a>", "<a>"),  # the system's text comes last
        ("{{ messages[1].content }}", ""),
        ("{% for m in messages %}{{ m.content }}{% if '<think>' in m.content %}!{% endif %}{% endfor %}<a>", "<a>"),
        (
            "{% if 'turn' in messages[1].content %}{{ raise_exception('no') }}{% endif %}x"
            "{% if add_generation_prompt %}<a>{% endif %}",
            "<a>",
        ),
    ],
)  # fmt: skip
def test_the_generation_prompt_is_what_follows_the_last_message(text: str, tail: str) -> None:
    found = template(text).prompt(SYSTEM)
    assert found.tail == tail and found.text.endswith(tail)
