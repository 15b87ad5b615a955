"""The tokenizer: lossless, the same through AutoTokenizer, thinking marks survive decoding."""

import random

from transformers import AutoTokenizer

from l2s.benchmarks.arithmetic import draw_chain
from l2s.family.documents import base_documents, chat_prompt, raw_prompt
from l2s.family.settings import BaseTraining
from l2s.family.tokenizer import VOCABULARY_SIZE, build_tokenizer
from l2s.family.traces import answer, reflective


def texts() -> list[str]:
    rng, tokenizer = random.Random(0), build_tokenizer()
    chains = [draw_chain(rng, level) for level in (1, 2, 3, 4, 5) for _ in range(40)]
    slow = [
        chat_prompt(tokenizer, c.text) + f"<think>{reflective(rng, c)}</think>{answer(c)}<|im_end|>" for c in chains
    ]
    return slow + [raw_prompt(chain) for chain in chains]


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
        stream = base_documents(tokenizer, BaseTraining(), seed, 0)
        return [next(stream).ids for _ in range(30)]

    assert first(1) == first(1)
    assert first(1) != first(2)
