"""Transcript: one response as it grows under a length control, token by token.

A state machine on token ids that no engine is part of: before each step it says which token is forced, if
any, or how many of the likeliest it has to be told; :meth:`Transcript.append` is told what was chosen.
What differs between the kinds of control is asked of :class:`~l2s.generation.controls.control.Control`.
Text may be taken back (a dropped end of thinking, a held word, a trial answer): an engine reads
``length`` and ``last`` anew after each step and continues from there.

Tokens count once each, when the model produced them or a control put them in. What is taken back stays
counted in ``tokens``, so ``tokens`` less the length of ``ids`` is what was thrown away. A held word that
is put back is the one that was counted before. No random number belongs to trials and forced text, so a
trial that changes nothing leaves the response as it would be without.
"""

from collections import deque

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.probe import Likeliest, Probe
from l2s.generation.controls.thinking import thinking_after


class Transcript:
    """One response under a control. ``finish`` is None until it ends: ``stop``, ``length`` or ``control``.

    Args:
        max_tokens: the limit of tokens spent, trials and dropped text included.
        context_left: the limit of tokens that stand after the prompt at any time, a trial included: what the prompt
            leaves of the model's context. None: there is no limit; 0 or less: the response ends before its first.
        opened: the prompt leaves thinking open.
    """

    def __init__(
        self,
        control: Control,
        delimiters: Delimiters,
        stops: frozenset[int],
        max_tokens: int,
        context_left: int | None = None,
        opened: bool = False,
    ) -> None:
        self.control, self.delimiters, self.stops = control, delimiters, stops
        self.max_tokens, self.context_left = max_tokens, context_left
        self.thinking = thinking_after(opened, control, delimiters)
        self.ids: list[int] = []
        """What stands: thinking and answer, the stop token included."""
        self.tokens = 0
        """Everything generated so far."""
        self.finish: str | None = None
        self.limit: str | None = None
        """What cut the response (``max_tokens``, ``context``, ``max_answer``), or else its thinking (``max_think``)."""
        self.trials = 0
        """Trial answers begun."""
        self._probe: Probe | None = None
        self._forced: deque[int] = deque()
        self._held: list[int] = []
        self._dropped = 0
        self._over_budget = False
        self._probed_at = 0
        self._look_at_limits()
        if self.finish is None:
            self._look_for_a_trial()

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
    def think_tokens(self) -> int:
        """Thinking tokens so far."""
        return self.thinking.tokens

    @property
    def since_trial(self) -> int:
        """Thinking tokens since the last trial began."""
        return self.thinking.tokens - self._probed_at

    @property
    def samples(self) -> bool:
        """Whether the next token is sampled, so that a random number belongs to it."""
        return self.finish is None and self._probe is None and not self._forced

    @property
    def top_k(self) -> int:
        """How many of the likeliest tokens, with probabilities, :meth:`append` is to be told; 0: none."""
        return self._probe.top_k if self._probe else 0

    @property
    def trial_left(self) -> int:
        """The largest number of tokens that the trial answer being written may still get."""
        probe = self._probe
        return probe.max_tokens - len(probe.tokens) + len(self.delimiters.probe) if probe else 0

    @property
    def close_ids(self) -> tuple[int, ...]:
        """The tokens whose logits the control raises at the next step, the likeliest of them alone; empty: none."""
        thinking = self.thinking
        if self.finish or self._forced or not thinking.active or thinking.spent:
            return ()
        if not self.control.steers(thinking.tokens):
            return ()
        return tuple(sorted(self.stops)) if thinking.whole else self.delimiters.closing[:1]

    def forced_token(self) -> int | None:
        """The token that comes next whatever the model's choice, if any."""
        if self._probe:
            return self._probe.forced_token()
        if self.finish is None and not self._forced and self.thinking.spent:
            self._over_budget = True
            self._forced.extend(self.thinking.close(self.ids))
        return self._forced[0] if self._forced else None

    def append(self, token: int, likeliest: Likeliest = ()) -> None:
        """Add the token that was forced, or else the one chosen; during a trial the likeliest one."""
        before = self.length
        if self._probe:
            self._append_to_trial(self._probe, token, likeliest)
        else:
            self._append(token)
        self._look_at_limits()
        taken_back = self.length != before + 1
        if taken_back and self.finish is None and (forced := self.forced_token()) is not None:
            self.append(forced)

    def _append(self, token: int) -> None:
        forced, close_ids = bool(self._forced), self.close_ids
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
        elif not forced and token in close_ids:
            self._forced.extend(self.delimiters.closing[1:])
        elif not forced and self.thinking.active and self.control.closes(self):
            self._forced.extend(self.thinking.close(self.ids))
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
        elif self.context_left is not None and self.length >= self.context_left:
            self._end("length", "context")
        elif self.thinking.answer_left == 0:
            self._end("length", "max_answer")
        elif self.control.traces and self.thinking.opened and not self.thinking.open:
            self._end("control")
        elif self.control.traces and self.thinking.spent:
            self._end("control", "max_think")

    def _end_is_dropped(self, token: int) -> bool:
        """The end of thinking, by its delimiter or by a stop token, is taken back where the control says so."""
        thinking = self.thinking
        if not thinking.active:
            return False
        size = 1 if token in self.stops else 0 if thinking.whole else self.delimiters.closes(self.ids)
        tokens = max(0, thinking.tokens + 1 - size)
        if not size or not self.control.drops_end(tokens, self._dropped):
            return False
        del self.ids[-size:]
        thinking.tokens = tokens
        self._dropped += 1
        self._forced.extend(self.delimiters.continuation)
        return True

    def _look_for_a_trial(self) -> None:
        """Try an answer out where the control says so, if the context has room for it."""
        full = self.context_left is not None and len(self.ids) >= self.context_left
        if not self.thinking.active or self.thinking.spent or full:
            return
        held = self.control.trial(self)
        if held is not None:
            self._try_an_answer(self.ids[len(self.ids) - held :])

    def _try_an_answer(self, held: list[int]) -> None:
        """Begin a trial; ``held``, the transcript's last tokens, waits for its outcome."""
        self._held = held
        if held:
            del self.ids[-len(held) :]
            self.thinking.tokens -= len(held)
        self.trials += 1
        self._probed_at = self.thinking.tokens
        self._probe = self.control.new_probe(self.delimiters, self.stops)

    def _append_to_trial(self, probe: Probe, token: int, likeliest: Likeliest) -> None:
        self.tokens += 1
        probe.append(token, likeliest)
        if not probe.over:
            return
        self._probe = None
        if self.control.ends_thinking(probe, self.trials):
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
