"""The slow path: one row at a time through the model's own ``generate``, with the model's own cache.

Right for whatever transformers can run (windows, position biases, sinks, states of Mamba, ...), since nothing is
ours but the choice of each token. A text that a control took back is read again from its beginning: no cache but
that of full attention can be cut.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
    StoppingCriteria,
    StoppingCriteriaList,
)

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.engines.engine import Generated
from l2s.generation.engines.transformers.decoding import Request, Row, append_tokens, transcript_of
from l2s.generation.engines.transformers.forward import EAGER
from l2s.generation.engines.transformers.rope import Rope
from l2s.generation.settings import SamplingParams

Choose = Callable[[Tensor], tuple[int, bool]]
"""From the next token's logits, ``[1, vocabulary]``, float32, to the token and whether to go on reading after it."""


class OwnForward:
    """A model run by itself; ``cached``: with its own cache, otherwise the whole text is read for every token."""

    def __init__(self, model: PreTrainedModel, cached: bool = True) -> None:
        model.set_attn_implementation(EAGER)
        model.generation_config = GenerationConfig()  # what the folder's says of sampling is not for this
        self.model, self.cached = model, cached
        self.rope = Rope.of(model.config.get_text_config())

    def run(self, ids: Sequence[int], choose: Choose, max_tokens: int) -> None:
        """Read ``ids``; then give each next token's logits to ``choose`` and read what it chooses."""
        text = torch.tensor([list(ids)], device=self.model.device)
        cached = self.cached and not self.rope.grown(len(ids))
        if self.rope.remembers:  # a short text makes the model forget the frequencies of a longer one
            with torch.inference_mode():
                self.model(input_ids=text[:, :1], use_cache=False)
        steps = _Steps(choose, len(ids), self.rope if cached else Rope())
        config = GenerationConfig(max_new_tokens=max_tokens, do_sample=False, use_cache=cached, pad_token_id=0)
        call: Any = self.model.generate
        call(
            input_ids=text, attention_mask=torch.ones_like(text), generation_config=config,
            logits_processor=LogitsProcessorList([steps]), stopping_criteria=StoppingCriteriaList([_Stop(steps)]),
        )  # fmt: skip


def decode_one_by_one(
    forward: OwnForward,
    requests: Sequence[Request],
    sampling: SamplingParams,
    control: Control,
    delimiters: Delimiters,
    stop_tokens: frozenset[int],
) -> Iterator[Generated]:
    """Generate a response to every request; yield each as it finishes."""
    for request in requests:
        row = Row(request, transcript_of(request, control, delimiters, stop_tokens, sampling))

        def choose(logits: Tensor, row: Row = row) -> tuple[int, bool]:
            before = row.transcript.text
            append_tokens([row], logits, sampling, control)
            text = row.transcript.text
            return row.last, row.transcript.finish is None and text[:-1] == before

        while row.transcript.finish is None:
            forward.run([*request.prompt, *row.transcript.text], choose, sampling.max_tokens + 1)
        yield Generated.of(row.request.index, row.transcript)


class _Steps(LogitsProcessor):
    """Puts the chosen token in the place of the logits."""

    def __init__(self, choose: Choose, length: int, rope: Rope) -> None:
        self.choose, self.length, self.rope = choose, length, rope
        self.over = False

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        if self.over:  # on a GPU, generate may look at the criteria one step late
            return scores
        token, goes_on = self.choose(scores)
        self.length += 1
        self.over = not goes_on or self.rope.moves_at(self.length)
        only: Any = torch.full_like(scores, -torch.inf)
        only[:, token] = 0
        return only  # type: ignore[no-any-return]


class _Stop(StoppingCriteria):
    def __init__(self, steps: _Steps) -> None:
        self.steps = steps

    def __call__(self, input_ids: torch.LongTensor, scores: Any, **_: Any) -> Any:
        return torch.full((input_ids.shape[0],), self.steps.over, device=input_ids.device)
