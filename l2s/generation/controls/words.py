"""What a control looks for and forces under a prompt, as token ids of the model's tokenizer."""

from transformers import PreTrainedTokenizerBase

from l2s.core.errors import EngineError
from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.speller import Speller
from l2s.generation.controls.spelling import Spelling, StopStrings
from l2s.generation.prompts.text import stop_strings_of
from l2s.generation.settings import PromptParams


def delimiters_of(tokenizer: PreTrainedTokenizerBase, params: PromptParams, control: Control) -> Delimiters:
    """Token ids of delimiters and forced texts; each is tokenised apart, so no earlier id changes.

    No text is forced that the tokenizer lacks a part of. A default text of the control is then left out or shortened.

    Raises:
        EngineError: the control acts on thinking, and the tokenizer has not its delimiters; a text of the user's
            that is to be forced or looked for cannot be written with it.
    """
    speller = Speller(tokenizer, params)
    opening, closing = speller.known(params.opening), speller.known(params.closing)
    if control.acts_on_thinking and not control.takes_whole_response and not (opening and closing):
        raise EngineError(
            f"{tokenizer.name_or_path}: control {control.kind} acts on thinking, and the tokenizer cannot write its "
            f"delimiters {params.opening!r} and {params.closing!r}; set prompt.opening and prompt.closing to the "
            "model's own, or thinking_scope: response in the control to take the whole response as thinking"
        )
    stops = stop_strings_of(params)
    found = Delimiters(
        opening,
        closing,
        (*closing, *speller.forced(control, "answer_prefix")),
        before_close=speller.forced(control, "close_prefix"),
        opening_text=Spelling(params.opening, speller.pieces) if len(opening) > 1 else None,
        closing_text=Spelling(params.closing, speller.pieces) if len(closing) > 1 else None,
        stop_strings=StopStrings(stops, speller.text) if stops else None,
    )
    return control.with_words(found, speller)
