"""Which source files changed since a stage ran: code.lock keeps one digest of them all.

The stage's record has each file's own; where the record is gone, or of another run, git knows, if dvc.lock was
committed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from flows.pipeline.repository.listings import commit_with, git
from l2s.core.errors import ConfigError, RecordError
from l2s.core.yaml import read_yaml
from l2s.lineage.code import fingerprint
from l2s.lineage.meaning import Reading, package_of, read_source
from l2s.lineage.record import RECORDS, Record
from tasks.running.code import SOURCE, behind_params
from tasks.stage import LOCK

UNKNOWN = "tells of other code than the stage ran; which file differs is not known here"
Changes = list[tuple[str, str]]


def changed_code(key: str, stage: str, before: str) -> Changes:
    """Files and how each differs; at least code.lock itself.

    Args:
        key: of the fingerprint in code.lock, e.g. ``merge.ties``.
        stage: as DVC names it.
        before: the fingerprint with which it ran.
    """
    kind, _, member = key.partition(".")
    try:
        now = behind_params(read_yaml(Path("params.yaml"))).code(kind, member or None).sources
    except KeyError:  # no such method, source or engine any more
        return [(f"{LOCK}: {key}", "no longer there")]
    recorded = _recorded(stage, before)
    found = list(_differences(recorded, now)) if recorded is not None else list(_by_git(now, before))
    return found or [(f"{LOCK}: {key}", UNKNOWN)]


def _recorded(stage: str, before: str) -> dict[str, str] | None:
    kind, _, name = stage.partition("@")
    try:
        code = Record.read(RECORDS / kind / f"{name}.json" if name else RECORDS / f"{kind}.json").code
    except RecordError:
        return None
    return code if fingerprint(code) == before else None


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path in sorted({*before, *now}):
        if path not in now:
            yield path, "no longer used" if Reading(SOURCE).place(path).is_file() else "deleted"
        elif path not in before:
            yield path, "added"
        elif before[path] != now[path]:
            yield path, "modified"


def _by_git(now: Mapping[str, str], before: str) -> Iterator[tuple[str, str]]:
    """What changed since the commit that brought the fingerprint into dvc.lock, of the sources that count now."""
    commit = commit_with(before) if Path().resolve() == SOURCE else None
    if commit is None:
        return
    known = set(git("ls-tree", "-r", "--name-only", commit).splitlines())
    for path in git("diff", "--relative", "--name-only", commit, "--", *now).splitlines():
        if path not in known:
            yield path, "added"
        elif not path.endswith(".py") or _meaning(git("show", f"{commit}:./{path}"), path) != now[path]:
            yield path, "modified"


def _meaning(text: str, path: str) -> str | None:
    try:
        return read_source(text.encode(), Path(path), package_of(path)).meaning
    except ConfigError:
        return None
