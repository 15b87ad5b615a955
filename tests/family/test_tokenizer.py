"""The tokenizer: lossless, the same through AutoTokenizer, thinking marks survive decoding."""

import random
import re
import statistics

import pytest
from transformers import AutoTokenizer

from l2s.benchmarks.arithmetic import draw_chain
from l2s.family.documents import (
    LEVEL_LINES,
    base_documents,
    chat_prompt,
    quick_documents,
    raw_prompt,
    slow_documents,
)
from l2s.family.settings import BaseTraining, FamilySettings
from l2s.family.tokenizer import LEVEL_WORDS, VOCABULARY_SIZE, build_tokenizer
from l2s.family.traces import answer, reflective


def texts() -> list[str]:
    rng, tokenizer = random.Random(0), build_tokenizer()
    chains = [draw_chain(rng, level) for level in (1, 2, 3, 4, 5) for _ in range(40)]
    slow = [
        chat_prompt(tokenizer, c.text) + f"<think>{reflective(rng, c)}</think>{answer(c)}<|im_end|>" for c in chains
    ]
    return slow + [raw_prompt(chain.text) for chain in chains]


def test_encoding_is_lossless_and_knows_every_word() -> None:
    tokenizer = build_tokenizer()
    for text in texts():
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids) == text
        assert tokenizer.unk_token_id not in ids
        assert max(ids) < VOCABULARY_SIZE


def test_autotokenizer_gives_the_same_ids(tmp_path) -> None:
    tokenizer = build_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in texts():
        assert (
            loaded(text, add_special_tokens=False)["input_ids"]
            == tokenizer(text, add_special_tokens=False)["input_ids"]
        )
    assert chat_prompt(loaded, "Tom has 4 coins.") == chat_prompt(tokenizer, "Tom has 4 coins.")


def test_thinking_marks_are_single_tokens_that_decoding_keeps() -> None:
    tokenizer = build_tokenizer()
    for mark in ("<think>", "</think>"):
        (mark_id,) = tokenizer(mark, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode([mark_id], skip_special_tokens=True) == mark


def test_documents_repeat_from_a_seed_and_differ_between_seeds() -> None:
    tokenizer = build_tokenizer()

    def first(seed: int) -> list[list[int]]:
        stream = base_documents(tokenizer, BaseTraining().stage(0), seed, 0)
        return [next(stream).ids for _ in range(30)]

    assert first(1) == first(1)
    assert first(1) != first(2)


def family_documents() -> list[list[int]]:
    """Token ids of some of all three models' training documents."""
    tokenizer, settings = build_tokenizer(), FamilySettings()
    streams = [base_documents(tokenizer, settings.base.stage(number), 0, number) for number in (0, 1, 2)]
    streams += [quick_documents(tokenizer, settings.quick, 0, 0), slow_documents(tokenizer, settings.slow, 0, 0)]
    return [next(stream).ids for stream in streams for _ in range(300)]


def test_every_word_occurs_in_training() -> None:
    """One that does not is no input of its own: its embedding becomes that of all such words."""
    tokenizer = build_tokenizer()
    trained = {token for ids in family_documents() for token in ids}
    assert set(tokenizer.get_vocab().values()) - trained == {tokenizer.unk_token_id}


@pytest.mark.parametrize("word", LEVEL_WORDS)
def test_a_level_is_one_word_of_a_line_the_vocabulary_has(word: str) -> None:
    tokenizer = build_tokenizer()
    ids = tokenizer(f" Reasoning length: {word}.", add_special_tokens=False)["input_ids"]
    assert len(ids) == 5 and tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids) == f" Reasoning length: {word}."


def test_levels_are_named_in_a_share_of_bases_and_slows_problems_and_change_nothing() -> None:
    tokenizer, settings = build_tokenizer(), FamilySettings()
    line = re.compile(r" Reasoning length: (short|medium|long)\.(?=<\|im_end\|>| Solution:)")
    base = base_documents(tokenizer, settings.base.stage(2), 0, 2)
    slow, quick = slow_documents(tokenizer, settings.slow, 0, 0), quick_documents(tokenizer, settings.quick, 0, 0)
    for stream, share in ((base, 0.85 * LEVEL_LINES), (slow, LEVEL_LINES), (quick, 0.0)):
        texts = [tokenizer.decode(next(stream).ids) for _ in range(1500)]
        named = [text for text in texts if line.search(text)]
        assert len(named) / len(texts) == pytest.approx(share, abs=0.03)
        assert len({line.search(text)[1] for text in named}) == (3 if share else 0)
        lengths = {word: [len(t) for t in named if f" {word}." in t] for word in LEVEL_WORDS}
        means = [statistics.mean(found) for found in lengths.values() if found]
        assert not means or max(means) < 1.25 * min(means)
