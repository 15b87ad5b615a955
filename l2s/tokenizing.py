"""Tokenizers of model folders, and what fails in them, in a sentence: a pattern of tokenizer.json may blow up."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from l2s.core.errors import CheckpointError, line_of
from l2s.foreign_code import needs_own_code

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PANIC = "PanicException"
"""What the tokenizers library raises where its Rust code panics; it is no :class:`Exception` and no module has it."""


def open_tokenizer(path: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model folder; ``tokenizer.json``, where there is one, is taken as it stands.

    For some model types (``qwen2`` among them) transformers' AutoTokenizer takes the file's vocabulary alone and
    builds rules of its own around it, which cut numbers and spaces otherwise than the model learned.

    Raises:
        CheckpointError: there is none, or it is broken.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    kind = PreTrainedTokenizerFast if (path / "tokenizer.json").is_file() else AutoTokenizer
    try:
        tokenizer: PreTrainedTokenizerBase = kind.from_pretrained(path, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises plain Exception
        if sentence := needs_own_code(path):
            raise CheckpointError(sentence) from None
        raise CheckpointError(
            f"{path}: transformers cannot load its tokenizer ({type(error).__name__}: {line_of(error)}); "
            "expected a whole tokenizer.json beside the weights"
        ) from None
    if len(tokenizer) <= len(tokenizer.added_tokens_decoder):
        raise CheckpointError(
            f"{path}: holds no tokenizer (transformers makes an empty one); copy the model's tokenizer files into it"
        )
    return tokenizer


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
