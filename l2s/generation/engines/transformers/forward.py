"""The fast path: rows of unequal length through the model's own forward pass at once, with a cache of ours.

Everything but cache, masks and (where it may be) attention is the model's, what follows its head included. Whether
that gives the model's own numbers is found out when it is loaded, by the module ``choosing`` beside this one.
No row's numbers depend on its neighbours (see :mod:`l2s.generation.engines.transformers.cache`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from l2s.generation.engines.transformers.attention import ROWS_NAME, additive, masks_for
from l2s.generation.engines.transformers.cache import RowCache

FEWEST_ROWS = 4
"""Products of fewer rows take another path in the processor's library, with other rounding; pad to this."""
EAGER = "eager"
"""transformers' own attention of each model, with all that it does besides (sinks, softcaps)."""


class Forward:
    """A model, and the attention it is run with: transformers' own (:data:`EAGER`) or ours (``ROWS_NAME``)."""

    def __init__(self, model: PreTrainedModel, attention: str = ROWS_NAME) -> None:
        model.set_attn_implementation(attention)
        self.model, self.attention = model, attention
        self.config: Any = model.config.get_text_config()
        self.bytes_a_token = 0
        """Bytes of a token's keys and values in one row; known when a row was read."""

    def cache(self) -> RowCache:
        """An empty one."""
        return RowCache(self.config.num_hidden_layers)

    @torch.inference_mode()
    def read(self, texts: Sequence[Sequence[int]], cache: RowCache) -> Tensor:
        """Fill ``cache`` with token ids; return each row's next-token logits, ``[rows, vocabulary]``, float32."""
        lengths = torch.tensor([len(text) for text in texts] + [1] * max(0, FEWEST_ROWS - len(texts)))
        width = int(lengths.max())
        ids = torch.zeros(len(lengths), width, dtype=torch.long)
        for place, text in enumerate(texts):
            ids[place, : len(text)] = torch.tensor(text)
        positions = torch.arange(width).expand(len(ids), -1)
        with self._last_only(lengths - 1):
            logits = self._logits(ids, positions, cache)
        cache.keep(torch.arange(len(texts), device=self.model.device))
        if logits.shape[1] != 1:  # a head that is no module of its own
            return logits[torch.arange(len(texts)), lengths[: len(texts)] - 1].float()
        return logits[: len(texts), 0].float()

    @torch.inference_mode()
    def next(self, tokens: Sequence[int], places: Sequence[int], cache: RowCache) -> Tensor:
        """Read a token of each row, which stands at its place; return the logits of the one after it."""
        missing = max(0, FEWEST_ROWS - len(tokens))
        if missing:
            cache.extend(cache.empty_rows(missing))
        ids = torch.tensor([[token] for token in tokens] + [[0]] * missing)
        positions = torch.tensor([[place] for place in places] + [[0]] * missing)
        logits = self._logits(ids, positions, cache)
        if missing:
            cache.keep(torch.arange(len(tokens), device=self.model.device))
        return logits[: len(tokens), -1].float()

    def _logits(self, ids: Tensor, positions: Tensor, cache: RowCache) -> Tensor:
        ids, positions = ids.to(self.model.device), positions.to(self.model.device)
        masks = masks_for(self.config, cache.expect(positions), positions)
        if self.attention == EAGER:
            masks = additive(masks, self.model.dtype)
        output: Any = self.model(
            input_ids=ids, position_ids=positions, attention_mask=masks, past_key_values=cache, use_cache=True
        )
        self.bytes_a_token = cache.bytes_a_token
        logits: Tensor = output.logits
        return logits

    @contextmanager
    def _last_only(self, places: Tensor) -> Iterator[None]:
        """The head sees each row's hidden state at its own last place alone: logits of all places are large."""
        rows = torch.arange(len(places))

        def gathered(_: object, given: tuple[Tensor, ...]) -> Tensor:
            return given[0][rows, places][:, None]

        head: Any = self.model.get_output_embeddings()
        hook = head.register_forward_pre_hook(gathered)
        try:
            yield
        finally:
            hook.remove()
