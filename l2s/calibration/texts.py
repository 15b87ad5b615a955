"""Calibration texts: JSONL rows of a prompt with a short and a long answer, as token ids of the measured model."""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2s.calibration.settings import Answer
from l2s.core.errors import CheckpointError, RecordError
from l2s.core.seeds import seed_for
from l2s.records import numbered_lines
from l2s.templates import ChatTemplate, RenderError
from l2s.tokenizing import tokenizing

SHOWN = 5
"""Bad lines that an error lists."""
OPENING = "<think>"


@dataclass(frozen=True)
class Text:
    """A prompt and the answer that follows it."""

    line: int
    """In its file, counted from 1."""
    prompt: str
    answer: str | None


def read_texts(path: Path, answer: Answer) -> list[Text]:
    """All texts of a JSONL file with ``prompt`` and, unless ``answer`` is ``none``, that column; others are ignored.

    Raises:
        RecordError: no such file, no rows, or bad lines: every one is counted, the first are named.
    """
    texts, problems = list[Text](), list[str]()
    for number, line in numbered_lines(path, "JSONL with prompt, short and long, one text a line"):
        if line.strip():
            found = _parsed(line, number, answer)
            problems.append(found) if isinstance(found, str) else texts.append(found)
    if problems:
        more = f"; and {len(problems) - SHOWN} more lines" if len(problems) > SHOWN else ""
        raise RecordError(f"{path}: {'; '.join(problems[:SHOWN])}{more}")
    if not texts:
        raise RecordError(f"{path}: holds no texts; expected JSONL with prompt, short and long, one text a line")
    return texts


def chosen(texts: list[Text], samples: int, seed: int) -> list[Text]:
    """At most ``samples`` texts, in an order drawn from the seed: more samples only add texts at the end."""
    shuffled = list(texts)
    random.Random(seed_for(seed, "calibration", "texts")).shuffle(shuffled)
    return shuffled[:samples]


def token_ids(template: ChatTemplate, text: Text, max_tokens: int) -> list[int]:
    """The first ``max_tokens`` token ids of a text; a chat template writes its own special tokens.

    Raises:
        CheckpointError: the chat template fails.
    """
    tokenizer = template.tokenizer
    try:
        whole = rendered(template, text)
    except RenderError as error:
        raise CheckpointError(
            f"{tokenizer.name_or_path}: its chat template cannot render a user's and an assistant's message: {error}"
        ) from None
    with tokenizing(tokenizer):
        ids: list[int] = tokenizer(whole, add_special_tokens=not tokenizer.chat_template, verbose=False)["input_ids"]
    return ids[:max_tokens]


def rendered(template: ChatTemplate, text: Text) -> str:
    """A text as the model meets it: a user's and an assistant's message, or plain lines without a chat template.

    Reasoning models' templates drop the thinking of an assistant's message, as they do of earlier turns. Where
    the answer does not come out whole, it follows the prompt for an answer as it stands, ended by the end token.
    """
    if not template.tokenizer.chat_template:
        return text.prompt if text.answer is None else f"{text.prompt}\n{text.answer}"
    user = {"role": "user", "content": text.prompt}
    if text.answer is None:
        return template.render([user])
    whole = template.render([user, {"role": "assistant", "content": text.answer}], generation=False)
    if text.answer.strip() in whole:
        return whole
    opened, end = template.prompt([user]), template.tokenizer.eos_token or ""
    if opened.tail.rstrip().endswith(OPENING) and text.answer.lstrip().startswith(OPENING):
        return opened.text.rstrip() + text.answer.lstrip().removeprefix(OPENING) + end
    return opened.text + text.answer + end


def _parsed(line: str, number: int, answer: Answer) -> Text | str:
    """A text, or what is wrong with the line."""
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"line {number} is not JSON ({error})"
    if not isinstance(row, dict):
        return f"line {number} is a {type(row).__name__}, expected an object"
    for column in ["prompt"] if answer == "none" else ["prompt", answer]:
        if column not in row:
            return f"line {number} lacks '{column}' (found {', '.join(row) or 'nothing'})"
        if not isinstance(row[column], str):
            return f"line {number}: '{column}' is {row[column]!r:.40}, expected a string"
    return Text(number, row["prompt"], None if answer == "none" else row[answer])
