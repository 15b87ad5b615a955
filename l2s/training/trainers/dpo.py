"""Direct preference optimisation by TRL; the start model's log-probabilities are computed once.

TRL tokenises texts of pairs by itself, and may add or join tokens. What it is trained on is batches of our ids; its
own are not looked at.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from trl import DPOConfig, DPOTrainer

from l2s.training.data import Pair
from l2s.training.job import Done, Job
from l2s.training.methods.dpo import Dpo
from l2s.training.trainers.choice import Chooser
from l2s.training.trainers.common import IGNORED, Recorder, Tell, arguments, in_order, load_model, lora_of, run_trainer
from l2s.training.trainers.rows import collated, fitting, row_of
from l2s.training.trainers.tuning import tokens_of

Ids = tuple[list[int], list[int], list[int]]
"""Of prompt, chosen and rejected response."""


def carry_out(job: Job, tell: Tell) -> Done:
    """Prefer the chosen responses."""
    settings = job.settings
    assert isinstance(settings, Dpo)
    found = settings.data.pairs(job.samples)
    job.notes["data"] = {"pairs": len(found.items), "problems": found.problems, "dropped": dict(found.dropped)}
    pairs = in_order(_ids(job, found.items), _length, settings.epochs, settings.batch_size, settings.seed)
    recorder = Recorder(job, [], tell)
    counted = tokens_of(job, pairs, settings.batch_size, recorder, lambda pair: len(pair[1]) + len(pair[2]))
    recorder.line = lambda logs: counted(logs) | _rewards(logs)
    chooser = Chooser(job, recorder)
    weights = run_trainer(trainer_of(job, settings, pairs, recorder), job, recorder)
    return Done(chooser.chosen(weights), recorder.history)


def trainer_of(job: Job, settings: Dpo, pairs: Sequence[Ids], recorder: Recorder) -> DPOTrainer:
    """Pairs in the order that they have, ``batch_size`` of them a step."""
    half = settings.model_copy(update={"micro_batch": max(1, settings.micro_batch // 2)})  # a pair is two texts
    losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, settings.sft]} if settings.sft else {}
    config = arguments(
        DPOConfig, replace(job, settings=half), settings.batch_size, beta=settings.beta, max_length=None,
        precompute_ref_log_probs=True, train_sampling_strategy="sequential", disable_dropout=True, **losses,
    )  # fmt: skip
    rows = [{"place": place, "prompt": "", "chosen": "", "rejected": ""} for place in range(len(pairs))]
    model = load_model(job)
    return WholeBatchTrainer(
        model, args=config, train_dataset=Dataset.from_list(rows), processing_class=job.words.tokenizer,
        data_collator=Collator(pairs, job.words.stop), callbacks=[recorder], peft_config=lora_of(settings, model),
    )  # fmt: skip


class WholeBatchTrainer(DPOTrainer):
    """Means over a whole batch, where TRL takes the mean over its parts' means."""

    loss_is_scaled_for_ga = True

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """The parts of a batch, and its pairs and chosen tokens."""
        parts, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        return parts, torch.tensor([_counts(part) for part in parts]).sum(0)

    def compute_loss(
        self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a part of a batch: of the preferences its share of pairs, of the SFT term of chosen tokens."""
        shares = (torch.tensor(_counts(inputs)) / num_items_in_batch).tolist()
        weights = self.args.loss_weights or [1.0]
        self.loss_weights = [weight * share for weight, share in zip(weights, shares, strict=False)]
        return super().compute_loss(model, inputs, return_outputs)


def _counts(part: dict[str, Tensor]) -> list[int]:
    chosen = part["completion_mask"].chunk(2)[0]
    return [len(chosen), int(chosen.sum())]


class Collator:
    """Batches as TRL's own collator makes them: chosen responses first, then rejected ones."""

    def __init__(self, pairs: Sequence[Ids], padding: int) -> None:
        self.pairs, self.padding = pairs, padding

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Ids of the pairs in these places."""
        pairs = [self.pairs[row["place"]] for row in rows]
        texts = [row_of(pair[0], pair[side]) for side in (1, 2) for pair in pairs]
        batch = collated(texts, self.padding)
        batch["completion_mask"] = (batch.pop("labels") != IGNORED).long()
        for name in ("ref_chosen_logps", "ref_rejected_logps"):
            if name in rows[0]:
                batch[name] = torch.tensor([row[name] for row in rows])
        return batch


def _rewards(logs: dict[str, Any]) -> dict[str, Any]:
    """TRL's rewards of both sides, and how often the chosen one's is higher: both may fall while their margin grows."""
    return {f"rewards_{side}": logs.get(f"rewards/{side}") for side in ("chosen", "rejected", "accuracies")}


def _length(pair: Ids) -> int:
    return len(pair[0]) + max(len(pair[1]), len(pair[2]))


def _ids(job: Job, pairs: Sequence[Pair]) -> list[Ids]:
    found = [
        (job.words.prompt(one.problem).ids, job.words.response(one.chosen), job.words.response(one.rejected))
        for one in pairs
    ]
    return fitting(job, found, _length)
