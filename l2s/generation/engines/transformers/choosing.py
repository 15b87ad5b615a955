"""Which path a model is decoded on, found out when it is loaded: logits of each against the model's own.

Two short rows of unequal length are read by the model's own eager forward pass, whole and without a cache, and by a
path: prompts first, then a few tokens one by one. Windows are narrowed meanwhile, so that the rows reach past them.
The first path whose logits agree is taken: the fast one with our attention, the fast one with the model's own
eager attention, the model's own ``generate``, and that without a cache. What a short text cannot show is asked of the
config and of the calls themselves: frequencies that follow the length of a text, windows under names of their own,
arguments of the attention that ours would not heed.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from l2s.causal_lm import first_line, refuse_nan
from l2s.core.errors import EngineError
from l2s.generation.engines.transformers.attention import ROWS, ROWS_NAME, other_windows
from l2s.generation.engines.transformers.forward import EAGER, Forward
from l2s.generation.engines.transformers.own_forward import OwnForward
from l2s.generation.engines.transformers.rope import Rope

LENGTHS = (13, 8)
"""Lengths of the two rows' prompts, in tokens."""
STEPS = 3
"""Tokens read one by one after them."""
NARROW = 5
"""What windows are narrowed to."""
TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-3}
"""Largest difference of two logits, in standard deviations of the logits: sums in another order, not another sum."""
TOLERANCE_OF_HALF = 0.1
"""In types of 16 bits."""

Path_ = Forward | OwnForward


@dataclass(frozen=True)
class Chosen:
    """The path, and in words what was found."""

    path: Path_
    name: str
    """Put behind the engine's name: empty for the fast path."""
    note: str | None
    """One sentence where it is not the fast path."""


class _Differs(ValueError):
    """A path does not give the model's numbers."""


def choose_path(folder: Path, model: PreTrainedModel, tokens: Sequence[int]) -> Chosen:
    """The fastest path that gives the model's own logits.

    Args:
        tokens: ids to choose texts from.

    Raises:
        CheckpointError: the model gives NaN.
        EngineError: the model does not run, or gives no logits that can be repeated.
    """
    numbers = random.Random(0)
    texts = [numbers.choices(tokens, k=length + STEPS) for length in LENGTHS]
    with _narrowed(model.config.get_text_config()):
        try:
            expected = _own_logits(model, texts)
        except Exception as error:
            raise EngineError(f"{folder}: transformers cannot run this model: {first_line(error)}") from None
        refuse_nan(folder, model, torch.cat(expected))
        reasons = list[str]()
        for name, build in _paths(model):
            try:
                path = build()
                _compare(_logits_on(path, texts), expected, model.dtype)
            except Exception as error:  # whatever a model does with a cache or mask that it does not know
                reasons.append(f"{name or ' fast path'}: {first_line(error)}"[1:])
            else:
                return Chosen(path, name, _note(folder, name, reasons))
    raise EngineError(f"{folder}: no path gives the model's own logits ({'; '.join(reasons)}); try engine 'vllm'")


def _paths(model: PreTrainedModel) -> Iterator[tuple[str, Callable[[], Path_]]]:
    def fast() -> Forward:
        _refuse_what_needs_more(model)
        ROWS.calls, ROWS.asked = 0, set()
        return Forward(model)

    def eager() -> Forward:
        _refuse_what_needs_more(model)
        if not _attended(model.config.get_text_config()):
            raise _Differs("its attention is no function that transformers can exchange")
        return Forward(model, EAGER)

    yield "", fast
    yield " eager attention", eager
    yield " own forward", lambda: OwnForward(model)
    yield " own forward without cache", lambda: OwnForward(model, cached=False)


def _refuse_what_needs_more(model: PreTrainedModel) -> None:
    """Raise where a short text would not show that rows may not share a batch or a mask."""
    config: Any = model.config.get_text_config()
    if Rope.of(config).follows_length:
        raise _Differs("rotary frequencies follow the longest row of a batch")
    if windows := other_windows(config):
        raise _Differs(f"config.json has {', '.join(windows)}")


def _own_logits(model: PreTrainedModel, texts: Sequence[list[int]]) -> list[Tensor]:
    """Those after each prompt's last token and each token that follows, ``[STEPS + 1, vocabulary]`` a row."""
    model.set_attn_implementation(EAGER)
    found = []
    for text in texts:
        with torch.inference_mode():
            output: Any = model(input_ids=torch.tensor([text], device=model.device), use_cache=False)
        found.append(output.logits[0, -STEPS - 1 :].float())
    return found


def _logits_on(path: Path_, texts: Sequence[list[int]]) -> list[Tensor]:
    return _in_batch(path, texts) if isinstance(path, Forward) else [_alone(path, text) for text in texts]


def _in_batch(path: Forward, texts: Sequence[list[int]]) -> list[Tensor]:
    cache = path.cache()
    found = [path.read([text[:-STEPS] for text in texts], cache)]
    for place in range(-STEPS, 0):
        found.append(path.next([text[place] for text in texts], [len(text) + place for text in texts], cache))
    if path.attention == ROWS_NAME and not _attended(path.config):
        raise _Differs("not every layer attends through transformers' interface")
    if path.attention == ROWS_NAME and ROWS.asked:
        raise _Differs(f"its attention takes {', '.join(sorted(ROWS.asked))}")
    return list(torch.stack(found, dim=1))


def _attended(config: Any) -> bool:
    """Our attention was called in every layer, equally often, of all that was read."""
    return ROWS.calls > 0 and ROWS.calls % (config.num_hidden_layers * (STEPS + 1)) == 0


def _alone(path: OwnForward, text: list[int]) -> Tensor:
    found = list[Tensor]()

    def choose(logits: Tensor) -> tuple[int, bool]:
        found.append(logits[0].clone())
        return text[len(found) - STEPS - 1], len(found) <= STEPS

    path.run(text[:-STEPS], choose, STEPS + 1)
    return torch.stack(found)


def _compare(found: Sequence[Tensor], expected: Sequence[Tensor], dtype: torch.dtype) -> None:
    for row, own in zip(found, expected, strict=True):
        finite = torch.isfinite(own)  # some models give tokens that they never say minus infinity
        spread = float(own[finite].std()) or 1.0
        apart = float((row - own)[finite].abs().max()) / spread
        if not apart <= TOLERANCE.get(dtype, TOLERANCE_OF_HALF):  # NaN too
            raise _Differs(f"logits are {apart:.2g} standard deviations from the model's")


def _note(folder: Path, name: str, reasons: Sequence[str]) -> str | None:
    if not name:
        return None
    how = {
        " eager attention": "rows go through it together, with transformers' eager attention",
        " own forward": "it runs by its own forward pass and cache, one response at a time, which is slower",
        " own forward without cache": "it runs by its own forward pass without a cache, which is much slower",
    }[name]
    return f"{folder}: {how} ({'; '.join(reasons)})"


@contextmanager
def _narrowed(config: Any) -> Iterator[None]:
    """Windows and chunks of :data:`NARROW` tokens where the model has any; masks read them from the config."""
    before = {key: getattr(config, key, None) for key in ("sliding_window", "attention_chunk_size")}
    try:
        for key, found in before.items():
            if found:
                setattr(config, key, min(NARROW, found))
        yield
    finally:
        for key, found in before.items():
            if found:
                setattr(config, key, found)
