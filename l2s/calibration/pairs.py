"""Calibration texts from responses: each problem that a quick and a slow model answered, with both answers.

A problem is told apart by benchmark and id. Of several samples the first counts that is whole; answers that a limit
cut, and empty ones, are no texts. The prompt is the problem as it was asked, without the marks of a chat template,
since the model that is measured writes its own around it.
"""

import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from l2s.core.errors import ConfigError, RecordError
from l2s.core.params import nearest
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.records import iter_rows
from l2s.thinking import leaves_open

OPENING, CLOSING = "<think>", "</think>"
TURNS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        r"<\|im_start\|>user\n(.*?)<\|im_end\|>",
        r"<｜User｜>(.*?)<｜Assistant｜>",
        r"<\|start_header_id\|>user<\|end_header_id\|>\n\n(.*?)<\|eot_id\|>",
        r"<start_of_turn>user\n(.*?)<end_of_turn>",
        r"\[INST\](.*?)\[/INST\]",
        r"<\|user\|>\n?(.*?)(?:<\|end\|>|<\|assistant\|>|</s>)",
    )
)
"""A user's turn, by model family; of rows whose problem does not stand in a column of its own."""
Key = tuple[str, str]
FORMS: dict[str, dict[str, str]] = {
    "calibration": {"short": "short", "long": "long"},
    "sft": {"short": "completion"},
    "dpo": {"short": "chosen", "long": "rejected"},
}
"""What the answers are called, by what texts are for; the last two as TRL and others read them."""


class Pairs(NamedTuple):
    """Texts, and what was left out."""

    rows: list[Row]
    """``benchmark, id, prompt, short, long``, in the order of benchmark and id."""
    alone: int
    """Problems that one of the two alone answered, or answered as asked for."""


def pair_responses(quick: Path, slow: Path, *, count: int | None = None, seed: int = 0, right: bool = False) -> Pairs:
    """Texts of the problems that both files answer.

    Args:
        quick: responses that become ``short``.
        slow: those that become ``long``.
        count: the largest number of texts, sampled by the seed; None: all.
        seed: of the sampling; a larger count only adds texts.
        right: take right answers alone; the files are then verdicts.

    Raises:
        RecordError: rows without what is needed, or no problem in both.
    """
    short, long = dict(_answers(quick, right)), dict(_answers(slow, right))
    both = sorted(short.keys() & long.keys())
    if not both:
        what = "answered whole and right" if right else "answered whole"
        raise RecordError(f"{quick} and {slow}: no problem is {what} in both; expected the same benchmarks and ids")
    for key in both:
        if short[key]["problem"] != long[key]["problem"]:
            raise RecordError(f"{quick} and {slow}: {key[0]} {key[1]} is not the same problem in both")
    if count is not None and count < len(both):
        random.Random(seed_for(seed, "calibration", "pairs")).shuffle(both)
        both = sorted(both[:count])
    rows = [
        {
            "benchmark": key[0],
            "id": key[1],
            "prompt": short[key]["problem"],
            "short": short[key]["answer"],
            "long": long[key]["answer"],
        }
        for key in both
    ]
    return Pairs(rows, len(short.keys() ^ long.keys()))


def in_form(rows: Iterable[Row], form: str) -> list[Row]:
    """Texts for calibration, or for a training elsewhere.

    Raises:
        ConfigError: there is no such form.
    """
    if form not in FORMS:
        raise ConfigError(f"--form: '{form}' is not known{nearest(form, FORMS)}")
    columns = {"benchmark": "benchmark", "id": "id", "prompt": "prompt", **FORMS[form]}
    return [{new: row[old] for old, new in columns.items()} for row in rows]


def _answers(path: Path, right: bool) -> Iterator[tuple[Key, dict[str, str]]]:
    """Each problem's first whole answer."""
    found: dict[Key, tuple[Any, dict[str, str]]] = {}
    for number, row in enumerate(iter_rows(path), 1):
        _check(path, number, row, ("id", "response", "prompt", *(["correct"] if right else [])))
        if row.get("finish") == "length" or not row["response"].strip() or (right and row["correct"] is not True):
            continue
        key, sample = (str(row.get("benchmark", "")), str(row["id"])), row.get("sample", 0)
        if key not in found or sample < found[key][0]:
            found[key] = sample, {"problem": _problem(row), "answer": _answer(row)}
    for key, (_, texts) in found.items():
        yield key, texts


def _check(path: Path, number: int, row: Row, columns: Iterable[str]) -> None:
    absent = [column for column in columns if column not in row and not (column == "prompt" and "problem" in row)]
    if absent:
        raise RecordError(f"{path}: row {number} lacks {', '.join(absent)}; expected responses, as l2s generate writes")
    for column in ("response", "prompt", "problem"):
        if not isinstance(row.get(column, ""), str):
            raise RecordError(f"{path}: row {number}: '{column}' is {row[column]!r:.40}, expected a string")
    if not _problem(row):
        column = "problem" if "problem" in row else "prompt"
        raise RecordError(f"{path}: row {number}: '{column}' is empty, expected the text of a problem")
    if not isinstance(row.get("sample", 0), int):
        raise RecordError(f"{path}: row {number}: 'sample' is {row['sample']!r:.40}, expected a whole number")


def _problem(row: Row) -> str:
    """The problem's text: of its own column, or the last user's turn of the prompt."""
    if isinstance(row.get("problem"), str):
        return str(row["problem"])
    turns = [turn for form in TURNS for turn in form.findall(row["prompt"])]
    return str(turns[-1] if turns else row["prompt"]).strip()


def _answer(row: Row) -> str:
    """The response; the start of thinking, where the prompt held it already, is written before it."""
    prompt, response = str(row.get("prompt", "")), str(row["response"])
    opened = leaves_open(_tail(row, prompt), OPENING, CLOSING)
    return response if not opened or response.lstrip().startswith(OPENING) else OPENING + response


def _tail(row: Row, prompt: str) -> str:
    """The prompt behind the problem; its end where nothing tells the two apart."""
    problem = _problem(row)
    if "problem" not in row and problem == prompt.strip():
        return problem[-len(OPENING) :]
    return prompt.rpartition(problem)[2]
