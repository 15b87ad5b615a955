"""Where a command writes: looked at before any work, so that no input and no file of the user's is lost.

Whatever a command would write or remove (OUT, its record, what stands beside it) may not be an input, by whichever
name, link or spelling; it may not be something else than a file, or a folder, where that is meant; and what lies there
already is replaced if this command wrote it, which its record tells by digest, or if ``--force`` is given.
"""

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from l2s.core.errors import ConfigError, RecordError
from l2s.core.files import STORE

if TYPE_CHECKING:
    from l2s.lineage.graph import ProvenanceGraph
    from l2s.lineage.record import Sidecar

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)
"""What disks say that are full, or fail."""
WAYS = "choose another place, or replace it with --force"
LONGEST = 200
"""Bytes of a name: others are made of it, and file systems take 255."""
ROWS = ".jsonl"
"""Such a file changes nothing in the folder of a model."""


class Place(NamedTuple):
    """What a command writes to."""

    command: str
    """With ``l2s`` before it."""
    target: Path
    inputs: Sequence[Path] = ()
    folder: bool = False
    """OUT is a folder, which is replaced as a whole unless ``within`` names what is written there."""
    within: Sequence[Path] = ()
    beside: Sequence[Path] = ()
    """Rows that it writes beside OUT, or removes."""
    judged: bool = False
    """The command itself knows what it may replace."""


def check_place(place: Place, force: bool = False) -> None:
    """Refuse a place that something would be lost at, or that cannot be written to.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    try:
        problems = list(dict.fromkeys(_unwritable(place))) or list(dict.fromkeys(_inputs_lost(place)))
        if not problems and not force:
            problems = list(_foreign(place))
    except OSError as error:
        problems = [f"{place.target}: cannot be looked at: {error.strerror}"]
    if problems:
        raise ConfigError("; ".join(problems))


@contextmanager
def writing(place: Place) -> Iterator[None]:
    """While a command writes: one that is killed leaves a mark, by which the next one knows its unrecorded output.

    Raises:
        ConfigError: what was to be written could not be, for want of room, say.
    """
    mark = _mark(place.target)
    made = [folder for folder in mark.parents if not folder.exists()]
    try:
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(place.command, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{place.target}: cannot be written there: {error.strerror}") from None
        yield
    except OSError as error:
        if error.errno not in DISK:
            raise
        raise ConfigError(
            f"{place.target}: could not be written: {error.strerror}; look at the disk, then run again"
        ) from None
    finally:
        with suppress(OSError):  # folders that hold something stay
            mark.unlink(missing_ok=True)
            for folder in made:
                folder.rmdir()


def _mark(target: Path) -> Path:
    path = Path(os.path.abspath(target))
    return path.with_name(f".{path.name}.begun")


def _unwritable(place: Place) -> Iterator[str]:
    target = Path(os.path.abspath(place.target))
    if not target.name or len(os.fsencode(target.name)) > LONGEST:
        yield f"{place.target}: takes a name of 1 to {LONGEST} bytes; choose another"
        return
    if target.is_dir() and not place.folder:
        yield f"{place.target}: is a folder; expected a file to write, e.g. {place.target / 'out'}"
    elif target.exists() and place.folder and not target.is_dir():
        yield f"{place.target}: is a file; expected a folder to write, or a name that is not taken"
    elif target.exists() and not (target.is_file() or target.is_dir()):
        yield f"{place.target}: is no file but a device or pipe; expected a file to write"
    for path in _written(place)[1:]:
        if path.is_dir():
            yield f"{path}: is a folder, and {place.command} would write a file there; choose another place"
    parent = next(path for path in target.parents if os.path.lexists(path))
    if not parent.is_dir():
        yield f"{place.target}: {parent} is no folder, so nothing can be written in it; choose another place"
    elif not os.access(parent, os.W_OK | os.X_OK):
        yield f"{place.target}: this user may not write in {parent}; choose another place"


def _inputs_lost(place: Place) -> Iterator[str]:
    protected = [*place.inputs, *([STORE] if STORE.exists() else [])]  # an input of every command, as it were
    own = [path for path in (place.target, *place.within) if path.suffix != ROWS]
    for path in _written(place):
        for source in protected:
            if _same(path, source):
                name = f"{path}: is" if path == place.target else f"{path}, which is written beside {place.target}, is"
                what = "the response store" if source == STORE else f"an input of {place.command}"
                yield f"{name} {what}; choose another place to write to"
            elif path in own and source.is_dir() and _inside(path, source):
                yield f"{path}: lies inside of {source}, an input of {place.command}; choose a place outside of it"
    if place.folder and not place.within:
        for source in protected:
            if not _same(place.target, source) and _inside(source, place.target):
                yield f"{source}: lies inside of {place.target}, which {place.command} replaces; move it elsewhere"


def _foreign(place: Place) -> Iterator[str]:
    if not any(os.path.lexists(path) for path in _written(place)):
        return
    from l2s.lineage.record import Sidecar, sidecar_of

    mark, record = _mark(place.target), sidecar_of(Path(os.path.abspath(place.target)))
    if mark.is_file() and mark.read_text(encoding="utf-8", errors="replace") == place.command:
        return
    sidecar: Sidecar | None = None
    if record.exists():
        try:
            sidecar = Sidecar.read(record)
        except RecordError:
            yield f"{record}: is no record of l2s's, and one would take its place; {WAYS}"
            return
    if place.judged:
        if sidecar and (added := _added(sidecar, record.parent, place.target)):
            names = f"{added[0]}{f' and {len(added) - 1} more' if len(added) > 1 else ''}"
            yield f"{place.target}: holds files that {place.command} did not write ({names}); {WAYS}"
        return
    from l2s.lineage.graph import ProvenanceGraph

    there = [path for path in place.within or (place.target,) if os.path.lexists(path) and not _is_empty(path)]
    graph = ProvenanceGraph.read(place.target) if there else None
    for path in there:
        if graph and not _is_own(graph, path, place.command):
            known = graph.maker(path) is not None
            said = "was changed since, or made by something else" if known else "no record says that it wrote it"
            yield f"{path}: is there already, and {place.command} would replace it, but {said}; {WAYS}"
    for path in place.beside:
        if os.path.lexists(path) and not _is_kept_aside(path):
            yield f"{path}: is there already, and {place.command} would replace it; {WAYS}"


def _is_empty(path: Path) -> bool:
    """A file without a byte, as mktemp makes them: nothing is lost with it."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size == 0


def _is_own(graph: "ProvenanceGraph", path: Path, command: str) -> bool:
    """The command wrote this, or the pipeline's stage of the same kind did, and nobody changed it."""
    from l2s.lineage.artefacts import describe

    made = graph.maker(path)
    if made is None or made.by.kind != command.removeprefix("l2s "):
        return False
    return path.is_file() and describe([made.path], Path.as_posix)[0].digest == made.artefact.digest


def _added(sidecar: "Sidecar", root: Path, folder: Path) -> list[str]:
    """Names of files in a folder that were put there, or changed in size, since it was written."""
    from l2s.lineage.artefacts import files_of

    wrote = {root / out.path / name: file.size for out in sidecar.record.outputs for name, file in out.files.items()}
    lies = {Path(os.path.abspath(file)): file.stat().st_size for file in files_of(folder).values()}
    return sorted(file.name for file, size in lies.items() if wrote.get(file) != size)


def _is_kept_aside(path: Path) -> bool:
    """Broken lines or disagreements that grading put into a file of their own."""
    try:
        with open(path, encoding="utf-8") as lines:
            row = json.loads(next(lines, "{}"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(row, dict) and (
        not row or {"line", "why"} <= set(row) or {"row", "gold", "l2s_status"} <= set(row)
    )


def _written(place: Place) -> list[Path]:
    """Everything that is written or removed."""
    from l2s.lineage.record import sidecar_of

    return [place.target, *place.within, *place.beside, sidecar_of(Path(os.path.abspath(place.target)))]


def _same(one: Path, other: Path) -> bool:
    """The same file, by another name, link or spelling perhaps; both may be absent."""
    if one.exists() and other.exists():
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _inside(inner: Path, outer: Path) -> bool:
    return any(_same(parent, outer) for parent in Path(os.path.realpath(inner)).parents)
