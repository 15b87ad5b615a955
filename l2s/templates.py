"""Chat templates: programs that come with a model, rendered in a process of their own and under one fixed date.

A template is untrusted. Jinja's sandbox keeps it from files and Python, but not from running for ever or from
filling memory, which nothing can stop inside of one's own process; so a fork of it renders, which the kernel ends.
The fork holds what is imported already and serves every rendering: it costs milliseconds once.

What a template could read of the moment is fixed: ``strftime_now`` tells the date that is given, and Jinja's
random filters draw from the same seed each time.
"""

import datetime
import json
import os
import random
import re
import resource
import select
import signal
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

SECONDS = 2.0
"""Of a processor, for one rendering; most take less than a millisecond."""
PATIENCE = 4
"""Times as many by the clock, on a machine that is busy with other things."""
MEMORY = 512 << 20
"""Bytes that renderings may take, beside what the process had."""
LONGEST = 10_000_000
"""Characters of a rendered text."""
DATE = datetime.date(2025, 1, 1)
"""What a template takes for today, unless somebody says otherwise."""
RESERVED = frozenset(
    ("messages", "tools", "documents", "add_generation_prompt", "strftime_now", "raise_exception", "conversation",
     "chat_template", "continue_final_message", "tokenize", "padding", "truncation", "max_length", "return_tensors",
     "return_dict", "return_assistant_tokens_mask", "tokenizer_kwargs", "return_attention_mask")
)  # fmt: skip
"""Names that are not the user's to give."""
Turn = dict[str, str]
_SLOT = re.compile(r"qzturn(\d+)zq", re.IGNORECASE)


class RenderError(Exception):
    """A template that does not render; what it says fits into a sentence."""


class Rendered(NamedTuple):
    """A conversation as text."""

    text: str
    tail: str
    """The generation prompt: what the template puts behind the last message."""


class ChatTemplate:
    """The chat template of a tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._worker: _Worker | None = None
        self._slots: dict[str, str | None] = {}

    def render(
        self,
        turns: Sequence[Turn],
        *,
        generation: bool = True,
        date: datetime.date = DATE,
        kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """The text of a conversation.

        Args:
            turns: messages, each with role and content.
            generation: with what asks the assistant to begin.
            date: what ``strftime_now`` tells, at midnight.
            kwargs: variables of the template's own, such as ``enable_thinking``.

        Raises:
            RenderError: the template fails, or takes too long or too much memory.
        """
        request = {"turns": list(turns), "generation": generation, "date": date.isoformat(), "kwargs": kwargs or {}}
        if self._worker is None or not self._worker.alive:
            self._worker = _Worker(self.tokenizer)
        return self._worker.ask(request)

    def prompt(
        self, turns: Sequence[Turn], *, date: datetime.date = DATE, kwargs: Mapping[str, Any] | None = None
    ) -> Rendered:
        """A conversation that the assistant is asked to continue, and the generation prompt at its end.

        What a message says is no part of the generation prompt, whatever it is: the template is rendered once
        more with other messages, which tells its own text from theirs.

        Raises:
            RenderError: as :meth:`render`.
        """
        text = self.render(turns, date=date, kwargs=kwargs)
        tail = _tail(text, [turn["content"] for turn in turns], self._with_slots(turns, date, kwargs))
        if tail is None:
            shorter = self.render(turns, generation=False, date=date, kwargs=kwargs)
            tail = text.removeprefix(shorter) if text.startswith(shorter) else ""
        return Rendered(text, tail)

    def unknown(self, kwargs: Mapping[str, Any]) -> list[str]:
        """A sentence for each variable that the template does not mention: nothing changes by it."""
        if not kwargs:
            return []
        try:
            text = str(self.tokenizer.get_chat_template()) if self.tokenizer.chat_template else ""
        except ValueError:  # several templates, and none of them the default: rendering says so
            return []
        return [
            f"its chat template has no variable '{name}', so template_kwargs.{name} changes nothing"
            for name in kwargs
            if not re.search(rf"\b{re.escape(name)}\b", text)
        ]

    def _with_slots(self, turns: Sequence[Turn], date: datetime.date, kwargs: Mapping[str, Any] | None) -> str | None:
        """The conversation with a mark in the place of each message's content; None where that cannot be rendered."""
        key = json.dumps([[turn["role"] for turn in turns], date.isoformat(), kwargs], sort_keys=True)
        if key not in self._slots:
            marked = [{**turn, "content": f"qzturn{number}zq"} for number, turn in enumerate(turns)]
            try:
                self._slots[key] = self.render(marked, date=date, kwargs=kwargs)
            except RenderError:
                self._slots[key] = None
        return self._slots[key]


def _tail(text: str, contents: Sequence[str], marked: str | None) -> str | None:
    """What follows the last message in ``text``; None where ``marked``, the same with marks, does not tell."""
    if marked is None or not (slots := list(_SLOT.finditer(marked))):
        return None
    ends, before = {0}, 0
    for slot in slots:
        literal, content = marked[before : slot.start()], contents[int(slot[1])]
        forms = {content, content.strip(), content.lstrip(), content.rstrip()}  # templates trim
        ends = {
            end + len(literal) + len(form) for end in ends for form in forms if text.startswith(literal + form, end)
        }
        before = slot.end()
    if ends:
        return text[max(ends) :]
    tail = marked[before:]
    return tail if text.endswith(tail) else None


class _Worker:
    """A fork of this process that renders; it ends with this one, or where a rendering exceeds its limits."""

    def __init__(self, tokenizer: Any) -> None:
        requests, asked = os.pipe()
        answered, replies = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                _serve(tokenizer, requests, replies)
            finally:
                os._exit(1)
        os.close(requests)
        os.close(replies)
        self._owner, self._asked, self._answered = os.getpid(), asked, answered
        self._end = weakref.finalize(self, _end, child, asked, answered, self._owner)

    @property
    def alive(self) -> bool:
        """It can be asked, in the process that started it."""
        return self._end.alive and self._owner == os.getpid()

    def ask(self, request: dict[str, Any]) -> str:
        """What the template makes of a request."""
        try:
            with suppress(BrokenPipeError):  # what it died of is read below
                _write(self._asked, json.dumps(request).encode() + b"\n")
            reply = _read_line(self._answered, PATIENCE * SECONDS + 2)
        except BaseException:
            self._end()
            raise
        if not reply:
            self._end()
            raise RenderError(
                f"it did not end within {SECONDS:g} s of work, or took more than {MEMORY >> 20} MB, and was stopped"
            )
        found = json.loads(reply)
        if "text" not in found:
            raise RenderError(found["error"])
        return str(found["text"])


def _serve(tokenizer: Any, requests: int, replies: int) -> None:
    """Render, in the fork, until nobody asks any more."""
    os.setsid()  # an interrupt at the terminal is the parent's to handle
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    kept = sorted((requests, replies))
    for first, last in ((3, kept[0]), (kept[0] + 1, kept[1]), (kept[1] + 1, 1 << 16)):
        os.closerange(first, last)  # files, locks and pipes of the parent's
    _limit_memory()
    for ending in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF, signal.SIGALRM})
    os.environ["TZ"] = "UTC"
    time.tzset()
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            _allow(SECONDS)
            reply = _reply(tokenizer, json.loads(line))
            _allow(0)
            _write(replies, json.dumps(reply).encode() + b"\n")
    os._exit(0)


def _allow(seconds: float) -> None:
    """The kernel ends the process after so much work; 0: it does not."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds)


def _reply(tokenizer: Any, request: dict[str, Any]) -> dict[str, str]:
    moment = datetime.datetime.combine(datetime.date.fromisoformat(request["date"]), datetime.time(), datetime.UTC)
    random.seed(0)
    try:
        text = tokenizer.apply_chat_template(
            request["turns"],
            tokenize=False,
            add_generation_prompt=request["generation"],
            **{**request["kwargs"], "strftime_now": moment.strftime},
        )
    except MemoryError:
        return {"error": f"it takes more than {MEMORY >> 20} MB"}
    except Exception as error:  # a template may raise whatever it can reach
        return {"error": " ".join(str(error).split())[:500] or type(error).__name__}
    if len(text) > LONGEST:
        return {"error": f"it gives {len(text):,} characters; at most {LONGEST:,} are taken"}
    return {"text": text}


def _limit_memory() -> None:
    """What the process maps may grow by :data:`MEMORY`; where that is not known, time alone is limited."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(child: int, asked: int, answered: int, parent: int) -> None:
    os.close(asked)
    os.close(answered)
    if os.getpid() == parent:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def _write(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def _read_line(handle: int, seconds: float) -> bytes | None:
    """One line; None where the other side ended or time ran out."""
    deadline, line = time.monotonic() + seconds, bytearray()
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        if poll.poll(1000 * left):
            part = os.read(handle, 1 << 20)
            line += part
            if not part:
                return None
            if line.endswith(b"\n"):
                return bytes(line)
    return None
