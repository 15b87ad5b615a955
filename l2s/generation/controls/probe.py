"""Trial answers: what the model would answer now, tried out after the transcript and thrown away again.

Used by early_exit (one greedy answer) and entropy_stop (several). Every token of a trial is charged.
"""

from collections.abc import Sequence

from l2s.generation.controls.delimiters import Delimiters

Likeliest = Sequence[tuple[int, float]]
"""Token ids with their probabilities (at temperature 1), the likeliest first."""


class Probe:
    r"""One or several trial answers, one token at a time, each answer after the same text.

    With a width of more than one the first free position branches: its ``width`` likeliest tokens each begin
    an answer, and each answer goes on greedily. An answer ends where the braces close that the probe's text
    or the answer itself opened (so ``\boxed{\frac{1}{2}}`` is read to its end), at the closing delimiter, at
    a stop token, and at ``max_tokens`` tokens.
    """

    def __init__(
        self, delimiters: Delimiters, stops: frozenset[int], width: int, max_tokens: int, to_close: bool = False
    ) -> None:
        self.delimiters, self.stops, self.width, self.max_tokens = delimiters, stops, width, max_tokens
        self.to_close = to_close
        """Braces do not end an answer."""
        self.closed = False
        """The answer being tried has ended with the closing delimiter."""
        self.tokens: list[int] = []
        """What stands after the transcript now: the text, and the answer being tried."""
        self.answers: list[list[float]] = []
        """The probabilities of each answer's tokens; those up to an opening brace are not scored."""
        self._waiting: list[tuple[int, float]] = []
        self._depth = 0
        self._over = False

    @property
    def over(self) -> bool:
        """All answers are written."""
        return self._over and not self._waiting

    @property
    def top_k(self) -> int:
        """How many of the likeliest tokens the next position is asked for; 0 where a token is forced."""
        if self.forced_token() is not None:
            return 0
        return 1 if self.answers else self.width

    def forced_token(self) -> int | None:
        """The token that comes next, where the model has no choice."""
        if len(self.tokens) < len(self.delimiters.probe):
            return self.delimiters.probe[len(self.tokens)]
        return self._waiting[0][0] if self._over and self._waiting else None

    def append(self, token: int, likeliest: Likeliest) -> None:
        """Add a token: the one that is forced, or else the first of ``likeliest``."""
        if len(self.tokens) < len(self.delimiters.probe):
            self.tokens.append(token)
        elif self._over:
            self._begin(*self._waiting.pop(0))
        elif not self.answers:
            self._waiting = list(likeliest[1 : self.width])
            self._begin(token, likeliest[0][1])
        else:
            self._grow(token, likeliest[0][1])
        if self._over and self._waiting:
            del self.tokens[len(self.delimiters.probe) :]

    def _begin(self, token: int, probability: float) -> None:
        self.answers.append([])
        self._depth, self._over = self.delimiters.probe_depth, False
        self._grow(token, probability)

    def _grow(self, token: int, probability: float) -> None:
        self.tokens.append(token)
        inside = self._depth > 0
        for brace in self.delimiters.braces.get(token, ""):
            self._depth += 1 if brace == "{" else -1
            self._over = self._over or (self._depth <= 0 and not self.to_close)
        written = len(self.tokens) - len(self.delimiters.probe)
        self._over = self._over or token in self.stops or written >= self.max_tokens
        self.closed = self.delimiters.closes(self.tokens[-written:]) > 0
        self._over = self._over or self.closed
        if inside:
            self.answers[-1].append(probability)
