"""Calls: prompts answered by one engine, from the store where they can be, each response kept as it finishes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from l2s.core.digests import BLAKE3, SHA256
from l2s.core.progress import Track, silent
from l2s.generation.controls.control import Control
from l2s.generation.engines.engine import Engine
from l2s.generation.prompts.prompt import Prompt
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

    stored: int
    generated: int


@dataclass
class Calls:
    """An engine, its weights' digest, and the store; counts what came from where."""

    engine: Engine
    weights: str
    store: ResponseStore
    model: str = ""
    """Its folder's name, kept for those who clear the store up."""
    track: Track = silent
    counts: Counts = field(default=Counts(0, 0))
    earlier: Callable[[], Digests] | None = None
    """Makes the SHA-256 digests under which an earlier version stored responses; asked if the store has such."""

    def answers(
        self, prompts: Sequence[Prompt], decoding: DecodingParams, control: Control, label: str
    ) -> Iterator[tuple[int, Stored]]:
        """Every prompt's response with its place in ``prompts``: the stored ones, then others as they finish.

        Prompts with the same key (the same text twice in a benchmark, say) are generated once.
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
        yield from self._generated(prompts, missing, decoding, control, label)

    def _generated(
        self,
        prompts: Sequence[Prompt],
        missing: dict[bytes, list[int]],
        decoding: DecodingParams,
        control: Control,
        label: str,
    ) -> Iterator[tuple[int, Stored]]:
        keys = list(missing)
        if not keys:
            return
        wanted = [prompts[missing[key][0]] for key in keys]
        responses = self.engine.generate(wanted, decoding.sampling, control, decoding.prompt)
        for done in self.track(responses, label, len(keys)):
            key = keys[done.index]
            response = Stored(done.ids, done.finish, done.closed, done.think_tokens, done.tokens, done.limit)
            self.store.put(key, response, Origin(self.model, self.weights, self.engine.name))
            for place in missing[key]:
                yield place, response

    @cached_property
    def _today(self) -> Digests:
        return Digests(self.weights, self.engine.tokenizer_digest)

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
            self.store.put(today, response, Origin(self.model, self.weights, self.engine.name))
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
