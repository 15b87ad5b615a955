"""Every run in full: what it is, and all its numbers, benchmark by benchmark."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from l2s.report.tables import accuracy_text, difference_text, reduction_text, role_of, share_text, sorted_rows

Row = dict[str, Any]
Number = tuple[str, Callable[[Row], str]]


@dataclass(frozen=True)
class Run:
    """One run, ready to be shown."""

    name: str
    chosen: bool
    what: str
    benchmarks: list[str]
    facts: dict[str, str]
    numbers: dict[str, list[str]] = field(default_factory=dict)


def tokens_text(row: Row) -> str:
    """``41.0 [39.8, 42.2]``, mean tokens."""
    return _with_ends(row, "tokens", 1, 1)


def _with_ends(row: Row, key: str, factor: float, digits: int) -> str:
    value, low, high = (row.get(name) for name in (key, f"{key}_low", f"{key}_high"))
    if value is None:
        return "–"
    ends = "" if low is None or high is None else f" [{factor * low:,.{digits}f}, {factor * high:,.{digits}f}]"
    return f"{factor * value:,.{digits}f}{ends}"


def _plain(key: str, factor: float = 1, digits: int = 1) -> Callable[[Row], str]:
    return lambda row: _with_ends(row, key, factor, digits)


def _share(key: str) -> Callable[[Row], str]:
    return lambda row: "–" if row.get(key) is None else share_text(row[key])


NUMBERS: tuple[Number, ...] = (
    ("accuracy, %", accuracy_text),
    ("answers", lambda row: f"{row['n']:,}"),
    ("tokens", tokens_text),
    ("thinking tokens", _plain("think_tokens")),
    ("tokens against slow", reduction_text),
    ("Δ accuracy, points", difference_text),
    ("verdict", lambda row: row["verdict"]),
    ("cut by the token limit", _share("truncated")),
    ("accuracy of what was not cut, %", _plain("accuracy_finished", 100)),
    ("accuracy if all that was cut were right, %", _plain("accuracy_truncated_right", 100)),
    ("answers with a second thought", _share("reflective")),
    ("tokens until the final answer is first stated", _plain("to_answer")),
    ("tokens after that", _plain("after_answer")),
    ("changed from wrong to right, %", _plain("corrected", 100)),
    ("changed from right to wrong, %", _plain("spoiled", 100)),
    ("ends in a loop", _share("looping")),
    ("tokens of right answers", _plain("tokens_right")),
    ("tokens of wrong answers", _plain("tokens_wrong")),
    ("tokens per right answer", _plain("tokens_per_correct")),
    ("AES", _plain("aes", 1, 2)),
    ("eFLOPs an answer, 10⁹", _plain("eflops", 1e-9, 2)),
)
"""A row's label, and how it is written; one that no benchmark has is left out."""


def runs_of(summary: Mapping[str, Any]) -> list[Run]:
    """All runs in the order of the first table."""
    summary = dict(summary)
    order = [row["run"] for benchmark in summary["benchmarks"] for row in sorted_rows(summary, benchmark)]
    rows = {(row["run"], row["benchmark"]): row for row in summary["rows"]}
    more = {(row["run"], row["benchmark"]): row for row in summary.get("efficiency", [])}
    about = {entry["run"]: entry for entry in summary.get("runs", [])}
    return [_run(summary, name, rows, more, about.get(name, {})) for name in dict.fromkeys(order)]


def _run(
    summary: dict[str, Any], name: str, rows: Mapping[tuple[str, str], Row], more: Mapping[tuple[str, str], Row],
    about: Row,
) -> Run:  # fmt: skip
    benchmarks = [benchmark for benchmark in summary["benchmarks"] if (name, benchmark) in rows]
    full = [more.get((name, benchmark), {}) | rows[name, benchmark] for benchmark in benchmarks]
    numbers = {label: [write(row) for row in full] for label, write in NUMBERS}
    return Run(
        name=name,
        chosen=bool(full and full[0]["chosen"]),
        what=_what(role_of(summary, full[0]), full[0], about),
        benchmarks=benchmarks,
        facts=_facts(about),
        numbers={label: values for label, values in numbers.items() if set(values) != {"–"}},
    )


def _what(role: str, row: Row, about: Row) -> str:
    if role in ("slow", "quick"):
        return f"the {role} model"
    if role == "control":
        return f"{about.get('model') or row['model']} under a length control, {row['verdict']}"
    if role == "given":
        return "a model as it is"
    method = f"{about['method']} merge" if about.get("method") else "merge"
    return f"{method}, {row['verdict']}"


def _facts(about: Row) -> dict[str, str]:
    found = {**(about.get("coefficients") or {})}
    if about.get("control_kind") not in (None, "none"):
        found |= {"control": about["control_kind"], **(about.get("control") or {})}
    if about.get("parameters"):
        found["weights of the model"] = f"{about['parameters']:,}"
    return {key: _value(value) for key, value in found.items()}


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
