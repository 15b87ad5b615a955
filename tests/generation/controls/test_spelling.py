"""Delimiters and stop strings as text: whatever tokens a tokenizer cuts them into."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.spelling import Spelling, StopStrings
from l2s.generation.controls.transcript import Transcript
from l2s.generation.controls.union import KINDS, parse_control
from l2s.generation.controls.words import delimiters_of
from l2s.generation.settings import PromptParams

STOP = 0


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE without thinking tokens, which joins delimiters with what stands around them."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<|end|>"],
        show_progress=False,
    )  # fmt: skip
    texts = ["<think>\n1 + 2 = 3.</think>\n\nThe answer is \\boxed{3}.", "Wait, x.</think>\n\n", "2 < 3. <think>\n"]
    inner.train_from_iterator(texts * 50, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>")


def marks(tokenizer: PreTrainedTokenizerFast, **found: object) -> Delimiters:
    control = parse_control({"kind": "budget", "max_think": 99, **found}, "control")
    return delimiters_of(tokenizer, PromptParams(), control)


def ids_of(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    return list(tokenizer(text)["input_ids"])


def test_this_tokenizer_joins_delimiters_with_their_neighbours(tokenizer: PreTrainedTokenizerFast) -> None:
    """Or the tests below would show nothing."""
    alone = ids_of(tokenizer, "</think>")
    assert len(alone) > 1
    within = ids_of(tokenizer, "3.</think>\n\nThe")
    assert not any(within[place : place + len(alone)] == alone for place in range(len(within)))


@pytest.mark.parametrize(
    "text", ["a<think>\nb 1 + 2.</think>\n\nThe", "<think>\n</think>\n\n", "x <think>1 < 3</think>."]
)
def test_thinking_is_followed_through_any_cut(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    ids = ids_of(tokenizer, text)
    transcript = Transcript(NoControl(), marks(tokenizer), frozenset({STOP}), 1000)
    states = []
    for token in ids:
        transcript.append(token)
        states.append((transcript.thinking.opened, transcript.thinking.closed))
    opened = next(tokenizer.decode(ids[: n + 1]) for n, (was_opened, _) in enumerate(states) if was_opened)
    closed = next(tokenizer.decode(ids[: n + 1]) for n, state in enumerate(states) if state == (True, True))
    assert "<think>" in opened and "<think>" not in tokenizer.decode(ids[: len(ids_of(tokenizer, opened)) - 1])
    assert "</think>" in closed and "</think>" not in tokenizer.decode(ids[: len(ids_of(tokenizer, closed)) - 1])
    inside = text.partition("<think>")[2].partition("</think>")[0]
    assert abs(transcript.thinking.tokens - len(ids_of(tokenizer, inside))) <= 2, "ends shared with a delimiter are its"


def test_the_budget_closes_and_the_close_is_recognised(tokenizer: PreTrainedTokenizerFast) -> None:
    control = KINDS["budget"](max_think=4, max_answer=2, close_prefix="\n")
    found = delimiters_of(tokenizer, PromptParams(), control)
    transcript = Transcript(control, found, frozenset({STOP}), 100, opened=True)
    one = ids_of(tokenizer, "1")[0]
    while transcript.finish is None:
        due = transcript.forced_token()
        transcript.append(one if due is None else due)
    assert tokenizer.decode(transcript.ids) == "1111\n</think>\n\n**Final Answer**\n11"
    assert (transcript.finish, transcript.limit, transcript.thinking.closed) == ("length", "max_answer", True)
    assert transcript.tokens == len(transcript.ids) and transcript.thinking.tokens == 4


def test_a_close_that_the_model_has_begun_is_only_finished(tokenizer: PreTrainedTokenizerFast) -> None:
    control = KINDS["budget"](max_think=4, answer_prefix="\n\n")
    found = delimiters_of(tokenizer, PromptParams(), control)
    one, begun = ids_of(tokenizer, "1")[0], list(found.closing[:1])
    transcript = Transcript(control, found, frozenset({STOP}), 100, opened=True)
    for token in [one, one, one, *begun]:
        transcript.append(token)
    while (forced := transcript.forced_token()) is not None:
        transcript.append(forced)
    assert tokenizer.decode(transcript.ids) == "111</think>\n\n"
    assert transcript.thinking.tokens == 3 and transcript.thinking.closed


def test_min_think_takes_back_the_whole_delimiter(tokenizer: PreTrainedTokenizerFast) -> None:
    control = KINDS["min_think"](ignores=1)
    found = delimiters_of(tokenizer, PromptParams(), control)
    transcript = Transcript(control, found, frozenset({STOP}), 100, opened=True)
    for token in ids_of(tokenizer, "1 + 2</think>\n\n"):
        while (forced := transcript.forced_token()) is not None:
            transcript.append(forced)
        transcript.append(token)
    while (forced := transcript.forced_token()) is not None:
        transcript.append(forced)
    assert tokenizer.decode(transcript.ids).startswith("1 + 2Wait") and transcript.thinking.open


@pytest.mark.parametrize(
    ("pieces", "size"),
    [
        (["a", "</", "think", ">"], 3), (["a</", "think", ">b"], 3), (["</think>"], 1), (["x</think>y"], 1),
        (["</think>", "z"], 0), (["</", "think"], 0), (["<", "/", "t", "h", "i", "n", "k", ">"], 8), (["think>"], 0),
        (["</think></", "think", ">"], 3), (["</", "\ufffd", "think>"], 0),
    ],
)  # fmt: skip
def test_sizes(pieces: list[str], size: int) -> None:
    spelling = Spelling("</think>", dict(enumerate(pieces)))
    assert spelling.size(list(range(len(pieces)))) == size


def test_stop_strings_end_a_response_whatever_the_cut(tokenizer: PreTrainedTokenizerFast) -> None:
    params = PromptParams(stop=("\n\nThe", "###"))
    found = delimiters_of(tokenizer, params, NoControl())
    for text, kept in {"1 + 2.\n\nThe answer": "1 + 2.", "a ### b": "a ", "no such": "no such"}.items():
        transcript = Transcript(NoControl(), found, frozenset({STOP}), 100)
        for token in ids_of(tokenizer, text):
            if transcript.finish is None:
                transcript.append(token)
        assert transcript.finish == (None if kept == text else "stop")
        assert found.stop_strings is not None and found.stop_strings.before(tokenizer.decode(transcript.ids)) == kept
        assert transcript.tokens == len(transcript.ids)


def test_the_first_stop_string_counts() -> None:
    stops = StopStrings(("b", "cd"), lambda ids: "".join(map(chr, ids)))
    assert [stops.before(text) for text in ("xcdb", "xbcd", "x", "b")] == ["x", "x", "x", ""]
    assert stops.ended([*map(ord, "ab")]) and not stops.ended([*map(ord, "ac")])


def test_words_of_the_family_are_compared_as_ids(tmp_path: Path) -> None:
    from l2s.family.tokenizer import build_tokenizer

    found = delimiters_of(build_tokenizer(), PromptParams(), KINDS["budget"](max_think=3))
    assert found.opening_text is None and found.closing_text is None and len(found.closing) == 1
