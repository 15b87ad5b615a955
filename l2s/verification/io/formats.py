"""Formats: responses as other tools write them, read into rows to be graded, and verdicts as they write them.

- ``l2s``: a row a response, with ``gold`` and ``response``.
- ``qwen``: the Qwen2.5-Math evaluation's JSONL, a row a problem: ``idx, question, gt, code[]`` with its ``pred[]``
  and ``score[]``, which go along as ``their_answer`` and ``their_correct``.
- ``lm-eval``: what ``lm-eval --log_samples`` writes, a row a problem and filter: ``doc_id, doc, target, resps``. Of
  several filters of one task, which repeat the same responses, the first of each problem is read.
"""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from l2s.core.errors import ConfigError, RecordError
from l2s.core.params import nearest
from l2s.core.row import Row

_QWEN_ONLY = ("idx", "question", "gt", "gt_cot", "code", "pred", "report", "score", "answer", "type", "level")
_LM_EVAL_ONLY = ("resps", "filtered_resps")
_DOCUMENT = ("benchmark", "id", "problem", "gold", "level", "subject")
_SAMPLES_FILE = re.compile(r"^samples_(.+?)(?:_\d{4}-\d{2}-\d{2}T.*)?$")
_LEVEL = re.compile(r"(?:Level )?([0-9]{1,3})")
Reader = Callable[[Row], list[Row]]


def reader_of(format: str, path: Path) -> Reader:
    """How one object of a file becomes rows with ``gold`` and ``response``; use it for one file, from its start.

    Raises:
        ConfigError: there is no such format.
    """
    if format == "l2s":
        return lambda row: [row]
    from l2s.records import plain_name

    if format == "qwen":
        return lambda row: _of_qwen(row, plain_name(path))
    if format == "lm-eval":
        return _LMEval(path)
    raise ConfigError(f"--format: '{format}' does not exist{nearest(format, ('l2s', 'qwen', 'lm-eval'))}")


def as_samples(verdicts: list[Row]) -> list[Row]:
    """Verdict rows in the format of ``lm-eval --log_samples``: ``exact_match`` is 1 or 0, the filter is the grader."""
    return [_as_sample(number, row) for number, row in enumerate(verdicts)]


def _of_qwen(row: Row, benchmark: str) -> list[Row]:
    codes = row.get("code")
    codes = [codes] if isinstance(codes, str) else codes
    if not isinstance(codes, list) or not codes:
        raise RecordError(f"column 'code' is missing or no list of responses; found {', '.join(row) or 'nothing'}")
    gold = row.get("gt", row.get("answer"))
    level = _LEVEL.fullmatch(str(row.get("level")))
    common = {"benchmark": benchmark, "id": str(row.get("idx", "")), "problem": row.get("question"), "gold": gold}
    common |= {"level": int(level[1])} if level else {}
    common |= {"subject": row["type"]} if isinstance(row.get("type"), str) else {}
    common = {key: value for key, value in common.items() if value is not None}
    rest = {key: value for key, value in row.items() if key not in _QWEN_ONLY and key not in common}
    return [
        {**common, "sample": sample, "response": code, **rest, **_theirs(row, sample)}
        for sample, code in enumerate(codes)
    ]


def _theirs(row: Row, sample: int) -> Row:
    """What the other tool made of a sample, where it says."""
    found: Row = {}
    for column, name in (("pred", "their_answer"), ("score", "their_correct")):
        values = row.get(column)
        if isinstance(values, list) and sample < len(values):
            found[name] = values[sample]
    return found


class _LMEval:
    """Reads one file; remembers which problems it has seen, for every filter repeats them."""

    def __init__(self, path: Path) -> None:
        from l2s.records import plain_name

        name = plain_name(path)
        match = _SAMPLES_FILE.match(name)
        self.benchmark = match[1] if match else name
        self.seen: dict[Any, Any] = {}

    def __call__(self, row: Row) -> list[Row]:
        identity, of_filter = row.get("doc_id"), row.get("filter")
        if identity is not None and self.seen.setdefault(json.dumps(identity), of_filter) != of_filter:
            return []
        doc: Row = row["doc"] if isinstance(row.get("doc"), dict) else {}
        common = {"benchmark": self.benchmark, "id": str(row.get("doc_id", "")), "gold": _gold(row, doc)}
        problem = doc.get("problem", doc.get("question"))
        common |= {"problem": problem} if isinstance(problem, str) else {}
        rest = {key: value for key, value in row.items() if key not in _LM_EVAL_ONLY and key not in common}
        return [
            {**common, "sample": sample, "response": text, **rest}
            for sample, text in enumerate(_texts(row.get("resps")))
        ]


def _texts(found: Any) -> list[str]:
    """All generated texts, whatever lists they stand in."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, list) and found:
        return [text for part in found for text in _texts(part)]
    raise RecordError("column 'resps' holds no generated text; expected [[text, …]]")


def _gold(row: Row, doc: Row) -> Any:
    """The target; of a worked solution what follows ``####`` or stands in its box; else the document's ``answer``."""
    target = row.get("target")
    if not isinstance(target, str):
        target = target[0] if isinstance(target, list) and len(target) == 1 else target
    if isinstance(target, str) and "####" in target:
        return target.rpartition("####")[2].strip()
    answer = doc.get("answer")
    worked = isinstance(target, str) and "\\boxed" not in target and len(target) > 200
    return answer if target is None or (worked and isinstance(answer, str | int | float)) else target


def _as_sample(number: int, row: Row) -> Row:
    doc = row["doc"] if isinstance(row.get("doc"), dict) else {key: row[key] for key in _DOCUMENT if key in row}
    target = str(row.get("target", row["gold"]))
    arguments = row.get("arguments", {"gen_args_0": {"arg_0": row.get("prompt", row.get("problem", "")), "arg_1": {}}})
    return {
        "doc_id": row.get("doc_id", number),
        "doc": doc,
        "target": target,
        "arguments": arguments,
        "resps": [[row["response"]]],
        "filtered_resps": [row["answer"] or ""],
        "filter": row["grader"],
        "metrics": ["exact_match"],
        "doc_hash": row.get("doc_hash", _digest(json.dumps(doc, indent=2, ensure_ascii=False))),
        "prompt_hash": row.get("prompt_hash", _digest(str(row.get("prompt", row.get("problem", ""))))),
        "target_hash": row.get("target_hash", _digest(target)),
        "exact_match": float(row["correct"]),
        "status": row["status"],
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
