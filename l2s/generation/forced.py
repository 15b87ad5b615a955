"""What a control looks for and forces, as token ids of the model's tokenizer."""

from transformers import PreTrainedTokenizerBase

from l2s.errors import EngineError
from l2s.generation.control import Delimiters
from l2s.generation.settings import ControlParams, PromptParams
from l2s.generation.styles import with_delimiters


def delimiters_of(tokenizer: PreTrainedTokenizerBase, params: PromptParams, control: ControlParams) -> Delimiters:
    """Token ids of delimiters and forced texts; each is tokenised apart, so no earlier id changes.

    Raises:
        EngineError: early_exit looks for words, or entropy_stop for a separator, that the tokenizer has not.
    """
    closing = _ids(tokenizer, params.closing)
    probe = with_delimiters(control.probe, params)
    tries = control.kind in ("early_exit", "entropy_stop")
    return Delimiters(
        _ids(tokenizer, params.opening),
        closing,
        (*closing, *_ids(tokenizer, control.answer_prefix)),
        continuation=_written(tokenizer, control.continuation),
        transitions=_words(tokenizer, control) if control.kind == "early_exit" else (),
        separators=_separators(tokenizer, control) if control.kind == "entropy_stop" else (),
        probe=_written(tokenizer, probe) if tries else (),
        probe_depth=max(0, probe.count("{") - probe.count("}")),
        braces=_braces(tokenizer) if tries else {},
    )


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])


def _known(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Token ids of ``text``; none where the tokenizer lacks part of it."""
    ids = _ids(tokenizer, text)
    return () if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids else ids


def _written(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Token ids of a text to force; some tokenizers have words only with their leading space."""
    return _known(tokenizer, text) or _known(tokenizer, f" {text}") or _ids(tokenizer, text)


def _words(tokenizer: PreTrainedTokenizerBase, control: ControlParams) -> tuple[tuple[int, ...], ...]:
    """Each transition word as it stands and with a leading space; a spelling without tokens cannot occur."""
    spellings = [spelling for word in control.transitions for spelling in (word, f" {word.lstrip()}")]
    found = {ids: None for spelling in spellings if (ids := _known(tokenizer, spelling))}
    if not found:
        raise EngineError(
            f"{tokenizer.name_or_path}: the tokenizer has none of the transition words "
            f"{', '.join(map(repr, control.transitions))}; give words that this model writes as transitions"
        )
    return tuple(found)


def _separators(tokenizer: PreTrainedTokenizerBase, control: ControlParams) -> tuple[tuple[int, ...], ...]:
    """The separator's own ids, and every single token whose text holds it."""
    vocabulary = sorted(tokenizer.get_vocab().values())
    texts = tokenizer.batch_decode([[token] for token in vocabulary], clean_up_tokenization_spaces=False)
    holding = [(token,) for token, text in zip(vocabulary, texts, strict=True) if control.separator in text]
    own = _known(tokenizer, control.separator)
    found = {ids: None for ids in [own, *holding] if ids}
    if not found:
        raise EngineError(
            f"{tokenizer.name_or_path}: the tokenizer cannot write the separator {control.separator!r}; "
            "give one that this model writes between its thoughts, e.g. '.'"
        )
    return tuple(found)


def _braces(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """The braces in each token that has any; every kind of tokenizer spells them as themselves."""
    return {
        token: "".join(character for character in text if character in "{}")
        for text, token in tokenizer.get_vocab().items()
        if "{" in text or "}" in text
    }
