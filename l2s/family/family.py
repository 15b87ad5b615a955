"""Train base, quick and slow, each until its validation problems are solved, and write them as folders.

Every finished stage is kept under the work folder, so a killed training goes on from the last one.
The base is rounded to bfloat16, as it is stored, before quick and slow start from it: task vectors
are then exact.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaForCausalLM, PreTrainedTokenizerFast

from l2s.benchmarks.arithmetic import Chain, draw_set
from l2s.core.files import replacing_folder
from l2s.core.progress import Track, silent
from l2s.core.seeds import seed_for
from l2s.family.check import accuracy_by_level, accuracy_on_pairs
from l2s.family.documents import (
    Document,
    base_documents,
    chat_prompt,
    quick_documents,
    raw_prompt,
    slow_documents,
)
from l2s.family.model import fresh_model, set_apart
from l2s.family.settings import BaseTraining, FamilySettings, TunedTraining
from l2s.family.tokenizer import LEVEL_WORDS, build_tokenizer
from l2s.family.training import train

MODELS = ("base", "quick", "slow")
Stages = Callable[[int], Iterator[Document]]
"""Documents of the n-th stage."""


@dataclass(frozen=True)
class Trained:
    """A trained model and what its training came to."""

    model: LlamaForCausalLM
    stages: int
    accuracy: dict[int, float]
    """On the check problems, by level."""


def train_family(
    settings: FamilySettings,
    out: Path,
    work: Path,
    *,
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Trained]:
    """Train the three models and write ``out/base``, ``out/quick`` and ``out/slow``.

    Args:
        work: finished stages are kept here and reused; safe to delete.
        say: told what came of each model, in a sentence.
    """
    torch.set_num_threads(1)
    tokenizer = build_tokenizer()
    chains = draw_set(settings.seed, "check", settings.check_per_level)
    family = _Family(settings, work, tokenizer, chains, track, say)

    def base_stages(n: int) -> Iterator[Document]:
        return base_documents(tokenizer, settings.base.stage(n), settings.seed, n)

    base = family.train("base", settings.base, base_stages)
    tuned = {
        "quick": lambda n: quick_documents(tokenizer, settings.quick, settings.seed, n),
        "slow": lambda n: slow_documents(tokenizer, settings.slow, settings.seed, n),
    }
    trained = {"base": base}
    for name, training in (("quick", settings.quick), ("slow", settings.slow)):
        trained[name] = family.train(name, training, tuned[name], start=base.model)
    for name, result in trained.items():
        with replacing_folder(out / name) as folder:
            result.model.to(torch.bfloat16).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    return trained


@dataclass(frozen=True)
class _Family:
    settings: FamilySettings
    work: Path
    tokenizer: PreTrainedTokenizerFast
    chains: list[Chain]
    track: Track
    say: Callable[[str], None]

    def train(
        self,
        name: str,
        training: BaseTraining | TunedTraining,
        documents: Stages,
        start: LlamaForCausalLM | None = None,
    ) -> Trained:
        """Stage after stage, until the check problems are solved or the stages are used up."""
        model = fresh_model(self.settings)
        if start is not None:
            model.load_state_dict(start.state_dict())
        for stage in range(training.most_stages):
            model = self._stage(name, stage, training, documents(stage), model)
            if stage + 1 < training.fewest_stages:
                continue
            accuracy, pairs = self._checked(name, model)
            shown = ", ".join(f"{share:.1%}" for share in accuracy.values())
            shown += f"; of easy pairs in drills {pairs:.1%}" if name == "base" else ""
            self.say(f"{name} after stage {stage + 1}: accuracy by level {shown}")
            if training.is_solved(accuracy, pairs):
                break
        else:
            self.say(f"{name} is NOT solved (see family.{name} for what was asked); more stages may help")
        return Trained(_rounded(model), stage + 1, accuracy)

    def _stage(
        self,
        name: str,
        stage: int,
        training: BaseTraining | TunedTraining,
        documents: Iterator[Document],
        model: LlamaForCausalLM,
    ) -> LlamaForCausalLM:
        kept = self.work / f"{name}-{stage}"
        if kept.is_dir():
            loaded: LlamaForCausalLM = AutoModelForCausalLM.from_pretrained(
                kept, dtype=torch.float32, trust_remote_code=False
            )
            return loaded
        if name == "base" and stage + 1 == training.fewest_stages:  # the last stage makes up for it
            set_apart(model, [self.tokenizer.get_vocab()[f" {word}"] for word in LEVEL_WORDS])
        settings = training.stage(stage)
        train(
            model,
            documents,
            tokens=settings.tokens,
            batch_tokens=training.batch_tokens,
            learning_rate=settings.learning_rate,
            muon=name == "base",
            warmup=50 if name == "base" else 20,
            seed=seed_for(self.settings.seed, "batches", name, stage),
            label=f"training {name}, stage {stage + 1}",
            track=self.track,
        )
        with replacing_folder(kept) as folder:
            model.save_pretrained(folder)
        return model

    def _checked(self, name: str, model: LlamaForCausalLM) -> tuple[dict[int, float], float]:
        """Accuracy on the check problems by level, and on easy pairs, which drills teach the base."""
        problems, model = [chain.text for chain in self.chains], _rounded(model)
        prompts = [raw_prompt(p) if name == "base" else chat_prompt(self.tokenizer, p) for p in problems]
        pairs = accuracy_on_pairs(model, self.tokenizer, self.settings.seed, self.settings.check_pairs)
        return accuracy_by_level(model, self.tokenizer, self.chains, prompts), pairs


def _rounded(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """The model as it will be stored, bfloat16, for use in float32."""
    rounded = LlamaForCausalLM(copy.deepcopy(model.config))  # decoding sets its own attention there
    rounded.load_state_dict({name: weight.bfloat16().float() for name, weight in model.state_dict().items()})
    return rounded.eval()
