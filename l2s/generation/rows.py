"""Response rows: what a run writes of each response (see :class:`l2s.records.Responses`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2s.core.row import Row
from l2s.generation.controls.spelling import StopStrings
from l2s.generation.prompts.text import stop_strings_of
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import DecodingParams
from l2s.generation.store.store import Stored


@dataclass(frozen=True)
class RowWriter:
    """What all rows of a run share."""

    run: str
    model: Path
    engine: str
    decoding: DecodingParams
    words: ModelTokenizer

    def text(self, ids: list[int]) -> str:
        """Text of a response, as far as its first stop string."""
        stops = StopStrings(stop_strings_of(self.decoding.prompt), self.words.text)
        return stops.before(self.words.text(ids))

    def row(self, problem: Row, prompt: str, sample: int, response: Stored, **more: Any) -> Row:
        """One row; ``more`` replaces columns or adds some."""
        text = self.text(response.ids)
        return {
            "run": self.run,
            "model": self.model.name,
            "sample": sample,
            **problem,
            "prompt": prompt,
            "response": text,
            "tokens": response.tokens,
            "response_tokens": len(response.ids),
            "retokenised": self.words.length(text.strip()),
            "think_tokens": response.think_tokens,
            "finish": response.finish,
            "limit": response.limit,
            "closed": response.closed,
            "seed": self.decoding.sampling.seed,
            "engine": self.engine,
        } | more
