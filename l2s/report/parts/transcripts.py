"""Model output as text to show: its parts."""

import re

_CHAT_MARK = re.compile(r"<\|im_start\|>(?:system|user|assistant)?|<\|[^|<>]*\|>|<｜[^｜<>]*｜>")
_OPEN, _CLOSE = "<think>", "</think>"


def question_of(prompt: str) -> str:
    """A prompt without the marks and roles of its chat template."""
    return _CHAT_MARK.sub(" ", prompt).strip()


def thinking_of(response: str) -> str:
    """What stands before the end of thinking; the start mark may have stood in the prompt. Empty if there is none."""
    if _CLOSE in response:
        return response.rpartition(_CLOSE)[0].replace(_OPEN, "", 1).strip()
    return response.partition(_OPEN)[2].strip()


def final_of(response: str) -> str:
    """What follows the thinking; empty if the thinking never ended."""
    return response.rpartition(_CLOSE)[2].strip() if _CLOSE in response else response.partition(_OPEN)[0].strip()


def shortened(text: str, limit: int) -> str:
    """The first and last characters of a text longer than ``limit``, and how many were left out between them."""
    if len(text) <= limit:
        return text
    head, tail = limit - limit // 3, limit // 3
    left_out = f"\n\n[… {len(text) - limit:,} characters left out …]\n\n"
    return text[:head].rstrip() + left_out + text[len(text) - tail :].lstrip()
