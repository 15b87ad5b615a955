"""Sensitivities: how much each layer of a model matters to its loss on a few texts; for Sens-Merging.

arXiv:2502.12420. **A reconstruction**: neither the paper's text nor official code could be had. It rests on a third
party's implementation and on summaries of the paper. Of model i and layer l, a transformer layer or one of
embedding, last norm and head:

    sᵢˡ = mean over texts x of Σ over the layer's weights of |θ ⊙ ∂L(x)/∂θ|,

the first-order estimate of how the loss changes when the layer is taken out; L is the mean loss per token of the
full text. And of two models, by their logits on the same texts:

    gᵢⱼ = mean over texts of the mean over tokens of ‖fᵢ(x) − fⱼ(x)‖₂.

Uncertain: whose texts g is measured on. Summaries say model j's; here it is the one file of texts, in the tokens
of model i. A weight at both ends of the model counts once, as the embedding, with the sum of its gradients.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from l2s.calibration.finite import not_finite
from l2s.calibration.gradients import GradientSums
from l2s.calibration.layers import EMBEDDING, LayeredModel, Weights
from l2s.calibration.partial import Partial
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.core.progress import Track

SCORES = "scores"
"""In a partial file, float64 ``[texts, columns]``."""

Row = dict[str, float]
"""What one text gives: a score for each layer, a distance for each other model."""
Texts = Sequence[Tensor]
"""Token ids, ``[1, tokens]`` each."""


def mean_rows(
    rows_of: Callable[[Texts], Iterator[Row]],
    columns: Mapping[str, Checkpoint],
    texts: Texts,
    partial: Partial,
    track: Track,
) -> dict[str, Tensor]:
    """The mean over texts of every column, float32 scalars.

    Args:
        rows_of: measures some texts.
        columns: of every row, and the model that each depends on.
        texts: all of them.
        partial: where finished rows are noted.
        track: shows the loop.

    Raises:
        CheckpointError: NaN or infinity comes up.
    """
    done, found = partial.read()
    scores = found.get(SCORES, torch.zeros(len(texts), len(columns), dtype=torch.float64))
    rows = track(rows_of(texts[done:]), "sensitivities", len(texts) - done)
    for number, row in enumerate(rows, done):
        for column in columns:
            if not math.isfinite(row[column]):
                raise not_finite(columns[column], f"results for {column}")
        scores[number] = torch.tensor([row[column] for column in columns], dtype=torch.float64)
        partial.write(number + 1, {SCORES: scores})
    means = [math.fsum(values) / len(texts) for values in scores.T.tolist()]
    return {column: torch.tensor(mean) for column, mean in zip(columns, means, strict=True)}


def loss_of(logits: Tensor, ids: Tensor) -> Tensor:
    """Mean loss per token, nats, of logits ``[1, tokens, vocabulary]`` on their own text ``[1, tokens]``."""
    return cross_entropy(logits[0, :-1], ids[0, 1:])


@torch.no_grad()
def distance(ours: Tensor, theirs: Tensor) -> float:
    """Mean over tokens of the Euclidean distance of logits ``[1, tokens, vocabulary]``."""
    return float(torch.linalg.vector_norm((ours - theirs)[0], dim=-1).mean(dtype=torch.float64))


def whole_rows(
    checkpoint: Checkpoint, model: PreTrainedModel, others: Mapping[str, PreTrainedModel], texts: Texts
) -> Iterator[Row]:
    """Measure models in memory, text by text: one forward and one backward pass each.

    Args:
        checkpoint: the model measured.
        model: its network.
        others: by the columns that their distances have.
        texts: some of them.
    """
    parameters = dict(model.named_parameters())
    sums = GradientSums(checkpoint, parameters, len(texts))
    sums.watch(parameters)
    for sums.text, text in enumerate(texts):
        ids = text.to(model.device)
        logits = model(input_ids=ids, use_cache=False).logits
        loss_of(logits, ids).backward()
        with torch.no_grad():
            theirs = {key: other(input_ids=ids, use_cache=False).logits for key, other in others.items()}
        yield sums.row(sums.text) | {key: distance(logits, other) for key, other in theirs.items()}


def layer_rows(
    model: LayeredModel, others: Mapping[str, LayeredModel], texts: Texts, at_once: int | None = None
) -> Iterator[Row]:
    """Piece by piece, forward and then backward; the same rows.

    Args:
        model: the model measured.
        others: by the columns that their distances have.
        texts: some of them.
        at_once: texts that a piece is used for when it is read, since what enters every layer is kept for each;
            None: as many as take the memory of the largest piece.
    """
    step = at_once or _at_once(model, texts)
    for start in range(0, len(texts), step):
        some = [text.to(model.device) for text in texts[start : start + step]]
        inputs = model.inputs(some)
        far = _distances(model, others, some, inputs[-1])
        sums = _backward(model, some, inputs)
        yield from (sums.row(number) | far[number] for number in range(len(some)))


def _at_once(model: LayeredModel, texts: Texts) -> int:
    longest = max((text.shape[1] for text in texts), default=1)  # none are left where only the writing was killed
    hidden = model.checkpoint.entry(f"{EMBEDDING}weight").shape[1]
    kept = 4 * (model.layers + 2) * longest * hidden
    return max(1, max(model.size(piece) for piece in range(model.head + 1)) // kept)


def _distances(
    model: LayeredModel, others: Mapping[str, LayeredModel], texts: Texts, last: Sequence[Tensor]
) -> list[Row]:
    """Distances of the logits; two heads are in memory."""
    rows = [Row() for _ in texts]
    for key, other in others.items():
        theirs = other.inputs(texts, last_only=True)[0]
        our_head, their_head = model.weights(model.head), other.weights(other.head)
        with torch.no_grad():
            for row, left, right in zip(rows, last, theirs, strict=True):
                ours = model.logits(our_head, left.to(model.device))
                row[key] = distance(ours, other.logits(their_head, right.to(model.device)))
    return rows


def _backward(model: LayeredModel, texts: Texts, inputs: list[list[Tensor]]) -> GradientSums:
    """From the head down: each piece is read again, its output computed again, and differentiated."""
    sums = GradientSums(model.checkpoint, model.names, len(texts))
    ends = [end.detach() for end in inputs[-1]]
    gradients: list[Tensor | None] = [None] * len(texts)  # of what leaves the piece, of each text
    for piece in range(model.head, 0, -1):
        weights = _watched(model, piece, sums)
        hidden = [left.to(model.device).requires_grad_() for left in inputs.pop()]
        for sums.text, (entered, ids) in enumerate(zip(hidden, texts, strict=True)):
            gradient = gradients[sums.text]
            _leaving(model, piece, weights, entered, ids).backward(gradient)
        gradients = [entered.grad for entered in hidden]
        del weights, hidden  # before the next piece is read
    _embedding_backward(model, texts, ends, gradients, sums)
    return sums


def _leaving(model: LayeredModel, piece: int, weights: Weights, entered: Tensor, ids: Tensor) -> Tensor:
    """What leaves a piece; of the last one, the loss."""
    if piece < model.head:
        return model.layer(piece, weights, entered)
    return loss_of(model.logits(weights, entered), ids)


def _embedding_backward(
    model: LayeredModel, texts: Texts, ends: Sequence[Tensor], gradients: Sequence[Tensor | None], sums: GradientSums
) -> None:
    """Give both gradients of a tied embedding at once: the head's loss is computed again."""
    weights = _watched(model, 0, sums)
    head = model.tied_head(weights)
    for sums.text, (ids, end, gradient) in enumerate(zip(texts, ends, gradients, strict=True)):
        losses = [loss_of(model.logits(head, end.to(model.device)), ids)] if head else []
        entered = model.embed(weights, ids)
        torch.autograd.backward([*losses, entered], [*(None for _ in losses), gradient])


def _watched(model: LayeredModel, piece: int, sums: GradientSums) -> Weights:
    weights = model.weights(piece)
    own = {name: tensor.requires_grad_() for name, tensor in weights.items() if name in model.names}
    sums.watch(own)
    return weights
