"""``l2s audit``: from the summary's numbers down to the bytes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import Json, complain, out, say

if TYPE_CHECKING:
    from l2s.lineage.audit import Audit
    from l2s.lineage.checks.finding import Finding
    from l2s.lineage.graph import ProvenanceGraph

Target = Annotated[Path | None, typer.Argument(help="An artefact; all of the project if none is named.")]
Regrade = Annotated[int | None, typer.Option("--regrade", min=0, help="Grade so many random rows; default: all.")]
Again = Annotated[int, typer.Option("--regenerate", min=0, help="Generate so many random rows again.")]
Quick = Annotated[bool, typer.Option("--quick", help="Believe files whose size and times have not changed.")]


def audit(
    path: Target = None,
    rows: Regrade = None,
    again: Again = 0,
    quick: Quick = False,
    seed: Annotated[int, typer.Option(help="Of the rows that are drawn.")] = 0,
    as_json: Json = False,
) -> None:
    """Check everything behind an artefact: digests, links, verdicts, numbers. Exit code 1 names what does not hold."""
    from flows.cli.redo import redo_cheap, regenerate
    from l2s.core.progress import bar
    from l2s.lineage.checks.regrade import graded_files, regrade
    from l2s.lineage.checks.stored import check_store

    graph, found, believed = _audited(path, quick)
    graded, wrong = regrade(graph, graded_files(found.repeatable), rows, seed, bar)
    done, differing = redo_cheap(graph, found.repeatable, bar)
    generated, others = regenerate(graph, found.repeatable, again, seed, bar) if again else (0, [])
    stored, damaged = check_store(graph, found.made)
    found.findings += [*wrong, *differing, *others, *damaged]
    counts = {
        "artefacts": len(found.behind), "records": found.records, "files": len(found.files), "bytes": found.size,
        "believed": believed, "graded": graded, "redone": done, "generated": generated, "stored": stored,
    }  # fmt: skip
    if as_json:
        shown = [finding._asdict() for finding in found.findings]
        out.print_json(json.dumps({"clean": not shown, "mismatches": shown, "notes": found.notes, "checked": counts}))
    else:
        _say(found, counts)
    if found.findings:
        raise typer.Exit(1)


def _audited(path: Path | None, quick: bool) -> "tuple[ProvenanceGraph, Audit, int]":
    """The graph, checked; and how many files were believed."""
    from l2s.core.progress import bar
    from l2s.lineage.audit import audit_graph
    from l2s.lineage.checks import memory
    from l2s.lineage.checks.contents import graph_files
    from l2s.lineage.graph import ProvenanceGraph
    from tasks.running.code import SOURCE

    graph = ProvenanceGraph.read(path or Path())
    files = graph_files(graph)
    known = memory.unchanged(graph.root, files) if quick else {}
    seen = memory.identities(files)
    stages, unreadable = _stages(graph)
    found = audit_graph(graph, path, stages, SOURCE, known, bar)
    found.findings[:0] = unreadable
    if not quick and graph.kept and (graph.root / "data").is_dir():
        memory.keep(graph.root, seen, found.digests)
    return graph, found, sum(any(file in files for files in known.values()) for file in found.files)


def _stages(graph: "ProvenanceGraph") -> "tuple[list[str], list[Finding]]":
    """The project's stages, and what is wrong where they cannot be read."""
    from l2s.core.errors import ConfigError
    from l2s.lineage.checks.finding import Finding
    from tasks.running.declared import stage_names

    try:
        return stage_names(graph.root), []
    except ConfigError as error:
        file, _, sentence = str(error).partition(": ")
        return [], [Finding(graph.shown(Path(file)), "", "the stages and parameters of the project", sentence)]


def _say(found: "Audit", counts: dict[str, object]) -> None:
    for finding in found.findings:
        complain(f"mismatch: {finding}")
    for note in found.notes:
        say(f"note: {note}")
    parts = [
        f"{counts['artefacts']} artefacts in {counts['files']} files ({found.size / 1e6:,.1f} MB)",
        f"{counts['records']} records",
        f"{counts['graded']:,} rows graded again",
        f"{len(counts['redone'])} stages done again" if counts["redone"] else "",  # type: ignore[arg-type]
        f"{counts['generated']} rows generated again" if counts["generated"] else "",
        f"{counts['stored']:,} responses in the store" if counts["stored"] else "",
        f"{counts['believed']} files believed by size and time alone" if counts["believed"] else "",
    ]
    checked = ", ".join(part for part in parts if part)
    verdict = f"{len(found.findings)} mismatches" if found.findings else "clean"
    say(f"{verdict}: {checked}")
