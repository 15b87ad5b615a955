"""The links: is what each step read what another one made, and do manifests, statistics and rows say the same?"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from l2s.core.digests import algorithm_of, digest_file
from l2s.lineage.artefacts import ALONE, Artefact, files_of, model_facts
from l2s.lineage.checks.contents import Behind, Digests
from l2s.lineage.checks.finding import Finding, short
from l2s.lineage.digests import FileDigest, digest_files
from l2s.lineage.graph import Entry, Made, ProvenanceGraph, entries_of

MANIFEST = "l2s_manifest.json"
Facts = Mapping[str, Any]
FactsOf = Callable[[Path, str], Facts]
"""Facts of what lies at a path, its digests made with that algorithm."""


def check_links(graph: ProvenanceGraph, behind: Behind, digests: Digests) -> Iterator[Finding]:
    """Every link of a graph whose files were hashed."""
    for kept in entries_of(made for _, made in behind if made):
        yield from _check_inputs(graph, kept, digests)
    makers = dict(behind)

    @cache
    def facts(place: Path, algorithm: str) -> Facts:
        return _facts(place, makers[place], digests, algorithm) if place in makers else {}

    for place, made in behind:
        if made is None:
            continue
        inputs = [made.by.place(reference) for reference in made.inputs]
        if (place / MANIFEST).is_file():
            shown = graph.shown(place / MANIFEST)
            try:
                manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
                if made.artefact.facts.get("trained"):
                    yield from _check_training(shown, manifest, place, inputs, facts)
                else:
                    yield from _check_merge(shown, manifest, made, inputs, facts, digests)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                yield Finding(shown, "", "a manifest", f"something damaged ({error!r})")
        elif made.artefact.facts.get("kind") in ("activations", "sensitivities"):
            yield from _check_statistics(graph, place, made.artefact, inputs, facts)
        elif made.by.kind == "generate":
            yield from _check_rows(graph, place, [read for read in inputs if read.suffix == ".jsonl"])


def _facts(place: Path, made: Made | None, digests: Digests, algorithm: str) -> Facts:
    """A model's digests from the bytes as they are; of anything else, what its record says."""
    if not place.is_dir():
        return made.artefact.facts if made else {}
    return model_facts(place, _hashed(place, made.artefact.files if made else files_of(place), digests, algorithm))


def _hashed(place: Path, names: Iterable[str], digests: Digests, algorithm: str) -> dict[str, FileDigest]:
    """Digests of an artefact's files as they are, by name, as far as they are there."""
    known = digests.get(algorithm, {})
    files = {name: place / name for name in names}
    more = [file for file in files.values() if file not in known and file.is_file()]
    found = {**known, **digest_files(more, algorithm=algorithm)}
    return {name: found[file] for name, file in files.items() if file in found}


def _check_inputs(graph: ProvenanceGraph, kept: Entry, digests: Digests) -> Iterator[Finding]:
    """What a step read is what the record of its maker says was made."""
    for reference in kept.record.inputs:
        made = graph.maker(kept.place(reference))
        if made is None or made.artefact.digest == reference.digest:
            continue
        files, algorithm = made.artefact.files, algorithm_of(reference.digest)
        if algorithm_of(made.artefact.digest) != algorithm:  # the maker's own is held against the bytes elsewhere
            files = _hashed(made.path, files, digests, algorithm)
        said = {name: file.digest for name, file in files.items()}
        for name in {**said, **reference.files}:
            if said.get(name) != reference.files.get(name):
                file = reference.path if name == ALONE else f"{reference.path}/{name}"
                what = f"what {kept.record.made_by} read, against what {made.by.record.made_by} made"
                yield Finding(file, what, said.get(name, "no such file"), reference.files.get(name, "no such file"))


def _check_merge(
    shown: str, manifest: Facts, made: Made, inputs: list[Path], facts: FactsOf, digests: Digests
) -> Iterator[Finding]:
    """A merge's manifest tells the models that were read and the weights that were written."""
    told = {name: (entry["digest"], entry["weights"]) for name, entry in manifest["inputs"].items()}
    tensors = {name: entry["digest"] for name, entry in manifest["tensors"].items()}
    algorithm = algorithm_of(manifest["output"]["weights"])
    for name, expected in told.items():
        found = [facts(read, algorithm_of(expected[1])) for read in inputs if _is_named(read, name)]
        if found and expected not in [(one.get("model"), one.get("weights")) for one in found]:
            yield Finding(shown, f"inputs.{name}", expected[1], short(found[0].get("weights", "no whole model")))
        if not found:
            yield Finding(shown, f"inputs.{name}", "a model that the record tells of", "none of that name")
    for name, expected in manifest.get("statistics", {}).items():
        files = [read for read in inputs if _is_named(read, name) and read.is_file()]
        found_ones = [digest_file(file, algorithm_of(expected)) for file in files]
        if expected not in found_ones:
            yield Finding(shown, f"statistics.{name}", expected, found_ones[0] if files else "no such file")
    yield from _check_output(shown, manifest, made.path, facts)
    own = _hashed(made.path, made.artefact.files, digests, algorithm)
    parts = {name: part for file in own.values() for name, part in file.parts.items()}
    for name, expected in tensors.items():
        if parts.get(name) != expected:
            yield Finding(shown, f"tensors.{name}", expected, parts.get(name, "no such tensor"))


def _check_training(shown: str, manifest: Facts, place: Path, inputs: list[Path], facts: FactsOf) -> Iterator[Finding]:
    """A training's manifest tells the model that it started from, the data that it read and the weights it wrote."""
    started = (manifest["start"]["digest"], manifest["start"]["weights"])
    models = [facts(read, algorithm_of(started[1])) for read in inputs if read.is_dir()]
    if models and started not in [(one.get("model"), one.get("weights")) for one in models]:
        yield Finding(shown, "start", started[1], short(models[0].get("weights", "no whole model")))
    for name, expected in manifest["inputs"].items():
        found = [digest_file(read, algorithm_of(expected)) for read in inputs if read.is_file()]
        if found and expected not in found:
            yield Finding(shown, f"inputs.{name}", expected, "no file that the record tells of")
    yield from _check_output(shown, manifest, place, facts)


def _check_output(shown: str, manifest: Facts, place: Path, facts: FactsOf) -> Iterator[Finding]:
    weights = manifest["output"]["weights"]
    is_now = facts(place, algorithm_of(weights)).get("weights", "no whole model")
    if weights != is_now:
        yield Finding(shown, "output.weights", weights, short(is_now))


def _is_named(read: Path, name: str) -> bool:
    """Is this what a recipe calls by that name: by its path, the end of it, or without the suffix of a file?"""
    tail = Path(name.partition("@")[0]).parts
    snapshot = f"models--{name.partition('@')[0].replace('/', '--')}"  # in the path of one of the hub's
    return read.parts[-len(tail) :] == tail or read.stem == name or snapshot in read.parts


def _check_statistics(
    graph: ProvenanceGraph, place: Path, artefact: Artefact, inputs: list[Path], facts: FactsOf
) -> Iterator[Finding]:
    """Statistics tell the weights that were measured."""
    expected = artefact.facts.get("weights")
    read = [facts(one, algorithm_of(str(expected))) for one in inputs]
    found = [one["weights"] for one in read if "weights" in one]
    if expected is not None and found and expected not in found:
        yield Finding(graph.shown(place), "weights that were measured", str(expected), found[0])


def _check_rows(graph: ProvenanceGraph, place: Path, problems: list[Path]) -> Iterator[Finding]:
    """Every response answers a problem as it stands in the benchmark, and none is left out."""
    asked = {(row.get("benchmark", file.stem), row.get("id")): row for file in problems for row in _rows(file)}
    answered = set()
    for number, row in enumerate(_rows(place), 1):
        key = (row.get("benchmark"), row.get("id"))
        problem, where = asked.get(key), f"row {number} ({key[0]} {key[1]})"
        answered.add(key)
        if problem is None:
            yield Finding(graph.shown(place), where, "a problem of the benchmark", "none of that id")
            continue
        for column, value in problem.items():
            if column != "problem" and row.get(column) != value:
                yield Finding(graph.shown(place), f"{where}: {column}", short(value), short(row.get(column)))
    for key in asked.keys() - answered:
        yield Finding(graph.shown(place), f"{key[0]} {key[1]}", "a response", "none")


def _rows(path: Path) -> list[dict[str, Any]]:
    """Rows as far as they can be read; what cannot is found by its digest."""
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        found.append(row if isinstance(row, dict) else {})
    return found
