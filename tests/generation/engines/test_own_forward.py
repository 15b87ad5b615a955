"""The slow path decides as the fast one does under every control, also where a text is taken back past a window."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, GenerationConfig, MistralConfig, PreTrainedModel

from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.union import parse_control
from l2s.generation.engines.transformers.decoding import decode
from l2s.generation.engines.transformers.engine import TransformersEngine
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.engines.transformers.own_forward import OwnForward, decode_one_by_one
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import PromptParams, SamplingParams
from tests.generation.controls.test_controls_slowly import CONTROLS, MARKS, STOPS, VOCABULARY, requests


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = MistralConfig(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=512, initializer_range=0.3, sliding_window=8,
    )  # fmt: skip
    found: PreTrainedModel = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    return found


@pytest.mark.parametrize("cached", [True, pytest.param(False, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_means_the_same_on_the_slow_path(model: PreTrainedModel, name: str, cached: bool) -> None:
    marks, count = MARKS["plain"], 6 if cached else 2
    control = parse_control(CONTROLS[name], name)
    sampling = SamplingParams(max_tokens=30, temperature=1.3)
    fast = {
        done.index: done for done in decode(Forward(model), requests(count, marks), sampling, control, marks, STOPS, 8)
    }
    slow = OwnForward(model, cached)
    alone = decode_one_by_one(slow, requests(count, marks), sampling, control, marks, STOPS)
    assert {done.index: done for done in alone} == fast


def test_what_the_folder_says_of_sampling_does_not_count(model: PreTrainedModel, tmp_path: Path) -> None:
    """generation_config.json of released models asks for a temperature, a penalty, a least length."""
    torch.manual_seed(0)
    config = MistralConfig(**{**model.config.to_dict(), "vocab_size": 128})
    asks = GenerationConfig(do_sample=True, temperature=0.3, repetition_penalty=3.0, min_new_tokens=9, eos_token_id=2)
    answers = []
    for name, generation in (("plain", GenerationConfig()), ("asks", asks)):
        torch.manual_seed(0)
        made = AutoModelForCausalLM.from_config(config)
        made.save_pretrained(tmp_path / name)
        generation.save_pretrained(tmp_path / name)
        build_tokenizer().save_pretrained(tmp_path / name)
        engine = TransformersEngine(tmp_path / name)
        engine.forward = OwnForward(engine.model)
        sampling = SamplingParams(max_tokens=20)
        prompts = [Prompt("b", "0", 0, [5, 6, 7], False)]
        answers += [done.ids for done in engine.generate(prompts, sampling, NoControl(), PromptParams())]
    shorter = min(map(len, answers))
    assert answers[0][:shorter] == answers[1][:shorter]
