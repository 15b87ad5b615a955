"""The parts of a model that tensor names speak of: embedding, heads, towers, buffers that loaders compute anew."""

import re
from collections.abc import Container
from functools import lru_cache

HEAD = "lm_head.weight"
EMBEDDING = re.compile(r"(?:.*\.)?(?:embed_tokens|wte|embed_in|word_embeddings|tok_embeddings|embeddings)\.weight")
HEADS = re.compile(r"(?:.*\.)?(?:lm_head|embed_out|output_layer|output|head)\.(?:weight|bias)")
"""What makes logits of hidden states, by the names that architectures give it; the prefix is that of the model."""

OTHER_HEADS = re.compile(
    r"(?:.*\.)?(?:score|classifier|classification_head|qa_outputs|v_head|value_head|reward_head|regression_head)\..+"
)
"""What makes labels or rewards: no row a token, never tied to anything."""

TOWERS = frozenset({"visual", "vision_tower", "vision_model", "vision_encoder", "multi_modal_projector", "audio_tower",
                    "audio_encoder", "mtp"})  # fmt: skip
"""Parts that some models have beside the language model."""

RECOMPUTED = re.compile(
    r"(?:.*\.)?(?:rotary_emb|rotary_pos_emb|rotary|rope)\.(?:inv_freq|original_inv_freq|cos_cached|sin_cached)"
    r"|(?:.*\.)?(?:attn|attention|self_attn|self_attention)\.(?:masked_bias|bias|causal_mask)"
    r"|(?:.*\.)?(?:inv_freq|position_ids|rope\.freqs)"
)
"""Buffers that older versions stored and every loader computes from the config."""

LAYER = re.compile(r"(?:.*\.)?(?:layers|h|blocks|block)\.(\d+)\.(.+)")
NUMBERED = re.compile(r"(?:^|\.)\d+\.")


def is_embedding(name: str) -> bool:
    """Is it the matrix with a row for each token that comes first?"""
    return EMBEDDING.fullmatch(name) is not None and _is_outside(name)


@lru_cache(1 << 16)
def is_head(name: str) -> bool:
    """Is it what makes logits, weight or bias?"""
    return HEADS.fullmatch(name) is not None and _is_outside(name)


def head_beside(embedding: str) -> str:
    """What the head is called in a model that has none of its own, going by its embedding."""
    prefix, _, last = embedding.removesuffix(".weight").rpartition(".")
    if last == "embed_in":
        return "embed_out.weight"
    return f"{prefix}.output.weight".removeprefix(".") if last == "tok_embeddings" else HEAD


def is_recomputed(name: str, shape: tuple[int, ...]) -> bool:
    """Is it a buffer that loaders compute? GPT-2's ``attn.bias`` is a square mask, other ``attn.bias`` are weights."""
    if RECOMPUTED.fullmatch(name) is None:
        return False
    return not name.endswith(".bias") or (len(shape) == 4 and shape[:2] == (1, 1) and shape[2] == shape[3])


def tower_of(name: str) -> str | None:
    """``model.visual.`` of a tensor's name; None for the language model's own."""
    parts = name.split(".")[:2]
    place = next((place for place, part in enumerate(parts) if part in TOWERS), None)
    return None if place is None else ".".join(parts[: place + 1]) + "."


def layer_of(name: str) -> tuple[int, str] | None:
    """The language model's layer that a tensor belongs to, and what it is called there."""
    found = LAYER.fullmatch(name) if tower_of(name) is None else None
    return None if found is None else (int(found[1]), found[2])


def is_other_head(name: str, shape: tuple[int, ...], rows: int, known: Container[str]) -> bool:
    """Is it a head of another kind: of labels, rewards, or of tokens under a name that is not known here?"""
    if name in known or not _is_outside(name):
        return False
    return OTHER_HEADS.fullmatch(name) is not None or (len(shape) == 2 and shape[0] == rows)


def _is_outside(name: str) -> bool:
    """Whether a weight is the language model's, and none of its layers'."""
    return NUMBERED.search(name) is None and tower_of(name) is None
