"""Training documents: token ids, and from which token on the loss counts."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from transformers import PreTrainedTokenizerFast

from l2s.benchmarks.arithmetic import Chain, training_chains
from l2s.core.seeds import seed_for
from l2s.family.settings import BaseStage, QuickTraining, TunedTraining
from l2s.family.tokenizer import END_OF_TEXT, END_OF_TURN, LEVEL_WORDS
from l2s.family.traces import STYLES, answer, combined, drill, reflective

DRILL_PHASE = 0.35
"""Share of a stage over which its share of drills changes."""
LEVEL_LINES = 0.2
"""Share of problems that name a level of reasoning; base and slow answer them as any other."""


@dataclass(frozen=True)
class Document:
    """Token ids of one training text; the loss counts from position ``answer_from``."""

    ids: list[int]
    answer_from: int


def raw_prompt(problem: str) -> str:
    """How a problem is put to the base, which knows no chat."""
    return f" Problem: {problem} Solution:"


def chat_prompt(tokenizer: PreTrainedTokenizerFast, problem: str) -> str:
    """How a problem is put to quick and slow."""
    turns = [{"role": "user", "content": problem}]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))


def base_documents(
    tokenizer: PreTrainedTokenizerFast, training: BaseStage, seed: int, stage: int
) -> Iterator[Document]:
    """Drills and solved problems in every style; the loss counts everywhere."""
    stream = f"base-{stage}"
    rng = random.Random(seed_for(seed, "documents", stream))
    chains = training_chains(seed, stream, training.level_weights)
    traces: dict[str, Callable[[random.Random, Chain], str]] = {
        **STYLES,
        "combined": partial(combined, combining=training.combining),
    }
    styles, weights = list(training.style_weights), list(training.style_weights.values())
    first, last = training.drills
    tokens = 0
    while True:
        late = min(1.0, tokens / (DRILL_PHASE * training.tokens))
        if rng.random() < first + (last - first) * late:
            text = drill(rng, training.pairs, training.easy_pairs)
        else:
            chain = next(chains)
            trace = traces[rng.choices(styles, weights)[0]](rng, chain)
            text = raw_prompt(_sometimes_with_level(rng, chain)) + trace + answer(chain)
        ids = [*_ids(tokenizer, text), END_OF_TEXT]
        tokens += len(ids)
        yield Document(ids, 0)


def quick_documents(
    tokenizer: PreTrainedTokenizerFast, training: QuickTraining, seed: int, stage: int
) -> Iterator[Document]:
    """Chat problems answered at once, without thinking marks; the loss counts on the answer."""
    rng = random.Random(seed_for(seed, "documents", f"quick-{stage}"))
    for chain in training_chains(seed, f"quick-{stage}", training.level_weights):
        yield _chat_document(tokenizer, chain.text, combined(rng, chain, training.combining) + answer(chain))


def slow_documents(
    tokenizer: PreTrainedTokenizerFast, training: TunedTraining, seed: int, stage: int
) -> Iterator[Document]:
    """Chat problems thought over between thinking marks; the loss counts on the answer."""
    rng = random.Random(seed_for(seed, "documents", f"slow-{stage}"))
    for chain in training_chains(seed, f"slow-{stage}", training.level_weights):
        reply = f"<think>{reflective(rng, chain)}</think>{answer(chain)}"
        yield _chat_document(tokenizer, _sometimes_with_level(rng, chain), reply)


def _sometimes_with_level(rng: random.Random, chain: Chain) -> str:
    """The problem, now and then with a level that changes nothing: so its words become distinct inputs."""
    if rng.random() >= LEVEL_LINES:
        return chain.text
    return f"{chain.text} Reasoning length: {rng.choice(LEVEL_WORDS)}."


def _chat_document(tokenizer: PreTrainedTokenizerFast, problem: str, reply: str) -> Document:
    prompt = _ids(tokenizer, chat_prompt(tokenizer, problem))
    return Document([*prompt, *_ids(tokenizer, reply), END_OF_TURN], len(prompt))


def _ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
