"""Is a model solved? Its greedy answers to problems it was not trained on, level by level, and to easy pairs."""

import random
import re
from collections.abc import Sequence

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from l2s.benchmarks.arithmetic import LEVELS, Chain
from l2s.core.seeds import seed_for
from l2s.family.tokenizer import STOP_TOKENS
from l2s.family.traces import draw_pair, line
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.transformers.decoding import Request, decode
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.settings import SamplingParams

LONGEST = 512
"""Tokens after which an answer counts as wrong."""
_BOXED = re.compile(r"\\boxed\{(\d+)\}")


def accuracy_by_level(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, chains: Sequence[Chain], prompts: Sequence[str]
) -> dict[int, float]:
    """Share of problems of each level whose one boxed number is the answer."""
    right = {level: 0 for level in LEVELS}
    for chain, text in zip(chains, _answers(model, tokenizer, prompts, LONGEST), strict=True):
        right[chain.level] += _BOXED.findall(text) == [str(chain.answer)]
    return {level: right[level] / sum(chain.level == level for chain in chains) for level in LEVELS}


def accuracy_on_pairs(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, seed: int, count: int) -> float:
    """Share of easy pairs, as drills put them, whose result is right."""
    rng = random.Random(seed_for(seed, "check", "pairs"))
    equations = [line(draw_pair(rng, easy=True))[2:].split("=") for _ in range(count)]
    found = _answers(model, tokenizer, [f"{work}=" for work, _ in equations], 3)
    return sum(text.startswith(result) for text, (_, result) in zip(found, equations, strict=True)) / count


def _answers(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], longest: int
) -> list[str]:
    ids = [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts]
    requests = [Request(index, prompt, random.Random(0)) for index, prompt in enumerate(ids)]
    sampling, none = SamplingParams(max_tokens=longest), NoControl()
    done = decode(Forward(model), requests, sampling, none, Delimiters((), ()), frozenset(STOP_TOKENS), 128)
    texts = {one.index: str(tokenizer.decode(one.ids)) for one in done}
    return [texts[index] for index in range(len(prompts))]
