"""Fuzzed and hostile responses by every grader: in time, in memory, no row lost, nothing executed.

A part is marked long; the whole (100,000 fuzzed, 200 hostile) slow.
"""

import multiprocessing
import random
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from l2s.verification import grade, grade_pairs, grader_names, verify_file, verify_rows
from l2s.verification.extract.languages import ANSWER_WORDS
from l2s.verification.extract.markup import ANSWER_TAGS, BOX_TOKENS, END_TOKENS, THINKING

IN_TIME = 3.0
"""Seconds a row may take once workers are warm."""
GIGABYTE = 1024**3
WORDS = [
    *(mark for pair in (*THINKING[:8], *ANSWER_TAGS, *BOX_TOKENS) for mark in pair),
    *END_TOKENS[:6],
    *(word for words in ANSWER_WORDS.values() for word in words[:1]),
    *(r"\boxed", "{", "}", r"\frac", r"\binom", "^", "!", "_", "(", ")", "[", "]", r"\[", r"\]", "$", "$$", r"\left"),
    *("&", r"\\", r"\sqrt", "=", ",", ";", ":", ".", "**", "####", "```", r"\text{", r"\sum", r"\int", r"\right"),
    *("the ", "answer ", "is ", "not ", "Answer:", "A:", "so ", "therefore ", "total ", "apples ", "B ", "(C)", "12"),
    *("3.5", "1/2", "10^9", "9^9^9", "100000!", "②", "٤٢", "万", "−7", "50%", "\n", "\n\n"),
    *("\x00", "\ud800", "\u202e", "\ufeff", "é", "x+1", "\t", "\r\n"),
]


def hostile(canary: Path, count: int) -> list[str]:
    """Bombs of several kinds, each in several sizes and wrappings."""
    code = f"__import__('os').system('touch {canary}')"
    bombs = [
        "9^{9^{9^9}}", r"\binom{100000}{50000}", r"\binom{999999999}{499999999}", "(10^9)!", "170!!!", "2^{10^7}+1",
        r"\Gamma(10^8)", r"\sum_{k=1}^{10^9} k!", r"\int_0^{10^9} x^{x^x} dx", r"\prod_{k=1}^{10^8} k^k",
        "10^{-10^9}", r"\sqrt{" * 3000 + "2" + "}" * 3000, "((" * 50_000 + "))" * 50_000,
        "{" * 100_000 + "5" + "}" * 100_000, r"\frac" * 900, r"\def\a{\a\a}\a", "x+" * 1_900 + "x", "7" * 1_000_000,
        "1," * 100_000, r"\boxed{" * 20_000, code, rf"\text{{{code}}}", f"5+{code}", f"$({code})$", "\x00" * 1000,
        "\ud800" * 1000, "\u202e5", "</think>" * 100_000, "<answer>" * 50_000, "answer is " * 50_000, "答案" * 100_000,
        "```\n" * 50_000, "**1**" * 50_000, "Q: A: 1\n" * 50_000, r"\[" * 50_000, "1 and " * 50_000, "= 1 " * 50_000,
        "not " * 50_000, "<|begin_of_box|>" * 50_000, "boxed{" * 50_000, "as the answer " * 50_000, "a=b=" * 900,
        "5 " * 2_000, "-" * 4_000 + "1", "1/" * 2_000 + "1", r"\pm 1" * 60, "(1,2]" * 500, r"\cup [1,2]" * 300,
        "x^" * 60 + "2",
    ]  # fmt: skip
    wrappings = ["{}", r"\boxed{{{}}}", "The answer is {}.", "<think>{}</think>{}", "<answer>{}</answer>"]
    made = [wrapping.format(bomb, bomb) for wrapping in wrappings for bomb in bombs]
    random.Random(0).shuffle(made)
    return [*made[: count - 2], "a" * 10_000_000, "<think>" + "so the answer is 1. " * 500_000]


def fuzzed(count: int) -> list[str]:
    draw = random.Random(1)
    return ["".join(draw.choices(WORDS, k=draw.randint(1, 25))) for _ in range(count)]


def check(texts: list[str], names: list[str]) -> None:
    for name in names:
        grade(gold="x+1", answer="1+x", grader=name)  # warm
        for text in texts:
            begun = time.monotonic()
            (verdict,) = verify_rows([{"gold": "5", "response": text}], name)
            grade_pairs([{"gold": text[:20_000], "answer": "5"}], name)
            took = time.monotonic() - begun
            assert took < 2 * IN_TIME, (name, took, text[:80])
            right = "5" in text or "12−7" in text
            assert verdict["status"] and (right or not verdict["correct"]), (name, text[:200], verdict["status"])
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < GIGABYTE


def apart(work: Callable[[list[str], list[str]], None], texts: list[str], names: list[str]) -> None:
    """In a process of its own, whose children are the workers alone: their memory is what is measured."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(work, texts, names).result()


@pytest.mark.long
def test_a_part_of_it(tmp_path: Path) -> None:
    apart(check, hostile(tmp_path / "canary", 12), grader_names())
    apart(check, fuzzed(250), ["l2s", "qwen"])
    assert not (tmp_path / "canary").exists()


@pytest.mark.slow
def test_the_whole_of_it(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    apart(check, hostile(tmp_path / "canary", 200), grader_names())
    apart(check, fuzzed(100_000), ["l2s"])
    apart(check, fuzzed(5_000), grader_names())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < GIGABYTE
    assert not (tmp_path / "canary").exists()


def test_a_file_of_them_loses_no_row(tmp_path: Path) -> None:
    from l2s.records import write_rows

    texts = [text[:5_000].encode(errors="replace").decode() for text in (*hostile(tmp_path / "c", 40), *fuzzed(400))]
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    write_rows(path, [{"gold": "5", "response": text, "id": number} for number, text in enumerate(texts)])
    assert [row["id"] for row in verify_file(path, out)] == list(range(len(texts)))
    assert out.is_file() and not (tmp_path / "c").exists()
