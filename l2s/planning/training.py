"""What a training generates and trains on, in tokens, and what it holds in memory, before it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from l2s.planning.shapes import Shape
from l2s.planning.work import Lengths, Work, generation_work

STATE = 16.0
"""Bytes a weight where all are trained: it, its gradient and two moments, in float32."""
FROZEN = 4.0
"""Bytes a weight where adapters are trained."""
KEPT = 34.0
"""Bytes a token, layer and width of the hidden state that the backward pass needs (Korthikanti et al., 2205.05198)."""
LOGITS = 12.0
"""Bytes an entry of the vocabulary and token: logits in float32, their softmax and gradient."""


@dataclass(frozen=True)
class Learned:
    """How much a training works through, of responses of what length."""

    generated: float
    """Responses that it generates."""
    trained: float
    """Responses that it goes forward and backward through, each as often as it is met."""
    looked_at: float
    """Responses that it goes forward through besides."""
    mean: float
    """Tokens of a response."""

    def work(self, shape: Shape, prompt: float) -> Work:
        """The work of all tokens: one costs 2 P forward, 4 P backward."""
        rolled = generation_work(shape, prompt, Lengths.assumed(self.mean, int(2 * self.mean)), 1, 1)
        tokens = self.mean + prompt
        trained = 2.0 * shape.parameters * tokens * (3 * self.trained + self.looked_at)
        return Work(
            self.generated * rolled.tokens, self.generated * rolled.compute + trained, self.generated * rolled.traffic
        )


def learned(settings: Any, questions: Mapping[str, int], lengths: Mapping[str, Lengths]) -> Learned:
    """What a training of these settings works through.

    Args:
        settings: of :mod:`l2s.training.settings`.
        questions: problems of each block of samples that it names.
        lengths: of their responses.
    """
    means = [lengths[name].mean for name in settings.sources]
    mean = sum(means) / len(means) if means else float(getattr(settings, "max_tokens", 0))
    count = float(sum(questions[name] for name in settings.sources))
    validated = _validated(settings)
    if settings.method == "grpo":
        rolled = float(settings.steps * settings.prompts * settings.samples)
        return Learned(rolled + validated, rolled, rolled if settings.kl else 0.0, mean)
    if settings.method == "expert_iteration":
        asked = float(settings.rounds * settings.prompts)
        return Learned(asked * settings.samples + validated, asked * settings.epochs, 0.0, mean)
    a_problem = {"labelled": 3, "own": 2, "quick-slow": 1, "merged-slow": 1}.get(getattr(settings.data, "kind", ""), 1)
    if settings.method == "o1_pruner":
        a_problem = settings.data.used
    seen = count * a_problem
    reference = seen if settings.method in ("dpo", "o1_pruner") else 0.0
    return Learned(validated, seen * settings.epochs, reference, mean)


def _validated(settings: Any) -> float:
    """Responses to the problems that checkpoints are chosen on, all candidates together.

    Of methods that go through data by epochs the steps are not known: the start and the end are counted.
    """
    if settings.validation is None:
        return 0.0
    problems = settings.validation.problems
    count = float(problems.limit or problems.drawn)
    steps = getattr(settings, "steps", settings.validation.every)
    return float(count * (1 + steps / settings.validation.every))


def training_memory(settings: Any, shape: Shape, tokens: float) -> float:
    """Bytes: weights and their state, and what the backward pass keeps of a micro-batch of texts so long."""
    state = FROZEN if settings.lora else STATE
    kept = settings.micro_batch * tokens * (KEPT * shape.hidden * shape.layers + LOGITS * shape.vocabulary)
    return float(state * shape.parameters + kept)
