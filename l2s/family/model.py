"""The family's architecture: a small Llama, loadable in plain transformers and in vLLM."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from l2s.core.seeds import seed_for
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import END_OF_TEXT, STOP_TOKENS, VOCABULARY_SIZE

APART = 5.0
"""How many times further apart words are set."""


def fresh_model(settings: FamilySettings) -> LlamaForCausalLM:
    """An untrained model, its weights drawn from the family's seed, float32."""
    config = LlamaConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.key_value_heads,
        max_position_embeddings=1024,
        rope_theta=10_000.0,
        tie_word_embeddings=True,
        initializer_range=0.04,
        attention_bias=False,
        bos_token_id=None,
        eos_token_id=list(STOP_TOKENS),
        pad_token_id=END_OF_TEXT,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_for(settings.seed, "weights"))
        return LlamaForCausalLM(config)


@torch.no_grad()
def set_apart(model: LlamaForCausalLM, ids: list[int]) -> None:
    """Enlarge what distinguishes words that training texts use alike.

    They are predicted alike, and the embedding is tied: training makes them nearly one vector (cosine 0.96),
    which a model can be taught to tell apart only with much effort.
    """
    rows = model.get_input_embeddings().weight[ids]
    middle = rows.mean(dim=0)
    model.get_input_embeddings().weight[ids] = middle + APART * (rows - middle)
