"""From a problem to prompt token ids: the model's own chat template, and its stop tokens."""

from typing import Any

from transformers import GenerationConfig, PreTrainedTokenizerBase

from l2s.errors import EngineError
from l2s.generation.settings import PromptParams


def prompt_text(tokenizer: PreTrainedTokenizerBase, params: PromptParams, problem: str) -> str:
    """The whole prompt as text.

    Raises:
        EngineError: ``chat`` was asked of a tokenizer without a chat template.
    """
    turn = params.template.replace("{problem}", problem)
    if params.style == "plain":
        return turn + params.prefill
    if not tokenizer.chat_template:
        raise EngineError(
            f"{tokenizer.name_or_path}: the tokenizer has no chat template; "
            "set prompt.style to 'plain' or put a chat_template.jinja into the folder"
        )
    turns = [{"role": "user", "content": turn}]
    if params.system is not None:
        turns.insert(0, {"role": "system", "content": params.system})
    text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    if params.prefill.startswith(params.opening) and text.rstrip().endswith(params.opening):
        text = text.rstrip().removesuffix(params.opening)  # the template opens thinking itself
    return text + params.prefill


def prompt_ids(tokenizer: PreTrainedTokenizerBase, params: PromptParams, text: str) -> list[int]:
    """Token ids of a prompt; a chat template writes its own special tokens, plain text gets the tokenizer's."""
    ids: list[int] = tokenizer(text, add_special_tokens=params.style == "plain")["input_ids"]
    return ids


def stop_tokens_of(
    tokenizer: PreTrainedTokenizerBase, generation: GenerationConfig | None, config: Any
) -> frozenset[int]:
    """Every stop token: of the generation config, the model's config and the tokenizer."""
    stops: set[int] = set()
    for source in (generation, config, tokenizer):
        found = getattr(source, "eos_token_id", None)
        stops.update(found if isinstance(found, list) else [found] if found is not None else [])
    return frozenset(stops)
