"""ProvenanceGraph: which record made which artefact, and from what, across a project's records and sidecars."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from l2s.core.digests import without_name
from l2s.core.errors import RecordError
from l2s.lineage.artefacts import ALONE, Artefact
from l2s.lineage.record import RECORDS, SIDECAR, Record, Reference, RunInfo, Sealed, Sidecar, sidecar_of

Read = TypeVar("Read", bound=Sealed)
STEP = "l2s "
"""How the names of single steps begin."""
LOCAL = Path(".l2s/history")
"""Occasions in this clone, the latest of each record: ``<stage>/<name>/<record>.json``."""


@dataclass(frozen=True)
class Entry:
    """A record, and where it lies."""

    record: Record
    root: Path
    """What its paths are relative to."""
    file: Path
    occasion: RunInfo | None

    @property
    def kind(self) -> str:
        """What made it: ``merge``, of a stage as of a single step."""
        return self.record.made_by.removeprefix(STEP).partition("@")[0]

    @property
    def is_step(self) -> bool:
        """Whether it was a single step, and no stage."""
        return self.record.made_by.startswith(STEP)

    def place(self, reference: Artefact | Reference) -> Path:
        """Where an artefact lies, absolute."""
        return Path(os.path.normpath(self.root / reference.path))


@dataclass(frozen=True)
class Made:
    """An artefact with the record that made it."""

    path: Path
    artefact: Artefact
    by: Entry

    @property
    def inputs(self) -> list[Reference]:
        """What it was made from, of all that was read beside."""
        return [read for read in self.by.record.inputs if read.into in (None, self.artefact.path)]


@dataclass
class ProvenanceGraph:
    """All records of a project, and of sidecars as they are asked for."""

    root: Path
    """The project's folder, absolute; where there is no project, the current folder."""
    kept: list[Entry] = field(default_factory=list)
    made: dict[Path, Made] = field(default_factory=dict)
    damaged: dict[Path, str] = field(default_factory=dict)
    """A sentence for each record that cannot be read or was changed."""
    looked_for: set[Path] = field(default_factory=set)
    """Sidecars that were read, or are not there."""

    @classmethod
    def read(cls, near: Path) -> "ProvenanceGraph":
        """The project that holds ``near``, or else the current folder, with its records; and ``near``'s sidecar."""
        graph = cls(project_of(near) or project_of(Path()) or Path.cwd())
        for file in sorted((graph.root / RECORDS).rglob("*.json")):
            if record := graph._read(Record, file):
                graph._keep(Entry(record, graph.root, file, graph._occasion(file, record)))
        return graph

    def maker(self, path: Path) -> Made | None:
        """What made the artefact at a path, or the one that the path lies in; None if no record says."""
        path = Path(os.path.abspath(path))
        places = (path, *path.parents)
        if not any(place in self.made for place in places):
            for place in places[:-1]:
                self._keep_sidecar(sidecar_of(place))
        for place in places:
            if place in self.made:
                found = self.made[place]
                inner = path.relative_to(place).as_posix()
                return found if inner == ALONE or inner in found.artefact.files or not path.exists() else None
        return None

    def below(self, path: Path) -> list[Made]:
        """What was made below a folder."""
        path = Path(os.path.abspath(path))
        for sidecar in sorted(path.rglob(f"*{SIDECAR}")) if path.is_dir() else ():
            self.maker(sidecar.with_name(sidecar.name.removesuffix(SIDECAR)))
        return [made for place, made in self.made.items() if place.is_relative_to(path)]

    def behind(self, start: Iterable[Path]) -> Iterator[tuple[Path, Made | None]]:
        """The artefacts at ``start`` and all that they were made from, each once; those read before the readers."""
        seen: set[Path] = set()

        def visit(path: Path) -> Iterator[tuple[Path, Made | None]]:
            made = self.maker(path)
            place = made.path if made else Path(os.path.abspath(path))
            if place in seen:
                return
            seen.add(place)
            for reference in made.inputs if made else ():
                yield from visit(made.by.place(reference))  # type: ignore[union-attr]
            yield place, made

        for path in start:
            yield from visit(path)

    def reads(self, place: Path) -> Iterator[tuple[Entry, Reference]]:
        """Who read what lies there, and what they saw."""
        for kept in self.kept:
            yield from ((kept, reference) for reference in kept.record.inputs if kept.place(reference) == place)

    def shown(self, path: Path) -> str:
        """A path as people know it: from the project's folder if it lies there."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def _read(self, kind: type[Read], file: Path) -> Read | None:
        """A file of that kind; of one that is not sound, why."""
        try:
            return kind.read(file)
        except RecordError as error:
            self.damaged[file] = str(error)
            return None

    def _keep(self, kept: Entry) -> None:
        self.kept.append(kept)
        for artefact in kept.record.outputs:
            place = kept.place(artefact)
            self.made[place] = Made(place, artefact, kept)

    def _keep_sidecar(self, file: Path) -> None:
        if file in self.looked_for:
            return
        self.looked_for.add(file)
        if file.is_file() and (found := self._read(Sidecar, file)):
            self._keep(Entry(found.record, file.parent, file, found.occasion))

    def _occasion(self, file: Path, record: Record) -> RunInfo | None:
        """When these very bytes were last made in this clone."""
        place = self.root / _local(file.relative_to(self.root / RECORDS), record.digest)
        found = self._read(RunInfo, place) if place.exists() else None
        return found if found and found.record == record.digest else None


def entries_of(made: Iterable[Made]) -> list[Entry]:
    """The records of artefacts, each once."""
    return list({id(one.by): one.by for one in made}.values())


def project_of(path: Path) -> Path | None:
    """The nearest folder at or above a path that holds records; None if there is none."""
    path = Path(os.path.abspath(path))
    return next((folder for folder in (path, *path.parents) if (folder / RECORDS).is_dir()), None)


def _local(record: Path, digest: str) -> Path:
    """A stage may go back to what it made before: so each record has a place of its own."""
    return LOCAL / record.with_suffix("") / f"{without_name(digest)[:16]}.json"


def write_run_info(root: Path, record: Path, occasion: RunInfo) -> None:
    """Keep an occasion in this clone.

    Args:
        root: the project.
        record: its file, relative to :data:`RECORDS`.
        occasion: of the record as it is now.
    """
    occasion.write(root / _local(record, occasion.record))
