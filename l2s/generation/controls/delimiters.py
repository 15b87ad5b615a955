"""What a control looks for and forces, as token ids of the model's tokenizer."""

from transformers import PreTrainedTokenizerBase

from l2s.errors import EngineError
from l2s.generation.controls.kinds.styles import with_delimiters
from l2s.generation.controls.spelling import Spelling, StopStrings, pieces_of
from l2s.generation.controls.thinking import Delimiters
from l2s.generation.prompts.text import stop_strings_of
from l2s.generation.settings import ControlParams, PromptParams
from l2s.tokenizing import tokenizing

SHORTEST_PROBE = "\\boxed{"


def delimiters_of(tokenizer: PreTrainedTokenizerBase, params: PromptParams, control: ControlParams) -> Delimiters:
    r"""Token ids of delimiters and forced texts; each is tokenised apart, so no earlier id changes.

    No text is forced that the tokenizer lacks a part of. A default text of the control is then left out
    (``answer_prefix``) or shortened to ``\boxed{`` (``probe``).

    Raises:
        EngineError: the control acts on thinking, and the tokenizer has not its delimiters; a text of the user's
            that is to be forced or looked for cannot be written with it.
    """
    opening, closing = _known(tokenizer, params.opening), _known(tokenizer, params.closing)
    if control.thinks and not control.whole_text and not (opening and closing):
        raise EngineError(
            f"{tokenizer.name_or_path}: control {control.kind} acts on thinking, and the tokenizer cannot write its "
            f"delimiters {params.opening!r} and {params.closing!r}; set prompt.opening and prompt.closing to the "
            "model's own, or whole_text: true in the control to take the whole response as thinking"
        )
    before, after = _forced(tokenizer, control, "close_prefix"), _forced(tokenizer, control, "answer_prefix")
    tries = control.kind in ("early_exit", "entropy_stop")
    probe, depth = _probe(tokenizer, params, control) if tries else ((), 0)
    pieces = _pieces(tokenizer) if max(len(opening), len(closing)) > 1 else {}
    stops = stop_strings_of(params)
    return Delimiters(
        opening,
        closing,
        (*closing, *after),
        before_close=before,
        continuation=_forced(tokenizer, control, "continuation") if control.kind == "min_think" else (),
        transitions=_words(tokenizer, control) if control.kind == "early_exit" else (),
        separators=_separators(tokenizer, control) if control.kind == "entropy_stop" else (),
        probe=probe,
        probe_depth=depth,
        braces=_braces(tokenizer) if tries else {},
        opening_text=Spelling(params.opening, pieces) if len(opening) > 1 else None,
        closing_text=Spelling(params.closing, pieces) if len(closing) > 1 else None,
        stop_strings=StopStrings(stops, lambda ids: _text(tokenizer, ids)) if stops else None,
    )


def _known(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Token ids of ``text``; none where the tokenizer lacks part of it."""
    with tokenizing(tokenizer):
        ids = tuple(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else ()
    return () if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids else ids


def _written(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Token ids of a text to force, or none; some tokenizers have words only with their leading space."""
    return _known(tokenizer, text) or _known(tokenizer, f" {text}")


def _forced(tokenizer: PreTrainedTokenizerBase, control: ControlParams, key: str) -> tuple[int, ...]:
    """Token ids of the control's text ``key``; a default that cannot be written is left out."""
    text = str(getattr(control, key))
    ids = _known(tokenizer, text) if key.endswith("prefix") else _written(tokenizer, text)
    if text and not ids and not control.is_default(key):
        raise _unwritable(tokenizer, key, text)
    return ids


def _probe(
    tokenizer: PreTrainedTokenizerBase, params: PromptParams, control: ControlParams
) -> tuple[tuple[int, ...], int]:
    """Token ids of the text before a trial answer, and how many braces it leaves open."""
    texts = [with_delimiters(control.probe, params), *([SHORTEST_PROBE] if control.is_default("probe") else [])]
    for text in texts:
        if ids := _written(tokenizer, text):
            return ids, max(0, text.count("{") - text.count("}"))
    raise _unwritable(tokenizer, "probe", texts[0])


def _unwritable(tokenizer: PreTrainedTokenizerBase, key: str, text: str) -> EngineError:
    return EngineError(
        f"{tokenizer.name_or_path}: the tokenizer cannot write {key} {text!r} of the control; "
        "give a text of words that the model knows"
    )


def _text(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _pieces(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """The text of every token."""
    count = max(tokenizer.get_vocab().values()) + 1
    return pieces_of(lambda ids: tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False), count)


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
    holding = [(token,) for token, text in _pieces(tokenizer).items() if control.separator in text]
    found = {ids: None for ids in [_known(tokenizer, control.separator), *holding] if ids}
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
