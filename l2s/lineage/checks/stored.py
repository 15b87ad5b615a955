"""The response store: does it still hold what was generated?"""

from collections.abc import Iterator, Sequence

from l2s.core.errors import RecordError
from l2s.core.files import STORE
from l2s.generation.store.care import verify
from l2s.lineage.checks.finding import Finding
from l2s.lineage.graph import Made, ProvenanceGraph

SHOWN = 5
"""Damaged responses that are named one by one."""


def check_store(graph: ProvenanceGraph, made: Sequence[Made]) -> tuple[int, list[Finding]]:
    """How many responses the project's store holds, and which of them are damaged.

    It is no artefact: a clone that pulled its responses has none, and one that was deleted is filled again.
    """
    place = graph.root / STORE
    if not any(one.by.kind == "generate" for one in made) or not place.is_file():
        return 0, []
    try:
        found = verify(place)
    except RecordError as error:
        return 0, [Finding(graph.shown(place), "", "a response store", str(error).removeprefix(f"{place}: "))]
    return found.responses, list(_findings(graph.shown(place), found.damaged, found.file))


def _findings(shown: str, damaged: Sequence[str], file: Sequence[str]) -> Iterator[Finding]:
    for key in damaged[:SHOWN]:
        yield Finding(shown, f"key {key[:16]}", "the response that was stored", "a damaged one")
    if len(damaged) > SHOWN:
        yield Finding(shown, f"{len(damaged) - SHOWN} more keys", "the responses that were stored", "damaged ones")
    for sentence in file:
        yield Finding(shown, "the file itself", "as SQLite writes it", sentence)
