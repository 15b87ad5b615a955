"""What a control looks for and forces, written with the tokens of the model at hand."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from l2s.core.errors import EngineError
from l2s.core.params import Params
from l2s.generation.settings import PromptParams
from l2s.tokenizing import tokenizing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHORTEST_PROBE = "\\boxed{"


class Speller:
    """Texts of a control as token ids of one tokenizer."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", params: PromptParams) -> None:
        self.tokenizer, self.params = tokenizer, params

    def known(self, text: str) -> tuple[int, ...]:
        """Token ids of ``text``; none where the tokenizer lacks part of it."""
        with tokenizing(self.tokenizer):
            ids = tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else ()
        return () if self.tokenizer.unk_token_id is not None and self.tokenizer.unk_token_id in ids else ids

    def forced(self, control: Params, key: str) -> tuple[int, ...]:
        """Token ids of the control's text ``key``; a default that cannot be written is left out.

        Some tokenizers have words only with their leading space; what stands before other text is taken as it is.
        """
        text = str(getattr(control, key))
        ids = self.known(text) or (() if key.endswith("prefix") else self.known(f" {text}"))
        if text and not ids and not control.is_default(key):
            raise self._unwritable(key, text)
        return ids

    def probe(self, control: Params, text: str) -> tuple[tuple[int, ...], int]:
        r"""Token ids of the text before a trial answer, and how many braces it leaves open.

        A default that cannot be written is shortened to ``\boxed{``.
        """
        texts = [self.params.with_delimiters(text), *([SHORTEST_PROBE] if control.is_default("probe") else [])]
        for one in texts:
            if ids := self.known(one) or self.known(f" {one}"):
                return ids, max(0, one.count("{") - one.count("}"))
        raise self._unwritable("probe", texts[0])

    def any_of(self, spellings: Iterable[tuple[int, ...]], otherwise: str) -> tuple[tuple[int, ...], ...]:
        """Those of ``spellings`` that have tokens, each once; where none has, the tokenizer is refused."""
        if found := tuple(dict.fromkeys(ids for ids in spellings if ids)):
            return found
        raise EngineError(f"{self.tokenizer.name_or_path}: the tokenizer {otherwise}")

    def text(self, ids: list[int]) -> str:
        """The text of ``ids``, special tokens shown."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    @cached_property
    def pieces(self) -> dict[int, str]:
        """The text of every token."""
        count = max(self.tokenizer.get_vocab().values()) + 1
        ids = [[token] for token in range(count)]
        return dict(enumerate(self.tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False)))

    def braces(self) -> dict[int, str]:
        """The braces in each token that has any; every kind of tokenizer spells them as themselves."""
        return {
            token: "".join(character for character in text if character in "{}")
            for text, token in self.tokenizer.get_vocab().items()
            if "{" in text or "}" in text
        }

    def _unwritable(self, key: str, text: str) -> EngineError:
        return EngineError(
            f"{self.tokenizer.name_or_path}: the tokenizer cannot write {key} {text!r} of the control; "
            "give a text of words that the model knows"
        )
