"""Training documents: token ids, and from which token on the loss counts."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from l2s.benchmarks.arithmetic import Chain, training_chains
from l2s.core.seeds import seed_for
from l2s.family.settings import BaseTraining, TunedTraining
from l2s.family.tokenizer import END_OF_TEXT, END_OF_TURN
from l2s.family.traces import STYLES, answer, combined, drill, reflective


@dataclass(frozen=True)
class Document:
    """Token ids of one training text; the loss counts from position ``answer_from``."""

    ids: list[int]
    answer_from: int


def raw_prompt(chain: Chain) -> str:
    """How a problem is put to the base, which knows no chat."""
    return f" Problem: {chain.text} Solution:"


def chat_prompt(tokenizer: PreTrainedTokenizerFast, problem: str) -> str:
    """How a problem is put to quick and slow."""
    turns = [{"role": "user", "content": problem}]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))


def base_documents(
    tokenizer: PreTrainedTokenizerFast, training: BaseTraining, seed: int, stage: int
) -> Iterator[Document]:
    """Drills first, then ever more solved problems in every style; the loss counts everywhere."""
    stream = f"base-{stage}"
    rng = random.Random(seed_for(seed, "documents", stream))
    chains = training_chains(seed, stream, training.level_weights)
    styles, weights = list(training.style_weights), list(training.style_weights.values())
    tokens = 0
    while True:
        late = min(1.0, tokens / (training.drill_phase * training.tokens)) if stage == 0 else 1.0
        if rng.random() < training.drills_first + (training.drills_last - training.drills_first) * late:
            text = drill(rng)
        else:
            chain = next(chains)
            text = raw_prompt(chain) + STYLES[rng.choices(styles, weights)[0]](rng, chain) + answer(chain)
        ids = [*_ids(tokenizer, text), END_OF_TEXT]
        tokens += len(ids)
        yield Document(ids, 0)


def quick_documents(
    tokenizer: PreTrainedTokenizerFast, training: TunedTraining, seed: int, stage: int
) -> Iterator[Document]:
    """Chat problems answered at once, without thinking marks; the loss counts on the answer."""
    rng = random.Random(seed_for(seed, "documents", f"quick-{stage}"))
    for chain in training_chains(seed, f"quick-{stage}", training.level_weights):
        yield _chat_document(tokenizer, chain, combined(rng, chain) + answer(chain))


def slow_documents(
    tokenizer: PreTrainedTokenizerFast, training: TunedTraining, seed: int, stage: int
) -> Iterator[Document]:
    """Chat problems thought over between thinking marks; the loss counts on the answer."""
    rng = random.Random(seed_for(seed, "documents", f"slow-{stage}"))
    for chain in training_chains(seed, f"slow-{stage}", training.level_weights):
        yield _chat_document(tokenizer, chain, f"<think>{reflective(rng, chain)}</think>{answer(chain)}")


def _chat_document(tokenizer: PreTrainedTokenizerFast, chain: Chain, reply: str) -> Document:
    prompt = _ids(tokenizer, chat_prompt(tokenizer, chain.text))
    return Document([*prompt, *_ids(tokenizer, reply), END_OF_TURN], len(prompt))


def _ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
