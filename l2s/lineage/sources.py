"""The code: is what lies here what made the artefacts?"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from l2s.files import digest_file
from l2s.lineage.chain import Kept
from l2s.lineage.finding import Finding


class Sources:
    """Digests of sources as they are now, each computed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found: dict[str, str] = {}

    def changed(self, said: dict[str, str]) -> Iterator[tuple[str, str, str]]:
        """Path, digest as said, and as it is now."""
        for path, expected in said.items():
            if path not in self.found:
                file = self.root / path
                self.found[path] = digest_file(file) if file.is_file() else "no such file"
            if self.found[path] != expected:
                yield path, expected, self.found[path]


def check_stage_code(kept: Iterable[Kept], sources: Sources) -> Iterator[Finding]:
    """Sources on which a stage depends, and which are not what they were: the stage is out of date."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for one in kept:
        for change in sources.changed(one.record.code):
            told.setdefault(change, []).append(one.record.made_by)
    for (path, expected, found), stages in told.items():
        yield Finding(path, f"which made {_some(stages)}", expected, found)


def note_other_code(kept: Iterable[Kept], sources: Sources) -> Iterator[str]:
    """A sentence on sources that were imported and changed since, though no stage counts them as its own."""
    paths = {path: None for one in kept for path, _, _ in sources.changed(one.record.imported)}
    if paths:
        yield (
            f"{_some(list(paths))} changed since: imported by what made some artefacts, "
            "but no stage depends on it, so nothing was made again"
        )


def note_step_code(kept: Iterable[Kept], sources: Sources) -> Iterator[str]:
    """A sentence for each single step that other code took: its output is none the worse for it."""
    for one in kept:
        paths = [path for path, _, _ in sources.changed(one.record.code | one.record.imported)]
        if paths:
            yield f"{one.file.name}: made by other code than lies here: {_some(paths)}"


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
