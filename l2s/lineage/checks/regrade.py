"""Grading again: does the grader still say of each stored response what the verdict says?"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from l2s.core.errors import L2SError
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.lineage.checks.finding import Finding, short
from l2s.lineage.graph import Made, ProvenanceGraph
from l2s.records import read_rows
from l2s.verification.verify import verify_rows

NONE = object()


class Graded(NamedTuple):
    """A verdict file, and the responses it was made from."""

    verdicts: Path
    responses: Path
    grader: str | None
    """As the record says; None if it does not: then each row's own."""


def graded_files(made: Sequence[Made]) -> list[Graded]:
    """The verdict files among artefacts that are there, with the one file each was graded from."""
    found = []
    for one in made:
        read = [one.by.place(reference) for reference in one.by.record.inputs]
        if one.by.kind == "sample":
            read = [one.path]  # responses and verdicts in one: what a row says besides its verdict is the response
        is_verdicts = "grader" in one.artefact.facts and len(read) == 1 and read[0].suffix == ".jsonl"
        if is_verdicts and one.by.kind != "grade" and one.path.is_file() and read[0].is_file():
            found.append(Graded(one.path, read[0], _grader(one.by.record.parameters)))
    return found


def _grader(parameters: dict[str, Any]) -> str | None:
    """The grader that a stage, or a single step, was run with."""
    block = parameters.get("grading", parameters.get("arguments", {}))
    return block.get("grader") if isinstance(block, dict) else None


def regrade(
    graph: ProvenanceGraph, files: Sequence[Graded], rows: int | None, seed: int, track: Track = silent
) -> tuple[int, list[Finding]]:
    """Grade stored responses again and compare whole rows: every column of the response, and the verdict.

    Args:
        graph: names files in findings.
        files: from :func:`graded_files`.
        rows: how many, drawn from all files; None for every row.
        seed: of that draw.
        track: shows progress.

    Returns:
        How many rows were graded, and what differs.
    """
    findings: list[Finding] = []
    pairs: list[tuple[Graded, list[Row], list[Row]]] = []
    for file in files:
        try:
            responses, verdicts = read_rows(file.responses), read_rows(file.verdicts)
        except L2SError as error:
            findings.append(Finding(graph.shown(file.verdicts), "", "rows that can be read", str(error)))
            continue
        if len(responses) != len(verdicts):
            findings.append(Finding(graph.shown(file.verdicts), "rows", str(len(responses)), str(len(verdicts))))
        pairs.append((file, responses, verdicts))
    places = [
        (n, row)
        for n, (_, responses, verdicts) in enumerate(pairs)
        for row in range(min(map(len, (responses, verdicts))))
    ]
    if rows is not None and rows < len(places):
        places = sorted(Random(seed_for(seed, "regrade")).sample(places, rows))
    for n, (file, responses, verdicts) in enumerate(track(pairs, "grading again", float(len(pairs)))):
        chosen = [row for place, row in places if place == n]
        findings += _compare(graph.shown(file.verdicts), chosen, responses, verdicts, file.grader)
    return len(places), findings


def _compare(
    shown: str, chosen: list[int], responses: list[Row], verdicts: list[Row], said: str | None
) -> Iterator[Finding]:
    by_grader: dict[str, list[int]] = {}
    for place in chosen:
        by_grader.setdefault(said or str(verdicts[place].get("grader")), []).append(place)
    for grader, places in by_grader.items():
        try:
            graded = verify_rows([responses[place] for place in places], grader, jobs=os.cpu_count() or 1)
        except L2SError as error:
            yield Finding(shown, f"rows by grader {grader}", "rows that can be graded", str(error))
            continue
        for place, expected in zip(places, graded, strict=True):
            yield from differing_columns(shown, place + 1, expected, verdicts[place])


def differing_columns(shown: str, number: int, expected: Row, found: Row) -> Iterator[Finding]:
    """A finding for each column of a row that differs."""
    named = " ".join(str(expected[key]) for key in ("benchmark", "id") if key in expected)
    where = f"row {number} ({named})" if named else f"row {number}"
    for column in {**expected, **found}:
        ours, theirs = expected.get(column, NONE), found.get(column, NONE)
        if ours != theirs or type(ours) is not type(theirs):
            yield Finding(shown, f"{where}: {column}", _shown(ours), _shown(theirs))


def _shown(value: Any) -> str:
    return "no such column" if value is NONE else short(value)
