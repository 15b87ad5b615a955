"""A model that answers prompts: from the store where it can, each new response kept as it finishes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from l2s.core.digests import BLAKE3, SHA256
from l2s.core.progress import Track, silent
from l2s.generation.controls.control import Control
from l2s.generation.engines.engine import Engine
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import DecodingParams
from l2s.generation.store.store import Origin, ResponseStore, Stored, response_key

LOOKED_UP = 256
"""Responses read from the store at a time: what is kept in memory is the rows, never all token ids."""


class Digests(NamedTuple):
    """What of a model stands in the keys of its responses."""

    weights: str
    """Digest of all that decides what the model answers."""
    tokenizer: str


class Counts(NamedTuple):
    """How many responses came from where."""

    stored: int = 0
    generated: int = 0


@dataclass
class Answerer:
    """A model and the store of its responses; counts what came from where."""

    folder: Path
    """Where it lies; by its last part rows and store call the model."""
    weights: str
    """Content digest of all that decides what it answers; with prompt, sampling, control and engine it keys the store.
    """
    words: ModelTokenizer
    load: Callable[[], Engine]
    """Called when its turn comes: where a control has another model answer first, that one is in memory before."""
    store: ResponseStore
    track: Track = silent
    earlier: Callable[[], Digests] | None = None
    """Makes the SHA-256 digests under which an earlier version stored responses; asked if the store has such."""
    counts: Counts = field(default=Counts())

    @cached_property
    def engine(self) -> Engine:
        """The engine with the model in it."""
        return self.load()

    def answers(
        self, prompts: Sequence[Prompt], decoding: DecodingParams, control: Control, label: str | None = None
    ) -> Iterator[tuple[int, Stored]]:
        """Every prompt's response with its place in ``prompts``: the stored ones, then others as they finish.

        Prompts with the same key (the same text twice in a benchmark, say) are generated once. ``label`` is shown
        meanwhile; None: nothing is.
        """
        missing: dict[bytes, list[int]] = {}
        for first in range(0, len(prompts), LOOKED_UP):
            places = range(first, min(first + LOOKED_UP, len(prompts)))
            keys = [self._key(prompts[place], decoding, control) for place in places]
            found = self.store.find(keys)
            if len(found) < len({*keys}) and self._earlier is not None:
                absent = [place for place, key in zip(places, keys, strict=True) if key not in found]
                found |= self._stored_earlier([prompts[place] for place in absent], decoding, control)
            for place, key in zip(places, keys, strict=True):
                if key in found:
                    yield place, found[key]
                else:
                    missing.setdefault(key, []).append(place)
        self.counts = Counts(self.counts.stored + len(prompts) - len(missing), self.counts.generated + len(missing))
        wanted = {key: prompts[places[0]] for key, places in missing.items()}
        for key, response in self._generated(wanted, decoding, control, label) if missing else ():
            for place in missing[key]:
                yield place, response

    def _generated(
        self, wanted: dict[bytes, Prompt], decoding: DecodingParams, control: Control, label: str | None
    ) -> Iterator[tuple[bytes, Stored]]:
        keys, track = list(wanted), silent if label is None else self.track
        responses = self.engine.generate(list(wanted.values()), decoding.sampling, control, decoding.prompt)
        for done in track(responses, label or "", len(keys)):
            response = Stored(done.ids, done.finish, done.closed, done.think_tokens, done.tokens, done.limit)
            self._keep(keys[done.index], response)
            yield keys[done.index], response

    def _keep(self, key: bytes, response: Stored) -> None:
        self.store.put(key, response, Origin(self.folder.name, self.weights, self.engine.name))

    @cached_property
    def _today(self) -> Digests:
        return Digests(self.weights, self.words.digest)

    @cached_property
    def _earlier(self) -> Digests | None:
        return self.earlier() if self.earlier is not None and self.store.has_earlier() else None

    def _stored_earlier(
        self, prompts: Sequence[Prompt], decoding: DecodingParams, control: Control
    ) -> dict[bytes, Stored]:
        """Responses that an earlier version stored, by today's keys, under which they are kept from now on."""
        keys = {self._key(prompt, decoding, control, earlier=True): prompt for prompt in prompts}
        found = {}
        for key, response in self.store.find(keys).items():
            today = self._key(keys[key], decoding, control)
            self._keep(today, response)
            found[today] = response
        return found

    def _key(self, prompt: Prompt, decoding: DecodingParams, control: Control, earlier: bool = False) -> bytes:
        digests = self._earlier if earlier else self._today
        assert digests is not None
        style, sampling = decoding.prompt, decoding.sampling
        stream = None if sampling.greedy else [sampling.seed, prompt.benchmark, prompt.problem_id]
        return response_key(
            SHA256 if earlier else BLAKE3,
            weights=digests.weights,
            tokenizer=digests.tokenizer,
            prompt=prompt.ids,
            delimiters=[style.opening, style.closing],
            stop=[style.style, *style.stop],
            sampling=sampling.model_dump(exclude={"samples", "seed"}, exclude_none=True),
            stream=stream,
            sample=prompt.sample,
            control=control.identity(),
            engine=self.engine.name,
            device=decoding.device,
            **({"opened": prompt.opened} if prompt.quoted else {}),
        )
