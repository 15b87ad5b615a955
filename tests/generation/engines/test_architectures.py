"""Every family of docs/engines.md as a tiny random model: the engine's numbers against the model's own forward pass.

Windows are shorter than the texts, prompts are of unequal length, and what stands behind the head (scales, caps) is
strong enough to show.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
import transformers
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.transformers.engine import TransformersEngine
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import PromptParams, SamplingParams

VOCABULARY = 128
LENGTHS = (5, 23, 40)
FAST, EAGER, OWN, ANEW = "", " eager attention", " own forward", " own forward without cache"
BASE = {
    "vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "initializer_range": 0.3,
    "eos_token_id": 2, "bos_token_id": None, "pad_token_id": 0,
}  # fmt: skip
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
MLA = {
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16,
    "num_key_value_heads": 4, "first_k_dense_replace": 1, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "n_group": 2, "topk_group": 1, "moe_intermediate_size": 32, "n_shared_experts": 1,
}  # fmt: skip
LONGROPE = {
    "rope_type": "longrope", "short_factor": [1.0] * 8, "long_factor": [4.0] * 8, "rope_theta": 1e4,
    "original_max_position_embeddings": 32, "partial_rotary_factor": 1.0,
}  # fmt: skip
ALTERNATING = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 8}
HYBRID = {"layer_types": ["linear_attention", "full_attention"]}

FAMILIES: dict[str, tuple[str, dict[str, object], str]] = {
    "llama 2": ("LlamaConfig", {"num_key_value_heads": 4}, FAST),
    "llama 3": ("LlamaConfig", {"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0,
                "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}}, FAST),
    "llama, dynamic rope": ("LlamaConfig", {"max_position_embeddings": 32, "rope_parameters": {
                            "rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0}}, OWN),
    "llama 4": ("Llama4TextConfig", {"intermediate_size_mlp": 64, "head_dim": 16, "num_local_experts": 2,
                "num_experts_per_tok": 1, "attention_chunk_size": 8, "no_rope_layers": [1, 0], "floor_scale": 8}, OWN),
    "qwen 2": ("Qwen2Config", {"tie_word_embeddings": True}, FAST),
    "qwen 2, windows": ("Qwen2Config", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}, FAST),
    "qwen 2, experts": ("Qwen2MoeConfig", {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
                        "shared_expert_intermediate_size": 32}, FAST),
    "qwen 3": ("Qwen3Config", {"head_dim": 16}, FAST),
    "qwen 3, experts": ("Qwen3MoeConfig", {"head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2,
                        "moe_intermediate_size": 32}, FAST),
    "qwen 3 next": ("Qwen3NextConfig", {"head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2,
                    "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32, "linear_key_head_dim": 16,
                    "linear_value_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 4, **HYBRID},
                    OWN),
    "mistral": ("MistralConfig", {"sliding_window": 8}, FAST),
    "mixtral": ("MixtralConfig", {"sliding_window": 8, **EXPERTS}, FAST),
    "gemma": ("GemmaConfig", {"head_dim": 16}, FAST),
    "gemma 2": ("Gemma2Config", {"head_dim": 16, "sliding_window": 8, "final_logit_softcapping": 2.0,
                "attn_logit_softcapping": 1.0, "query_pre_attn_scalar": 16}, EAGER),
    "gemma 3": ("Gemma3TextConfig", {"head_dim": 16, **ALTERNATING}, FAST),
    "phi 3": ("Phi3Config", {"sliding_window": 8}, FAST),
    "phi 3, longrope": ("Phi3Config", {"sliding_window": None, "original_max_position_embeddings": 32,
                        "rope_parameters": LONGROPE}, OWN),
    "granite": ("GraniteConfig", {"logits_scaling": 8.0, "attention_multiplier": 0.1, "embedding_multiplier": 3.0,
                "residual_multiplier": 0.5}, FAST),
    "granite 4": ("GraniteMoeHybridConfig", {"mamba_n_heads": 4, "mamba_d_head": 32, "mamba_d_state": 16,
                  "mamba_chunk_size": 16, "layer_types": ["mamba", "attention"], "shared_intermediate_size": 64,
                  **EXPERTS}, OWN),
    "cohere": ("CohereConfig", {"logit_scale": 0.0625}, FAST),
    "cohere 2": ("Cohere2Config", {"logit_scale": 0.25, **ALTERNATING}, FAST),
    "olmo 2": ("Olmo2Config", {}, FAST),
    "gpt-oss": ("GptOssConfig", {"head_dim": 16, **ALTERNATING, **EXPERTS}, EAGER),
    "deepseek 2": ("DeepseekV2Config", {**MLA, "topk_method": "group_limited_greedy"}, FAST),
    "deepseek 3": ("DeepseekV3Config", MLA, FAST),
    "glm 4": ("Glm4Config", {"head_dim": 16}, FAST),
    "smollm 3": ("SmolLM3Config", {"no_rope_layers": [1, 0]}, FAST),
    "falcon": ("FalconConfig", {"multi_query": False, "alibi": False}, OWN),
    "falcon, alibi": ("FalconConfig", {"alibi": True}, OWN),
    "falcon h1": ("FalconH1Config", {"mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 16,
                  "mamba_chunk_size": 16, "head_dim": 16}, OWN),
    "mpt": ("MptConfig", {"d_model": 64, "n_layers": 2, "n_heads": 4, "max_seq_len": 512}, OWN),
    "bloom": ("BloomConfig", {"n_layer": 2, "n_head": 4}, OWN),
    "pythia": ("GPTNeoXConfig", {}, FAST),
    "gpt-2": ("GPT2Config", {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}, FAST),
    "gpt-neo": ("GPTNeoConfig", {"attention_types": [[["global", "local"], 1]], "num_layers": 2, "num_heads": 4,
                "window_size": 8}, OWN),
    "starcoder 2": ("Starcoder2Config", {"sliding_window": 8}, FAST),
    "mamba": ("MambaConfig", {"state_size": 16}, OWN),
    "mamba 2": ("Mamba2Config", {"num_heads": 8, "head_dim": 16, "state_size": 16, "n_groups": 2, "chunk_size": 16},
                OWN),
    "jamba": ("JambaConfig", {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2,
              "expert_layer_offset": 1, "num_experts": 2, "num_experts_per_tok": 1, "mamba_d_state": 16,
              "mamba_dt_rank": 8, "use_mamba_kernels": False}, OWN),
}  # fmt: skip
"""Class of the config, its keys, and the path that is right for it."""
QUICK = ("llama 3", "qwen 2, windows", "gemma 2", "phi 3, longrope", "mamba")
"""Every path, a window, and states that are no keys and values."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A family's model in a folder."""
    folder, tokenizer = tmp_path_factory.mktemp("architectures"), build_tokenizer()

    def save(name: str) -> Path:
        out = folder / name
        if not out.is_dir():
            model = random_model(name)
            model.save_pretrained(out)
            tokenizer.save_pretrained(out)
        return out

    return save


def random_model(name: str) -> PreTrainedModel:
    kind, keys, _ = FAMILIES[name]
    torch.manual_seed(0)
    config: PreTrainedConfig = getattr(transformers, kind)(**{**BASE, **keys})
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config).float().eval()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if "sinks" in key or "bias" in key:
                weight.normal_()
    return model


def prompts(count: int = len(LENGTHS)) -> list[Prompt]:
    numbers = torch.Generator().manual_seed(1)
    texts = [torch.randint(3, VOCABULARY, (length,), generator=numbers).tolist() for length in LENGTHS]
    return [Prompt("b", str(place), 0, text, False) for place, text in enumerate(texts[:count])]


def generated(engine: TransformersEngine, asked: Sequence[Prompt], control: Control, most: int) -> list[list[int]]:
    done = engine.generate(asked, SamplingParams(max_tokens=most, context=512), control, PromptParams())
    return [one.ids for one in sorted(done, key=lambda one: one.index)]


def own_logits(model: PreTrainedModel, ids: list[int]) -> Tensor:
    """The model's own, by its eager forward pass over the whole text."""
    if "dynamic" in str(model.config.rope_parameters if hasattr(model.config, "rope_parameters") else ""):
        model(torch.tensor([[3]]), use_cache=False)  # forgets the frequencies of a longer text
    with torch.inference_mode():
        return model(torch.tensor([ids]), use_cache=False).logits[0, -1].float()


def first_logits(engine: TransformersEngine, texts: list[list[int]]) -> list[Tensor]:
    if isinstance(engine.forward, Forward):
        return list(engine.forward.read(texts, engine.forward.cache()))
    found = list[Tensor]()
    for text in texts:
        engine.forward.run(text, lambda logits: (found.append(logits[0].clone()) or 3, False), 1)
    return found


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in FAMILIES]
)
def test_answers_are_the_models_own(name: str, saved: Callable[[str], Path]) -> None:
    folder = saved(name)
    engine = TransformersEngine(folder)
    own = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    assert engine.name.endswith(f"r3{FAMILIES[name][2]}"), engine.notes
    assert bool(engine.notes) == (FAMILIES[name][2] != FAST)
    asked = prompts()
    for prompt, logits in zip(asked, first_logits(engine, [prompt.ids for prompt in asked]), strict=True):
        torch.testing.assert_close(logits, own_logits(own, prompt.ids), rtol=1e-3, atol=1e-3)
    answers = generated(engine, asked, NoControl(), 12)
    for prompt, answer in zip(asked, answers, strict=True):
        for place, token in enumerate(answer):
            logits = own_logits(own, prompt.ids + answer[:place])
            assert logits.max() - logits[token] <= 1e-3, (prompt.problem_id, place)
    assert generated(engine, asked[:1], NoControl(), 12) == answers[:1], "a row depends on its neighbours"
