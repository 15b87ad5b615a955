"""Record and occasion: what made an artefact, apart from when and where, which no file's bytes depend on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from l2s.core.digests import BLAKE3, algorithm_of, digest_text
from l2s.core.errors import ConfigError, RecordError
from l2s.core.files import write_json
from l2s.core.params import Params
from l2s.lineage.artefacts import Artefact

RECORDS = Path("data/lineage")
"""Of a project's stages: ``<stage>/<name>.json``."""
FORMAT = 2
"""Of records; those of format 1 are read too."""
SIDECAR = ".lineage.json"
"""Beside what a single step wrote: its name and this."""


class Sealed(Params):
    """A JSON file that ends with its own digest: no bit of it changes unseen."""

    digest: str = ""
    """Over everything else."""

    def sealed(self, algorithm: str = BLAKE3) -> Self:
        """The same, with its digest."""
        content = json.dumps(self._content(), ensure_ascii=False)
        return self.model_copy(update={"digest": digest_text(content, algorithm)})

    def _content(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"digest"})

    def write(self, path: Path) -> None:
        """Write atomically; the same content gives the same bytes."""
        write_json(path, self._content() | {"digest": self.sealed().digest})

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote.

        Raises:
            RecordError: it is not there, is no such file, or was changed.
        """
        try:
            raw = path.read_bytes()
            found = cls.parse(json.loads(raw), str(path))
        except FileNotFoundError:
            raise RecordError(f"{path}: no such file") from None
        except (OSError, ValueError, RecursionError, ConfigError) as error:
            raise RecordError(f"{path}: damaged: {error}") from None
        expected = found.sealed(algorithm_of(found.digest)).digest
        if found.digest != expected:
            raise RecordError(f"{path}: changed since it was written: its digest says {found.digest}, found {expected}")
        if raw.decode() != json.dumps(_plain(found), indent=2, ensure_ascii=False) + "\n":
            raise RecordError(f"{path}: changed since it was written: its bytes are not as they are written")
        return found


def _plain(found: Sealed) -> dict[str, Any]:
    return found._content() | {"digest": found.digest}


class Reference(Params):
    """Something that was read."""

    path: str
    """Relative to the root of the record: the project, or the folder that holds the sidecar."""
    digest: str
    """As :attr:`l2s.lineage.artefacts.Artefact.digest`."""
    files: dict[str, str]
    """Digests by name; ``.`` for an artefact that is one file."""
    into: str | None = Field(None, exclude_if=lambda found: found is None)
    """The one output that it was read for, as of a model that a stage takes from its folder; null: all of them."""


class Record(Sealed):
    """What made some artefacts. Nothing here differs between two runs that write the same bytes."""

    format: int = FORMAT
    made_by: str
    """A stage, ``merge@average``, or a command, ``l2s merge``."""
    parameters: dict[str, Any]
    """As resolved: every default written out."""
    seeds: dict[str, int]
    """By the parameter's path."""
    inputs: tuple[Reference, ...]
    outputs: tuple[Artefact, ...]
    code: dict[str, str]
    """All sources behind it, by path: of modules digests of their meaning, of data files of their bytes. In format 1,
    of their bytes too, and only of those that stages depended on."""
    imported: dict[str, str] | None = Field(None, exclude_if=lambda found: found is None)
    """In format 1, digests of the other sources that these import."""
    versions: dict[str, str]
    """Of Python and of the packages that the sources import."""


class RunInfo(Sealed):
    """When and where the bytes of a record were made."""

    record: str
    """The record's digest."""
    started: str
    """UTC, ISO 8601."""
    seconds: float
    machine: dict[str, str | int]
    """System, Python, processor, cores, bytes of memory, GPUs. No name and no address."""
    commit: str | None
    """Git's HEAD; null outside a repository."""
    dirty: tuple[str, ...]
    """Sources and parameter files that differed from it."""
    prefect_run: str | None
    """The Prefect flow run's id, if one ran the step."""
    peak_memory_bytes: int


class Sidecar(Sealed):
    """A single step's record and occasion in one file, beside what it wrote."""

    record: Record
    occasion: RunInfo


def seeds_in(parameters: Any, path: str = "") -> dict[str, int]:
    """Every seed among parameters, by its path."""
    if isinstance(parameters, Mapping):
        found: dict[str, int] = {}
        for key, value in parameters.items():
            inner = f"{path}.{key}" if path else str(key)
            is_seed = str(key).endswith("seed") and isinstance(value, int) and not isinstance(value, bool)
            found |= {inner: value} if is_seed else seeds_in(value, inner)
        return found
    if isinstance(parameters, list | tuple):
        return {k: v for place, item in enumerate(parameters) for k, v in seeds_in(item, f"{path}.{place}").items()}
    return {}


def sidecar_of(path: Path) -> Path:
    """Where a single step that wrote ``path`` leaves its record."""
    return path.with_name(path.name + SIDECAR)
