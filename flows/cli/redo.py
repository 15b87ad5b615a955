"""Doing a stage again beside the project, to see whether it still writes what lies there."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import chdir, closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from l2s.config import Config
from l2s.core.errors import L2SError
from l2s.core.files import STORE
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.core.yaml import read_yaml
from l2s.lineage.checks.files import differing_files
from l2s.lineage.checks.finding import Finding, short
from l2s.lineage.checks.locked import locked_parameters
from l2s.lineage.checks.regrade import differing_columns
from l2s.lineage.graph import STEP, Entry, Made, ProvenanceGraph, entries_of
from l2s.records import read_rows, write_rows
from tasks.stages import STAGES


def redo_cheap(graph: ProvenanceGraph, made: Sequence[Made], track: Track = silent) -> tuple[list[str], list[Finding]]:
    """Draw the problems and analyse the verdicts again, from what lies there; which were, and what differs."""
    done, findings = [], list[Finding]()
    chosen = [one for one in entries_of(made) if _is_cheap(one)]
    for one in _shown_by(track, chosen)(chosen, "analysing again", float(len(chosen))):
        shown = graph.shown(one.place(one.record.outputs[0])) if one.record.outputs else one.record.made_by
        try:
            findings += _redo(graph, one)
        except Exception as error:  # whatever a damaged input does to a stage is a finding, and the audit goes on
            findings.append(Finding(shown, "", f"what {one.record.made_by} writes", _said(error)))
        done.append(one.record.made_by)
    return done, findings


def regenerate(
    graph: ProvenanceGraph, made: Sequence[Made], rows: int, seed: int, track: Track = silent
) -> tuple[int, list[Finding]]:
    """Generate random rows again and compare them whole, and their token ids with the response store's."""
    files = [one for one in made if one.by.kind == "generate" and one.path.is_file()]
    places = [(n, row) for n, one in enumerate(files) for row in range(len(read_rows(one.path)))]
    chosen = sorted(Random(seed_for(seed, "regenerate")).sample(places, min(rows, len(places))))
    findings: list[Finding] = []
    wanted = [(files[n], [row for place, row in chosen if place == n]) for n in dict.fromkeys(n for n, _ in chosen)]
    shown_by = _shown_by(track, [one.by for one, _ in wanted])
    for one, own in shown_by(wanted, "generating again", float(len(wanted))):
        try:
            findings += _regenerate(graph, one, own)
        except Exception as error:
            findings.append(Finding(graph.shown(one.path), "", "responses that can be generated again", _said(error)))
    return len(chosen), findings


def _said(error: Exception) -> str:
    """One line; an error that is none of ours with its kind."""
    said = " ".join(str(error).split())
    return said if isinstance(error, L2SError) else short(f"{type(error).__name__}: {said}", 200)


def _is_cheap(kept: Entry) -> bool:
    """Stages that say so, and analyses that were a single step."""
    if kept.is_step:
        return kept.kind == "analyse"
    name = kept.record.made_by.partition("@")[2]
    return kept.kind in STAGES and STAGES[kept.kind].repeats(kept.record.parameters, name)


def _shown_by(track: Track, kept: Iterable[Entry]) -> Track:
    """Single steps draw bars of their own, and a terminal shows one at a time."""
    return silent if any(one.is_step for one in kept) else track


def _redo(graph: ProvenanceGraph, kept: Entry) -> Iterator[Finding]:
    with _workplace(kept, [kept.place(reference) for reference in kept.record.inputs]) as place:
        if kept.is_step:
            _run_step(kept, target=place / "out")
            written = {artefact.path: place / "out" / Path(artefact.path).name for artefact in kept.record.outputs}
        else:
            _run_stage(kept)
            written = {artefact.path: place / artefact.path for artefact in kept.record.outputs}
        for artefact in kept.record.outputs:
            ours = kept.place(artefact)
            yield from differing_files(graph.shown(ours), written[artefact.path], ours)


@contextmanager
def _workplace(kept: Entry, inputs: Iterable[Path]) -> Iterator[Path]:
    """A scratch project, made the current folder, that sees the inputs where the stage looks for them."""
    with TemporaryDirectory(prefix="l2s-audit-") as folder:
        place = Path(folder)
        (place / "data").mkdir()
        for path in inputs:
            if path.is_relative_to(kept.root):
                link = place / path.relative_to(kept.root)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
        with chdir(place):
            yield place


def _run_stage(kept: Entry) -> None:
    """A stage of the pipeline, with the parameters it was run with, in the current folder."""
    stage, _, name = kept.record.made_by.partition("@")
    STAGES[stage].work(_config(kept), name or None, silent, lambda sentence: None)


def _config(kept: Entry) -> Config:
    """params.yaml as it was when DVC ran the stage, as far as the stage depends on it."""
    values = read_yaml(kept.root / "params.yaml")
    for key, value in locked_parameters(kept.root, kept.record.made_by).items():
        _put(values, key, value)
    return Config.parse(values, "dvc.lock")


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    """Set what stands at a dotted path whose last name may hold dots."""
    block, _, name = key.partition(".")
    if name:
        values.setdefault(block, {})[name] = value
    else:
        values[block] = value


def _run_step(kept: Entry, target: Path, **changes: Any) -> None:
    """A single step, with the arguments that its record tells, but for the target."""
    from flows.cli.commands import steps
    from flows.cli.step import STEPS

    name, given = kept.record.made_by.removeprefix(STEP), kept.record.parameters["arguments"]
    paths = {key: _resolved(given.get(key), kept.root) for key in STEPS[name].paths}
    with _unsaid():
        getattr(steps, name)(**(given | paths | {"target": target} | changes))


def _resolved(value: Any, root: Path) -> Any:
    if isinstance(value, list):
        return [_resolved(item, root) for item in value]
    return None if value is None else (root / value).resolve()


@contextmanager
def _unsaid() -> Iterator[None]:
    """Nothing that a step prints is seen."""
    from flows.cli.console import out

    before, out.quiet = out.quiet, True
    try:
        yield
    finally:
        out.quiet = before


def _regenerate(graph: ProvenanceGraph, one: Made, rows: list[int]) -> Iterator[Finding]:
    stored = read_rows(one.path)
    keys = {(stored[row]["benchmark"], stored[row]["id"]) for row in rows}
    kept = one.by
    inputs = [kept.place(reference) for reference in kept.record.inputs]
    with _workplace(kept, [path for path in inputs if path.suffix != ".jsonl"]) as place:
        asked = {
            path: [row for row in read_rows(path) if (row["benchmark"], row["id"]) in keys]
            for path in inputs
            if path.suffix == ".jsonl"
        }
        if kept.is_step:
            ((_, problems),) = asked.items()
            write_rows(place / "problems.jsonl", problems)
            out = place / "out.jsonl"
            _run_step(kept, target=out, problems=place / "problems.jsonl")
        else:
            for path, problems in asked.items():
                write_rows(place / path.relative_to(kept.root), problems)
            out = place / one.artefact.path
            _run_stage(kept)
        again = {_key(row): row for row in read_rows(out)}
        for row in rows:
            expected = again.get(_key(stored[row]))
            if expected is None:
                yield Finding(graph.shown(one.path), f"row {row + 1}", "a problem of the benchmark", "none of that id")
            else:
                yield from differing_columns(graph.shown(one.path), row + 1, expected, stored[row])
        yield from _compare_stores(graph, place / STORE, kept.root / STORE)


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(column) for column in ("benchmark", "id", "sample"))


def _compare_stores(graph: ProvenanceGraph, again: Path, ours: Path) -> Iterator[Finding]:
    """Token ids under the same key: of a key that our store lacks, only the text could be compared."""
    if not ours.is_file():
        return
    import sqlite3

    with closing(sqlite3.connect(f"file:{again}?mode=ro", uri=True)) as store:
        expected = dict(store.execute("SELECT key, ids FROM responses").fetchall())
    with closing(sqlite3.connect(f"file:{ours}?mode=ro", uri=True, timeout=60)) as store:
        for key, ids in expected.items():
            found = store.execute("SELECT ids FROM responses WHERE key = ?", (key,)).fetchone()
            if found is not None and json.loads(found[0]) != json.loads(ids):
                yield Finding(graph.shown(ours), f"token ids under key {key.hex()[:16]}", short(ids), short(found[0]))
