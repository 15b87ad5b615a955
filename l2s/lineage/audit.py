"""The audit: everything behind some artefacts, checked down to the bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from l2s.core.errors import RecordError
from l2s.core.progress import Track, silent
from l2s.lineage.checks.contents import Digests, Known, check_contents, hash_files
from l2s.lineage.checks.finding import Finding
from l2s.lineage.checks.links import check_links
from l2s.lineage.checks.locked import check_lock, unrecorded
from l2s.lineage.checks.sources import Sources, check_stage_code, note_step_code
from l2s.lineage.digests import FileDigest
from l2s.lineage.graph import Entry, Made, ProvenanceGraph, entries_of

Behind = list[tuple[Path, Made | None]]


@dataclass
class Audit:
    """What was looked at, and what was found."""

    behind: Behind
    digests: Digests
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    records: int = 0
    outdated: set[str] = field(default_factory=set)
    """Stages that other code made than lies here."""

    @property
    def made(self) -> list[Made]:
        """The artefacts that a record made."""
        return [made for _, made in self.behind if made]

    @property
    def repeatable(self) -> list[Made]:
        """Those of them that the code which lies here made."""
        return [made for made in self.made if made.by.record.made_by not in self.outdated]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    @property
    def files(self) -> dict[Path, FileDigest]:
        """Every file that was hashed."""
        return {file: digest for found in self.digests.values() for file, digest in found.items()}


def audit_graph(
    graph: ProvenanceGraph, path: Path | None, stages: Iterable[str], source: Path, known: Known, track: Track = silent
) -> Audit:
    """Check bytes, links, records, parameters and code of everything behind an artefact, or behind all of a project.

    Args:
        graph: the records.
        path: an artefact, or a folder of them; None for all that the project's stages made.
        stages: of the project, as dvc.yaml has them; what a stage that is no longer there left behind is passed over.
        source: the folder that holds our packages.
        known: digests that are believed without reading.
        track: shows progress.

    Raises:
        RecordError: there is nothing to audit.
    """
    current = set(stages)
    start, notes = _start(graph, path, current)
    behind = list(graph.behind(start))
    if not any(made for _, made in behind) and not graph.damaged:
        what = path if path is not None else graph.root
        raise RecordError(f"{what}: nothing to audit: no record says what made it; run the pipeline (l2s run) first")
    found = Audit(behind, hash_files(graph, behind, known, track), notes=notes)
    kept = entries_of(found.made)
    found.records = len(kept)
    found.findings += _damaged(graph)
    found.findings += check_contents(graph, behind, found.digests)
    found.findings += check_links(graph, behind, found.digests)
    own = [one for one in kept if not one.is_step]
    if own or graph.damaged:
        found.findings += check_lock(graph.root, {one.record.made_by for one in own})
        missing = list(unrecorded(graph, current)) if path is None else []
        found.findings += missing
        found.notes += ["records that are missing come with dvc pull, or from the run (l2s run)"] if missing else []
    if given := [graph.shown(place) for place, made in behind if made is None]:
        found.notes.append(f"given, with no record of what made it, and as its readers saw it: {', '.join(given)}")
    _check_code(found, own, [one for one in kept if one.is_step], Sources(source))
    found.findings = list(dict.fromkeys(found.findings))
    return found


def _start(graph: ProvenanceGraph, path: Path | None, stages: set[str]) -> tuple[list[Path], list[str]]:
    if path is not None:
        made = graph.maker(path)
        start = [made.path] if made else [one.path for one in graph.below(path)]
        if not start and not path.exists():
            raise RecordError(f"{path}: no such file or folder; expected something that a stage or a step wrote")
        return sorted(start), []
    makers = {place: made.by.record.made_by for place, made in graph.made.items()}
    names = sorted(set(makers.values()) - stages) if stages else []
    start = sorted(place for place, maker in makers.items() if maker not in names)
    return start, [f"not looked at: what {', '.join(names)} left, which params.yaml no longer has"] if names else []


def _damaged(graph: ProvenanceGraph) -> Iterator[Finding]:
    """Records that cannot be believed."""
    for file, sentence in graph.damaged.items():
        yield Finding(graph.shown(file), "", "a record as it was written", sentence.removeprefix(f"{file}: "))


def _check_code(found: Audit, own: list[Entry], steps: list[Entry], sources: Sources) -> None:
    findings, found.outdated = check_stage_code(own, sources)
    found.findings += findings
    found.notes += note_step_code(steps, sources)
    if found.outdated:
        found.notes.append("what other code made was not done again, nor graded again")
