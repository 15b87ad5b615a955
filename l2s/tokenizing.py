"""Tokenizers that fail on a text, in a sentence: a pattern of tokenizer.json may blow up in the library below."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from l2s.core.errors import CheckpointError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PANIC = "PanicException"
"""What the tokenizers library raises where its Rust code panics; it is no :class:`Exception` and no module has it."""


@contextmanager
def tokenizing(tokenizer: "PreTrainedTokenizerBase") -> Iterator[None]:
    """Turn what a tokenizer raises into a sentence.

    Raises:
        CheckpointError: it cannot cut the text.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        raise CheckpointError(
            f"{tokenizer.name_or_path}: its tokenizer fails on a text ({error}); a pattern in tokenizer.json tries too "
            "many ways to match; take the model's original tokenizer.json"
        ) from None
