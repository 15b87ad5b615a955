"""From a problem to prompt token ids: the model's own chat template, and its stop tokens."""

from typing import Any

from transformers import GenerationConfig, PreTrainedTokenizerBase

from l2s.core.errors import EngineError
from l2s.generation.prompts.paper import STOPS, cot, qwen25_math_cot
from l2s.generation.settings import PromptParams
from l2s.templates import ChatTemplate, Rendered, RenderError


def prompt_text(template: ChatTemplate, params: PromptParams, problem: str) -> Rendered:
    """The whole prompt as text, and its end, where the answer begins: the generation prompt and the prefill.

    Only what stands there can have opened thinking; a delimiter in the system's turn, in an example or in a problem is
    text like any other.

    Raises:
        EngineError: ``chat`` was asked of a tokenizer without a chat template, or with one that fails.
    """
    turn = params.template.replace("{problem}", problem)
    if params.style == "chat":
        found = _chat(template, params, turn)
        text, tail = found.text, found.tail
    elif params.style == "cot":
        text, tail = cot(turn, params.examples, params.shots), ""
    elif params.style == "qwen25-math-cot":
        text, tail = qwen25_math_cot(turn, params.system), ""
    else:
        text, tail = turn, _plain_tail(params)
    if params.prefill.startswith(params.opening) and tail.rstrip().endswith(params.opening):
        text, tail = (part.rstrip().removesuffix(params.opening) for part in (text, tail))  # opened by the template
    return Rendered(text + params.prefill, tail + params.prefill)


def _chat(template: ChatTemplate, params: PromptParams, turn: str) -> Rendered:
    name = template.tokenizer.name_or_path
    if not template.tokenizer.chat_template:
        raise EngineError(
            f"{name}: the tokenizer has no chat template; "
            "set prompt.style to 'plain' (and prompt.template to what stands around {problem}), "
            "or put a chat_template.jinja into the folder"
        )
    turns = [{"role": "user", "content": turn}]
    if params.system is not None:
        turns.insert(0, {"role": "system", "content": params.system})
    try:
        return template.prompt(turns, date=params.date, kwargs=params.template_kwargs)
    except RenderError as error:
        roles = " and ".join(turn["role"] for turn in turns)
        raise EngineError(
            f"{name}: its chat template cannot render a turn of {roles}: {error}; "
            "mend it, or set prompt.style to 'plain' and prompt.template"
        ) from None


def _plain_tail(params: PromptParams) -> str:
    """A template that ends by opening thinking means it; where it goes on, it speaks of the delimiter."""
    after = params.template.rpartition("{problem}")[2]
    return after if after.rstrip().endswith(params.opening) else ""


def prompt_ids(tokenizer: PreTrainedTokenizerBase, params: PromptParams, text: str) -> list[int]:
    """Token ids of a prompt; a chat template writes its own special tokens, other styles get the tokenizer's.

    A prompt of no tokens begins, as texts in training do, with the token that begins or else ends texts.

    Raises:
        EngineError: there is neither token.
    """
    ids: list[int] = tokenizer(text, add_special_tokens=params.style != "chat", verbose=False)["input_ids"]
    if ids:
        return ids
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    if first is None:
        raise EngineError(
            f"{tokenizer.name_or_path}: a problem gives an empty prompt, and the tokenizer has no token to begin with; "
            "set prompt.template to a text around {problem}"
        )
    return [first]


def stop_strings_of(params: PromptParams) -> tuple[str, ...]:
    """The texts that end a response under this prompt."""
    return tuple(dict.fromkeys([*STOPS.get(params.style, ()), *params.stop]))


def stop_tokens_of(
    tokenizer: PreTrainedTokenizerBase, generation: GenerationConfig | None, config: Any
) -> frozenset[int]:
    """Every stop token: of the generation config, the model's config and the tokenizer."""
    stops: set[int] = set()
    for source in (generation, config, tokenizer):
        found = getattr(source, "eos_token_id", None)
        stops.update(found if isinstance(found, list) else [found] if found is not None else [])
    return frozenset(stops)
