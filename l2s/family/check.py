"""Is a model solved? Its greedy answers to problems it was not trained on, level by level."""

import random
import re
from collections.abc import Sequence

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from l2s.benchmarks.arithmetic import LEVELS, Chain
from l2s.family.tokenizer import STOP_TOKENS
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
    ids = [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts]
    requests = [Request(index, prompt, random.Random(0)) for index, prompt in enumerate(ids)]
    right = {level: 0 for level in LEVELS}
    sampling, none = SamplingParams(max_tokens=LONGEST), NoControl()
    for done in decode(Forward(model), requests, sampling, none, Delimiters((), ()), frozenset(STOP_TOKENS), 128):
        chain = chains[done.index]
        right[chain.level] += _BOXED.findall(tokenizer.decode(done.ids)) == [str(chain.answer)]
    return {level: right[level] / sum(chain.level == level for chain in chains) for level in LEVELS}
