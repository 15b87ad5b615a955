"""The links: is what each step read what another one made, and do manifests, statistics and rows say the same?"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from l2s.files import digest_file
from l2s.lineage.artefacts import ALONE, Artefact, files_of, model_facts
from l2s.lineage.chain import Chain, Kept, Made
from l2s.lineage.contents import Behind, Digests
from l2s.lineage.finding import Finding, short

MANIFEST = "l2s_manifest.json"
Facts = Mapping[str, Any]


def check_links(chain: Chain, behind: Behind, digests: Digests) -> Iterator[Finding]:
    """Every link of a chain whose files were hashed."""
    facts = {place: _facts(place, made, digests) for place, made in behind}
    for kept in {id(made.by): made.by for _, made in behind if made}.values():
        yield from _check_inputs(chain, kept)
    for place, made in behind:
        if made is None:
            continue
        inputs = {made.by.place(reference): reference.path for reference in made.by.record.inputs}
        inner = {read: facts.get(read, {}) for read in inputs}
        if (place / MANIFEST).is_file():
            yield from _check_manifest(chain, place, made, inner, digests)
        elif made.artefact.facts.get("kind") in ("activations", "sensitivities"):
            yield from _check_statistics(chain, place, made.artefact, inner)
        elif made.by.record.made_by.startswith(("generate@", "l2s generate")):
            yield from _check_rows(chain, place, [read for read in inputs if read.suffix == ".jsonl"])


def _facts(place: Path, made: Made | None, digests: Digests) -> Facts:
    """A model's digests from the bytes as they are; of anything else, what its record says."""
    if not place.is_dir():
        return made.artefact.facts if made else {}
    names = made.artefact.files if made else files_of(place)
    return model_facts(place, {name: digests[place / name] for name in names if place / name in digests})


def _check_inputs(chain: Chain, kept: Kept) -> Iterator[Finding]:
    """What a step read is what the record of its maker says was made."""
    for reference in kept.record.inputs:
        made = chain.maker(kept.place(reference))
        if made is None or made.artefact.digest == reference.digest:
            continue
        said = {name: file.digest for name, file in made.artefact.files.items()}
        for name in {**said, **reference.files}:
            if said.get(name) != reference.files.get(name):
                file = reference.path if name == ALONE else f"{reference.path}/{name}"
                what = f"what {kept.record.made_by} read, against what {made.by.record.made_by} made"
                yield Finding(file, what, said.get(name, "no such file"), reference.files.get(name, "no such file"))


def _check_manifest(
    chain: Chain, place: Path, made: Made, inputs: Mapping[Path, Facts], digests: Digests
) -> Iterator[Finding]:
    """A merge's manifest tells the models that were read and the weights that were written."""
    shown = chain.shown(place / MANIFEST)
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        told = {name: (entry["digest"], entry["weights"]) for name, entry in manifest["inputs"].items()}
        tensors = {name: entry["digest"] for name, entry in manifest["tensors"].items()}
        weights, statistics = manifest["output"]["weights"], manifest.get("statistics", {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        yield Finding(shown, "", "a manifest", f"something damaged ({error!r})")
        return
    for name, expected in told.items():
        found = [facts for read, facts in inputs.items() if _is_named(read, name)]
        if found and expected not in [(facts.get("model"), facts.get("weights")) for facts in found]:
            yield Finding(shown, f"inputs.{name}", expected[1], short(found[0].get("weights", "no whole model")))
        if not found:
            yield Finding(shown, f"inputs.{name}", "a model that the record tells of", "none of that name")
    for name, expected in statistics.items():
        files = [read for read in inputs if _is_named(read, name) and read.is_file()]
        if not any(digest_file(file) == expected for file in files):
            yield Finding(shown, f"statistics.{name}", expected, digest_file(files[0]) if files else "no such file")
    facts = _facts(place, made, digests)
    if weights != facts.get("weights"):
        yield Finding(shown, "output.weights", weights, short(facts.get("weights", "no whole model")))
    own = [digests[place / name] for name in made.artefact.files if place / name in digests]
    parts = {name: part for file in own for name, part in file.parts.items()}
    for name, expected in tensors.items():
        if parts.get(name) != expected:
            yield Finding(shown, f"tensors.{name}", expected, parts.get(name, "no such tensor"))


def _is_named(read: Path, name: str) -> bool:
    """Is this what a recipe calls by that name: by its path, the end of it, or without the suffix of a file?"""
    tail = Path(name.partition("@")[0]).parts
    return read.parts[-len(tail) :] == tail or read.stem == name or _in_hub(read, name)


def _in_hub(read: Path, name: str) -> bool:
    """``models--org--name`` in the path of a snapshot."""
    return f"models--{name.partition('@')[0].replace('/', '--')}" in read.parts


def _check_statistics(chain: Chain, place: Path, artefact: Artefact, inputs: Mapping[Path, Facts]) -> Iterator[Finding]:
    """Statistics tell the weights that were measured."""
    expected = artefact.facts.get("weights")
    found = [facts["weights"] for facts in inputs.values() if "weights" in facts]
    if expected is not None and found and expected not in found:
        yield Finding(chain.shown(place), "weights that were measured", str(expected), found[0])


def _check_rows(chain: Chain, place: Path, problems: list[Path]) -> Iterator[Finding]:
    """Every response answers a problem as it stands in the benchmark, and none is left out."""
    asked = {(row.get("benchmark"), row.get("id")): row for file in problems for row in _rows(file)}
    answered = set()
    for number, row in enumerate(_rows(place), 1):
        key = (row.get("benchmark"), row.get("id"))
        problem, where = asked.get(key), f"row {number} ({key[0]} {key[1]})"
        answered.add(key)
        if problem is None:
            yield Finding(chain.shown(place), where, "a problem of the benchmark", "none of that id")
            continue
        for column, value in problem.items():
            if column != "problem" and row.get(column) != value:
                yield Finding(chain.shown(place), f"{where}: {column}", short(value), short(row.get(column)))
    for key in asked.keys() - answered:
        yield Finding(chain.shown(place), f"{key[0]} {key[1]}", "a response", "none")


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
