"""From a problem to prompt token ids: the model's own chat template, and its stop tokens."""

from typing import Any

from jinja2 import TemplateError
from transformers import GenerationConfig, PreTrainedTokenizerBase

from l2s.errors import EngineError
from l2s.generation.settings import PromptParams
from l2s.generation.study_prompts import STOPS, cot, qwen25_math_cot


def prompt_text(tokenizer: PreTrainedTokenizerBase, params: PromptParams, problem: str) -> str:
    """The whole prompt as text.

    Raises:
        EngineError: ``chat`` was asked of a tokenizer without a chat template, or with one that fails.
    """
    turn = params.template.replace("{problem}", problem)
    if params.style == "plain":
        return turn + params.prefill
    if params.style == "cot":
        return cot(turn, params.examples, params.shots) + params.prefill
    if params.style == "qwen25-math-cot":
        return qwen25_math_cot(turn, params.system) + params.prefill
    if not tokenizer.chat_template:
        raise EngineError(
            f"{tokenizer.name_or_path}: the tokenizer has no chat template; "
            "set prompt.style to 'plain' (and prompt.template to what stands around {problem}), "
            "or put a chat_template.jinja into the folder"
        )
    turns = [{"role": "user", "content": turn}]
    if params.system is not None:
        turns.insert(0, {"role": "system", "content": params.system})
    try:
        text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    except (TemplateError, TypeError, ValueError) as error:
        roles = " and ".join(turn["role"] for turn in turns)
        raise EngineError(
            f"{tokenizer.name_or_path}: its chat template cannot render a turn of {roles}: "
            f"{' '.join(str(error).split())}; mend it, or set prompt.style to 'plain' and prompt.template"
        ) from None
    if params.prefill.startswith(params.opening) and text.rstrip().endswith(params.opening):
        text = text.rstrip().removesuffix(params.opening)  # the template opens thinking itself
    return text + params.prefill


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
