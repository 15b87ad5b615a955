"""The code: is what lies here what made the artefacts?"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from l2s.checkpoints.files.index import listed
from l2s.core.digests import SHA256, algorithm_of, digest_file
from l2s.lineage.checks.finding import Finding
from l2s.lineage.graph import Entry
from l2s.lineage.meaning import Reading


class Sources:
    """Digests of sources as they are now, each computed once."""

    def __init__(self, root: Path) -> None:
        self.reading = Reading(root)

    def now(self, path: str, algorithm: str) -> str | None:
        """As :func:`l2s.lineage.code.code_behind` digests it; None where there is no such file.

        Versions that made SHA-256 digests made them of all bytes.
        """
        file = self.reading.place(path)
        if not file.is_file():
            return None
        if algorithm == SHA256:
            return digest_file(file, algorithm)
        return self.reading.source(file).meaning if file.suffix == ".py" else digest_file(file)

    def changed(self, said: Mapping[str, str]) -> list[str]:
        """Sources that are not what they were."""
        return [path for path, expected in said.items() if self.now(path, algorithm_of(expected)) != expected]


def check_stage_code(kept: Iterable[Entry], sources: Sources) -> tuple[list[Finding], set[str]]:
    """One finding on all stages that other code made than lies here, and what these stages are called."""
    changed, stages = dict[str, None](), list[str]()
    for one in kept:
        if paths := sources.changed(one.record.code):
            changed |= dict.fromkeys(paths)
            stages.append(one.record.made_by)
    if not stages:
        return [], set()
    found = f"{listed(changed)} changed since; l2s run makes again what is out of date"
    return [Finding("code", f"behind {listed(stages)}", "the code that made them", found)], set(stages)


def note_step_code(kept: Iterable[Entry], sources: Sources) -> Iterator[str]:
    """A sentence for each single step that other code took: its output is none the worse for it."""
    for one in kept:
        paths = sources.changed(one.record.code)
        if paths:
            yield f"{one.file.name}: made by other code than lies here: {listed(paths)}"
