"""The bytes: does every file of the graph still hold what its record says?"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from l2s.core.digests import BLAKE3, algorithm_of
from l2s.core.progress import Track, silent
from l2s.lineage.artefacts import files_of
from l2s.lineage.checks.finding import Finding
from l2s.lineage.digests import HEADER, FileDigest, digest_files, digest_parts
from l2s.lineage.graph import Made, ProvenanceGraph

Known = Mapping[str, Mapping[Path, Mapping[str, str]]]
"""Digests that are believed without reading, by algorithm, file and part."""
Digests = Mapping[str, Mapping[Path, FileDigest]]
"""By algorithm and file: records of earlier versions tell other digests than today's."""
Behind = Sequence[tuple[Path, Made | None]]


def expected_files(place: Path, made: Made) -> dict[Path, FileDigest]:
    """The files of an artefact, and what its record says of them."""
    return {place / name: found for name, found in made.artefact.files.items()}


def hash_files(graph: ProvenanceGraph, behind: Behind, known: Known, track: Track = silent) -> Digests:
    """Digests of all files of a graph that are there, made as those were that records tell of them."""
    files: dict[str, list[Path]] = {}
    for place, made in behind:
        there = [file for file in _files(graph, place, made) if file.is_file() and os.access(file, os.R_OK)]
        for algorithm in sorted({algorithm_of(digest) for digest in _told(graph, place, made)} or {BLAKE3}):
            files.setdefault(algorithm, []).extend(there)
    return {
        algorithm: digest_files(found, known.get(algorithm), track, "hashing", algorithm)
        for algorithm, found in files.items()
    }


def _told(graph: ProvenanceGraph, place: Path, made: Made | None) -> Iterator[str]:
    """What its maker and its readers say of an artefact."""
    if made is not None:
        yield made.artefact.digest
    yield from (reference.digest for _, reference in graph.reads(place))


def _files(graph: ProvenanceGraph, place: Path, made: Made | None) -> list[Path]:
    return list(expected_files(place, made)) if made else list(files_of(place).values()) if place.exists() else []


def graph_files(graph: ProvenanceGraph) -> list[Path]:
    """Every file that the graph's records tell of, read or written."""
    found = [file for place, made in graph.made.items() for file in expected_files(place, made)]
    found += [kept.place(read) / name for kept in graph.kept for read in kept.record.inputs for name in read.files]
    return list(dict.fromkeys(found))


def check_contents(graph: ProvenanceGraph, behind: Behind, digests: Digests) -> Iterator[Finding]:
    """Files that are missing, changed, or there without being told of."""
    for place, made in behind:
        if made is None:
            yield from _check_loose(graph, place, digests)
            continue
        expected = expected_files(place, made)
        for file, said in expected.items():
            found = digests.get(algorithm_of(said.digest), {}).get(file)
            if found is None:
                yield Finding(graph.shown(file), "", said.digest, "no such file")
            else:
                yield from _compare(graph.shown(file), said, found)
        if place.is_dir():
            for file in sorted(set(files_of(place).values()) - set(expected)):
                yield Finding(graph.shown(file), "", "no such file", "a file of which the record does not tell")
        yield from _check_sums(graph, made)


def _compare(shown: str, said: FileDigest, found: FileDigest) -> Iterator[Finding]:
    """Down to the tensors that differ."""
    if said == found:
        return
    names = [name for name in {**said.parts, **found.parts} if said.parts.get(name) != found.parts.get(name)]
    if not said.parts or not found.parts or not names:
        yield Finding(
            shown, "" if said.size == found.size else "size and digest", _said(said, found), _said(found, said)
        )
        return
    for name in names:
        what = "header" if name == HEADER else f"tensor {name}"
        yield Finding(shown, what, said.parts.get(name, "no such tensor"), found.parts.get(name, "no such tensor"))


def _said(one: FileDigest, other: FileDigest) -> str:
    return one.digest if one.size == other.size else f"{one.size} bytes with {one.digest}"


def _check_sums(graph: ProvenanceGraph, made: Made) -> Iterator[Finding]:
    """A record's digests of folders and weights files follow from those of their parts."""
    shown, files = graph.shown(made.by.file), made.artefact.files
    for name, file in files.items():
        if file.parts and digest_parts(file.parts) != file.digest:
            yield Finding(shown, f"digest of {made.artefact.path}/{name}", digest_parts(file.parts), file.digest)
    whole = files["."].digest if "." in files else digest_parts({name: file.digest for name, file in files.items()})
    if whole != made.artefact.digest:
        yield Finding(shown, f"digest of {made.artefact.path}", whole, made.artefact.digest)


def _check_loose(graph: ProvenanceGraph, place: Path, digests: Digests) -> Iterator[Finding]:
    """What no record made is compared with what its readers saw."""
    for kept, reference in graph.reads(place):
        for name, digest in reference.files.items():
            found = digests.get(algorithm_of(digest), {}).get(place / name)
            if found is None or found.digest != digest:
                read = f"as {kept.record.made_by} read it"
                yield Finding(graph.shown(place / name), read, digest, found.digest if found else "no such file")
