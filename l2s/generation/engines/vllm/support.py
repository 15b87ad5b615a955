"""Whether vLLM can run a model here, found out without starting it."""

from pathlib import Path
from typing import Any

from l2s.core.errors import line_of
from l2s.generation.engines.vllm.environment import architectures, build, switched_off
from l2s.generation.prompts.tokenizer import ModelTokenizer

CPU_HEAD_SIZES = frozenset({32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512})
"""Sizes of a head that vLLM's attention on a CPU takes (0.32)."""
HEAD_SIZE_IGNORED = frozenset({"qwen2"})
"""Model types for which vLLM takes hidden size / heads, whatever ``head_dim`` says."""


def takes(path: Path, device: str) -> bool:
    """Whether engine ``auto`` takes vLLM: it is installed, nothing switches it off, and it can run this model."""
    return not switched_off() and build() is not None and why_not(path, ModelTokenizer(path).config, device) is None


def why_not(path: Path, config: Any, device: str) -> str | None:
    """Why vLLM cannot run a model with this transformers config on ``device``; None: it can."""
    found = build()
    if found is None:
        return "vLLM is not installed; pip install 'l2s[vllm]' installs it, or in a clone make vllm"
    wanted = "cpu" if device == "cpu" else "cuda"
    if found[1] != wanted:
        return f"the vLLM that is installed runs on {found[1]}, and device is '{device}'"
    text = config.get_text_config()
    return _head_problem(path, text, device) or _name_problem(path) or _architecture_problem(path, config)


def head_size(config: Any) -> int:
    """Entries of one attention head, as vLLM computes them."""
    by_width = int(config.hidden_size // config.num_attention_heads)
    stated = getattr(config, "head_dim", None)
    return by_width if config.model_type in HEAD_SIZE_IGNORED or not stated else int(stated)


def bytes_a_token(config: Any, width: int) -> int:
    """Keys and values of one token in all layers; ``width``: bytes of a number."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * head_size(config) * width)


def _head_problem(path: Path, config: Any, device: str) -> str | None:
    size = head_size(config)
    stated = getattr(config, "head_dim", None)
    if stated and stated != size:
        return f"{path}: head_dim is {stated}, and vLLM's {config.model_type} takes hidden size / heads, {size}"
    if device == "cpu" and size not in CPU_HEAD_SIZES:
        sizes = ", ".join(map(str, sorted(CPU_HEAD_SIZES)))
        return f"{path}: attention heads of size {size}; vLLM on a CPU takes {sizes}"
    return None


def _name_problem(path: Path) -> str | None:
    """Weights without a place stop vLLM; missing ones it fills with whatever is there, so they are refused.

    Raises:
        CheckpointError: weights are missing.
    """
    from l2s.causal_lm import unexpected_weights
    from l2s.checkpoints.files.index import listed

    if names := unexpected_weights(path):
        return f"{path}: no part of the model takes {listed(names)}, and vLLM does not leave them out"
    return None


def _architecture_problem(path: Path, config: Any) -> str | None:
    """The one question that needs vLLM's import, so it comes last."""
    try:
        known = architectures()
    except (ImportError, OSError, RuntimeError) as error:
        return f"vLLM is installed but cannot be imported: {line_of(error)}"
    asked = list(config.architectures or [])
    if not set(asked) & known:
        return f"{path}: vLLM does not know the architecture {', '.join(asked) or '(none stated)'}"
    return None
