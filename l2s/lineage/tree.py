"""Tree: everything behind an artefact, as plain values; each artefact stands there once."""

import os
from pathlib import Path
from typing import Any

from l2s.core.errors import RecordError
from l2s.lineage.artefacts import artefacts_in, describe
from l2s.lineage.digests import digest_parts
from l2s.lineage.graph import Made, ProvenanceGraph


def lineage_of(path: Path, graph: ProvenanceGraph | None = None) -> dict[str, Any]:
    """The lineage of an artefact, of a file in one, or of everything in a folder.

    Returns:
        ``path`` and ``nodes``. ``nodes`` has an entry by path for the artefact and all it was made from:
        ``made_by``, ``digest``, ``size``, ``facts``, ``parameters``, ``seeds``, ``inputs`` (path and digest of each),
        ``record`` (its file and digest), ``code`` (one digest of the stage's own sources), ``versions``, ``occasion``
        (null where nobody recorded it here). What no record made has ``made_by`` null, and the digest its reader saw.

    Raises:
        RecordError: nothing is there, or a record on the way is damaged.
    """
    graph = graph or ProvenanceGraph.read(path)
    made = graph.maker(path)
    start = [made.path] if made else sorted(found.path for found in graph.below(path))
    if not start and not path.exists():
        raise RecordError(f"{path}: no such file or folder; expected something that a stage or a step wrote")
    start = start or artefacts_in(Path(os.path.abspath(path)))
    if not start:
        raise RecordError(f"{path}: holds nothing that a stage or a step wrote, or reads")
    nodes = {graph.shown(place): _node(place, found, graph) for place, found in graph.behind(start)}
    if graph.damaged:
        raise RecordError("; ".join(graph.damaged.values()))
    nodes = dict(reversed(nodes.items()))
    shown = graph.shown(start[0])
    if len(start) > 1:
        shown = graph.shown(Path(os.path.abspath(path)))
        inputs = [{"path": graph.shown(place), "digest": nodes[graph.shown(place)]["digest"]} for place in start]
        nodes = {shown: {"path": shown, "made_by": None, "digest": None, "inputs": inputs}} | nodes
    return {"path": shown, "nodes": nodes}


def _node(place: Path, made: Made | None, graph: ProvenanceGraph) -> dict[str, Any]:
    if made is None:
        return _loose(place, graph)
    record, occasion = made.by.record, made.by.occasion
    return {
        "path": graph.shown(place),
        "made_by": record.made_by,
        "digest": made.artefact.digest,
        "size": made.artefact.size,
        "facts": made.artefact.facts,
        "parameters": record.parameters,
        "seeds": record.seeds,
        "inputs": [{"path": graph.shown(made.by.place(ref)), "digest": ref.digest} for ref in made.inputs],
        "record": {"path": graph.shown(made.by.file), "digest": record.digest},
        "code": digest_parts(record.code),
        "versions": record.versions,
        "occasion": occasion.model_dump(mode="json", exclude={"digest", "record"}) if occasion else None,
    }


def _loose(place: Path, graph: ProvenanceGraph) -> dict[str, Any]:
    """Something that no record made: what it is now, and what its readers saw."""
    seen = {reference.digest for _, reference in graph.reads(place)}
    found = describe([place], str)[0] if place.exists() else None
    return {
        "path": graph.shown(place),
        "made_by": None,
        "digest": next(iter(seen)) if len(seen) == 1 else found.digest if found else None,
        "size": found.size if found else None,
        "facts": found.facts if found else {},
        "inputs": [],
    }
