"""Transcript: one response as it grows under a length control, token by token.

A state machine on token ids that no engine is part of: before each step it says which token is due, if
any, or how many of the likeliest it wants to know; :meth:`Transcript.take` is told what was chosen.
Text may be taken back (a dropped end of thinking, a held word, a trial answer): an engine reads
``length`` and ``last`` anew after each step and continues from there.

Tokens count once each, when the model produced them or a control put them in. What is taken back stays
counted in ``tokens``, so ``tokens`` less the length of ``ids`` is what was thrown away. A held word that
is put back is the one that was counted before. No random number belongs to trials and forced text, so a
trial that changes nothing leaves the response as it would be without.
"""

from collections import deque

from l2s.generation.controls.kinds.early_exit import confident
from l2s.generation.controls.kinds.entropy_stop import settled
from l2s.generation.controls.parameters import ControlParams
from l2s.generation.controls.probe import Likeliest, Probe
from l2s.generation.controls.thinking import Delimiters, ends_with, thinking_after


class Transcript:
    """One response under a control. ``finish`` is None until it ends: ``stop``, ``length`` or ``control``.

    Args:
        max_tokens: most tokens spent, trials and dropped text included.
        room: most tokens that stand after the prompt at any time, a trial included: what the prompt leaves of the
            model's context. None: as many as there are; 0 or less: the response ends before its first token.
        opened: the prompt leaves thinking open.
    """

    def __init__(
        self,
        control: ControlParams,
        delimiters: Delimiters,
        stops: frozenset[int],
        max_tokens: int,
        room: int | None = None,
        opened: bool = False,
    ) -> None:
        self.control, self.delimiters, self.stops = control, delimiters, stops
        self.max_tokens, self.room = max_tokens, room
        self.thinking = thinking_after(opened, control, delimiters)
        self.ids: list[int] = []
        """What stands: thinking and answer, the stop token included."""
        self.tokens = 0
        """Everything generated so far."""
        self.finish: str | None = None
        self.limit: str | None = None
        """What cut the response (``max_tokens``, ``context``, ``max_answer``), or else its thinking (``max_think``)."""
        self.probes = 0
        """Trials begun."""
        self._probe: Probe | None = None
        self._forced: deque[int] = deque()
        self._held: list[int] = []
        self._dropped = 0
        self._over_budget = False
        self._probed_at = 0
        self._look_at_limits()
        if self.finish is None and control.kind == "entropy_stop" and self.thinking.active and not self.thinking.spent:
            self._try_an_answer([])

    @property
    def length(self) -> int:
        """Tokens after the prompt that the next one follows, a trial included."""
        return len(self.ids) + (len(self._probe.tokens) if self._probe else 0)

    @property
    def text(self) -> list[int]:
        """Those tokens."""
        return [*self.ids, *(self._probe.tokens if self._probe else [])]

    @property
    def last(self) -> int | None:
        """The token that the next one follows; None: the prompt's last."""
        tokens = self._probe.tokens if self._probe and self._probe.tokens else self.ids
        return tokens[-1] if tokens else None

    @property
    def drawn(self) -> bool:
        """A random number belongs to the next token."""
        return self.finish is None and self._probe is None and not self._forced

    @property
    def wants(self) -> int:
        """How many of the likeliest tokens, with probabilities, :meth:`take` is to be told; 0: none."""
        return self._probe.wants if self._probe else 0

    @property
    def closers(self) -> tuple[int, ...]:
        """The tokens whose logits eot_temperature raises at the next step, likeliest only; empty: none."""
        thinking = self.thinking
        if self.control.kind != "eot_temperature" or self.finish or self._forced or not thinking.active:
            return ()
        if thinking.spent or thinking.tokens < self.control.min_think:
            return ()
        return tuple(sorted(self.stops)) if thinking.whole else self.delimiters.closing[:1]

    def due(self) -> int | None:
        """The token that comes next whatever the model's choice, if any."""
        if self._probe:
            return self._probe.due()
        if self.finish is None and not self._forced and self.thinking.spent:
            self._over_budget = True
            self._forced.extend(self.thinking.close(self.ids))
        return self._forced[0] if self._forced else None

    def take(self, token: int, likeliest: Likeliest = ()) -> None:
        """Add the token that was due, or else the one chosen; during a trial the likeliest one."""
        before = self.length
        if self._probe:
            self._take_on_trial(self._probe, token, likeliest)
        else:
            self._take(token)
        self._look_at_limits()
        taken_back = self.length != before + 1
        if taken_back and self.finish is None and (due := self.due()) is not None:
            self.take(due)

    def _take(self, token: int) -> None:
        forced, closers = bool(self._forced), self.closers
        if forced:
            self._forced.popleft()
        if self._held:
            self._held.pop(0)
        else:
            self.tokens += 1
        self.ids.append(token)
        if not forced and self._end_is_dropped(token):
            return
        if forced or token not in self.stops:
            self.thinking.saw(self.ids, forced)
        if self._ends(token, forced):
            self.thinking.ended()
            self._end("control" if self.thinking.cut else "stop", "max_think" if self._over_budget else None)
        elif not forced and token in closers:
            self._forced.extend(self.delimiters.closing[1:])
        elif not forced:
            self._look_for_a_trial()

    def _ends(self, token: int, forced: bool) -> bool:
        """The model ends the response, by a stop token or a stop string."""
        strings = self.delimiters.stop_strings
        if token in self.stops:
            return not self._forced
        return not forced and strings is not None and strings.ended(self.ids)

    def _look_at_limits(self) -> None:
        """End the response where it may not go on; a trace of fractured sampling ends with its thinking."""
        if self.finish is not None:
            return
        if self.tokens >= self.max_tokens:
            self._end("length", "max_tokens")
        elif self.room is not None and self.length >= self.room:
            self._end("length", "context")
        elif self.thinking.answer_left == 0:
            self._end("length", "max_answer")
        elif self.control.kind == "fractured" and self.thinking.opened and not self.thinking.open:
            self._end("control")
        elif self.control.kind == "fractured" and self.thinking.spent:
            self._end("control", "max_think")

    def _end_is_dropped(self, token: int) -> bool:
        """min_think: the end of thinking, by its delimiter or by a stop token, is taken back."""
        thinking = self.thinking
        if self.control.kind != "min_think" or not thinking.active:
            return False
        size = 1 if token in self.stops else 0 if thinking.whole else self.delimiters.closes(self.ids)
        tokens = max(0, thinking.tokens + 1 - size)
        early = tokens < self.control.min_think or self._dropped < self.control.ignores
        if not (size and early):
            return False
        del self.ids[-size:]
        thinking.tokens = tokens
        self._dropped += 1
        self._forced.extend(self.delimiters.continuation)
        return True

    def _look_for_a_trial(self) -> None:
        thinking = self.thinking
        full = self.room is not None and len(self.ids) >= self.room
        if not thinking.active or thinking.spent or full:
            return
        if self.control.kind == "early_exit":
            found = [word for word in self.delimiters.transitions if ends_with(self.ids, word)]
            held = max((len(word) for word in found if len(word) <= thinking.tokens), default=0)
            if held:
                self._try_an_answer(self.ids[-held:])
        elif self.control.kind == "entropy_stop":
            fresh = thinking.tokens == 0 and not self.probes
            long = thinking.tokens - self._probed_at >= self.control.every
            ended = any(ends_with(self.ids, mark) for mark in self.delimiters.separators)
            if fresh or (long and ended):
                self._try_an_answer([])

    def _try_an_answer(self, held: list[int]) -> None:
        """Begin a trial; ``held``, the transcript's last tokens, waits for its outcome."""
        self._held = held
        if held:
            del self.ids[-len(held) :]
            self.thinking.tokens -= len(held)
        self.probes += 1
        self._probed_at = self.thinking.tokens
        width = self.control.candidates if self.control.kind == "entropy_stop" else 1
        control = self.control
        self._probe = Probe(self.delimiters, self.stops, width, control.probe_tokens, control.probe_closes)

    def _take_on_trial(self, probe: Probe, token: int, likeliest: Likeliest) -> None:
        self.tokens += 1
        probe.take(token, likeliest)
        if not probe.over:
            return
        self._probe = None
        sure = (
            settled(probe.answers, self.control.alpha)
            if self.control.kind == "entropy_stop"
            else (probe.closed or not self.control.probe_closes) and confident(probe.answers[0], self.control)
        )
        if sure or self.probes == self.control.max_probes:
            self._held = []
            self._forced.extend(self.thinking.close(self.ids))
        else:
            self._forced.extend(self._held)

    def _end(self, finish: str, limit: str | None = None) -> None:
        """The response ends; a word that waits for a trial's outcome stands."""
        self.limit = limit
        self.ids += self._held
        self.thinking.tokens += len(self._held)
        self._held, self._probe, self.finish = [], None, finish
