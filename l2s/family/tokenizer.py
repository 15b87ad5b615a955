"""The family's tokenizer: whole words, single digits, lossless, with thinking marks and a chat template."""

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from l2s.benchmarks.arithmetic import NAMES, OBJECTS

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
THINKING = ("<think>", "</think>")
END_OF_TEXT, END_OF_TURN = 0, 2
STOP_TOKENS = (END_OF_TURN, END_OF_TEXT)
VOCABULARY_SIZE = 128
"""Rows of the embedding; those past the words are padding, as large models have it."""

LEVEL_WORDS = ("short", "medium", "long")
"""Of reasoning length, as a problem may ask for it."""
_INSIDE = (
    "Problem Solution has more fewer times than as many How does have Wait Hmm let me double-check check again "
    "re-examine from the start Yes Right Correct is The answer Reasoning length"
)
_WORDS = (*(f" {word}" for word in [*_INSIDE.split(), *LEVEL_WORDS]), "user", "assistant")
"""Words carry their leading space, but for the chat template's roles. Each occurs in training: one that
does not is no input of its own, its embedding is that of every other such word."""
_MARKS = (" \\boxed{", "}", ".", ",", ":", "?", "=", "+", "-", "*", "\n", " ")
_SPLIT = r" \\boxed\{| ?[A-Za-z]+(?:-[A-Za-z]+)*|.|\n"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n ' + message['content'] + '<|im_end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""A space stands before the content, so that its first word is the same token as inside a sentence."""


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, as plain transformers and vLLM load it through ``AutoTokenizer``."""
    words = [*SPECIAL, *THINKING, *"0123456789", *_MARKS, *(f" {name}" for name in NAMES)]
    words += [*(f" {thing}" for thing in OBJECTS), *_WORDS, "<unk>"]
    inner = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(_SPLIT), "isolated")
    inner.decoder = decoders.Fuse()
    inner.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in SPECIAL])
    inner.add_tokens([AddedToken(word, special=False, normalized=False) for word in THINKING])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token="<unk>",
        padding_side="left",
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
