"""A lineage as a Workflow Run RO-Crate: a folder (or zip) that other tools of provenance read.

Profiles: RO-Crate 1.1, Process Run Crate 0.5, and where the project's pipeline made something, Workflow Run Crate 0.5
(https://www.researchobject.org/workflow-run-crate): one action for the run of ``dvc.yaml``, one for each step.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s import __version__
from l2s.core.digests import SHA256, digest_file, digest_text, without_name
from l2s.core.errors import ConfigError, RecordError
from l2s.core.files import replacing, replacing_folder
from l2s.lineage.artefacts import ALONE
from l2s.lineage.digests import digest_parts
from l2s.lineage.graph import Entry, Made, ProvenanceGraph, entries_of
from l2s.lineage.tree import lineage_of

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate

LARGEST = 16 << 20
"""Bytes of files that are copied into the crate; larger ones are told of by digest."""
RUN = "https://w3id.org/ro/wfrun"
PROFILES = {
    f"{RUN}/process/0.5": "Process Run Crate",
    f"{RUN}/workflow/0.5": "Workflow Run Crate",
}
WORKFLOW = "dvc.yaml"


def write_crate(path: Path, out: Path) -> None:
    """Write the lineage of ``path`` to the folder ``out``, or to a zip file if its name ends so; whole or not at all.

    Raises:
        ConfigError: ``out`` is there already.
        RecordError: no record says what made ``path``.
    """
    from rocrate.rocrate import ROCrate

    if out.exists():
        raise ConfigError(f"{out}: is there already; choose another place for the crate")
    graph = ProvenanceGraph.read(path)
    lineage = lineage_of(path, graph)
    if not any(node["made_by"] for node in lineage["nodes"].values()):
        raise RecordError(f"{path}: no record says what made it, so there is nothing to put into a crate")
    crate = ROCrate()
    _Crate(crate, graph, lineage).fill()
    if out.suffix == ".zip":
        with replacing(out) as file:
            crate.write_zip(file.name)
    else:
        with replacing_folder(out) as folder:
            crate.write(folder)


class _Crate:
    """A crate that is being filled."""

    def __init__(self, crate: "ROCrate", graph: ProvenanceGraph, lineage: Mapping[str, Any]) -> None:
        self.crate, self.graph, self.lineage = crate, graph, lineage
        start = [Path(graph.root, node) for node in lineage["nodes"]]
        self.behind = list(graph.behind(start))
        self.entities: dict[Path, Any] = {}

    def fill(self) -> None:
        """Everything, inputs before what was made from them."""
        shown = self.lineage["path"]
        self.crate.name = f"Lineage of {shown}"
        self.crate.description = (
            f"What made {shown}, down to base weights and benchmarks: files, parameters, code, runs."
        )
        for place, made in self.behind:
            self.entities[place] = self._artefact(place, made)
        kept = entries_of(made for _, made in self.behind if made)
        actions = [self._action(one) for one in kept]
        stages = [one for one in kept if not one.is_step]
        is_pipeline = bool(stages) and (self.graph.root / WORKFLOW).is_file()
        self.crate.root_dataset["conformsTo"] = self._profiles(is_pipeline)
        if is_pipeline:
            self._workflow(stages)
        self.crate.root_dataset["mentions"] = [*actions, *self.crate.root_dataset.get("mentions", [])]

    def _add(self, name: str, /, **properties: Any) -> Any:
        from rocrate.model.contextentity import ContextEntity

        kept = {key: value for key, value in properties.items() if value is not None}
        return self.crate.add(ContextEntity(self.crate, name, properties={"@type": kept.pop("type"), **kept}))

    def _profiles(self, is_pipeline: bool) -> list[Any]:
        named = PROFILES if is_pipeline else dict(list(PROFILES.items())[:1])
        return [
            self._add(url, type="CreativeWork", name=name, version=url.rpartition("/")[2])
            for url, name in named.items()
        ]

    def _artefact(self, place: Path, made: Made | None) -> Any:
        """A file, or a model folder with its files."""
        node = self.lineage["nodes"].get(self.graph.shown(place), {})
        sizes = {name: (file.size, file.digest) for name, file in made.artefact.files.items()} if made else {}
        if not sizes and place.is_file():
            sizes = {ALONE: (place.stat().st_size, node.get("digest") or "")}
        if ALONE in sizes:
            return self._file(place, *sizes[ALONE])
        inner = [self._file(place / name, *found) for name, found in sizes.items()]
        facts = [self._value(f"{self._name(place)}:{key}", key, value) for key, value in node.get("facts", {}).items()]
        return self._add(
            f"#{self._name(place)}/", type="Dataset", name=self._name(place), identifier=node.get("digest"),
            hasPart=inner or None, additionalProperty=facts or None,
        )  # fmt: skip

    def _file(self, file: Path, size: int, digest: str) -> Any:
        """A file that travels in the crate, or that is only told of."""
        told = {"name": self._name(file), "contentSize": str(size)} | ({"identifier": digest} if digest else {})
        if size <= LARGEST and file.is_file() and file.is_relative_to(self.graph.root):
            told["sha256"] = without_name(digest_file(file, SHA256))  # by which other tools check what travels
            return self.crate.add_file(file, dest_path=self._name(file), properties=told)
        return self._add(f"#{self._name(file)}", type="CreativeWork", **told)

    def _name(self, place: Path) -> str:
        """Where a file stands in the crate; what lies outside the project is named by a digest, not by its path."""
        if place.is_relative_to(self.graph.root):
            return place.relative_to(self.graph.root).as_posix()
        return f"outside/{without_name(digest_text(str(place)))[:12]}/{place.name}"

    def _value(self, identifier: str, name: str, value: Any) -> Any:
        text = value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
        return self._add(f"#{identifier}", type="PropertyValue", name=name, value=text)

    def _action(self, kept: Entry) -> Any:
        """One step: what it read, with which parameters, and what it wrote."""
        record, occasion = kept.record, kept.occasion
        step = f"{record.made_by}:{without_name(record.digest)[:12]}"
        packages = [
            self._add(f"#package:{name}:{version}", type="SoftwareApplication", name=name, softwareVersion=version)
            for name, version in record.versions.items()
        ]
        code = digest_parts(record.code)
        tool = self._add(
            f"#code:{record.made_by.partition('@')[0]}:{without_name(code)[:12]}",
            type="SoftwareApplication", name=f"l2s: {record.made_by.partition('@')[0]}", identifier=code,
            softwareVersion=__version__, softwareRequirements=packages or None,
        )  # fmt: skip
        values = [self._value(f"{step}:{key}", key, value) for key, value in record.parameters.items()]
        where = [] if occasion is None else [
            self._value(f"{step}:{key}", key, value)
            for key, value in occasion.model_dump(mode="json", exclude={"record", "digest", "started"}).items()
            if value is not None
        ]  # fmt: skip
        return self._add(
            f"#{step}", type="CreateAction", name=record.made_by, instrument=tool, identifier=record.digest,
            object=[*self._known(map(kept.place, record.inputs)), *values],
            result=self._known(map(kept.place, record.outputs)),
            startTime=occasion.started if occasion else None,
            endTime=_end(occasion.started, occasion.seconds) if occasion else None,
            additionalProperty=where or None, actionStatus="http://schema.org/CompletedActionStatus",
        )  # fmt: skip

    def _known(self, places: Iterable[Path]) -> list[Any]:
        """The artefacts among places that are in the crate."""
        return [self.entities[place] for place in places if place in self.entities]

    def _workflow(self, kept: list[Entry]) -> None:
        """The graph that says which step makes what, and its run as a whole."""
        from rocrate.model.computerlanguage import ComputerLanguage

        told = {"name": "DVC", "url": "https://dvc.org"}
        language = self.crate.add(ComputerLanguage(self.crate, "https://dvc.org", properties=told))
        workflow = self.crate.add_workflow(self.graph.root / WORKFLOW, WORKFLOW, main=True, lang=language)
        workflow["name"] = "dvc.yaml"
        settings = [
            self.crate.add_file(self.graph.root / name, dest_path=name, properties={"name": name})
            for name in ("params.yaml", "dvc.lock")
            if (self.graph.root / name).is_file()
        ]
        written = {one.place(made) for one in kept for made in one.record.outputs}
        read = {one.place(found) for one in kept for found in one.record.inputs}
        run = self._add(
            "#run", type="CreateAction", name="run of dvc.yaml", instrument=workflow,
            object=[*settings, *self._known(sorted(read - written))],
            result=self._known(sorted(written - read)),
            actionStatus="http://schema.org/CompletedActionStatus",
        )  # fmt: skip
        self.crate.root_dataset["mentions"] = [run]


def _end(started: str, seconds: float) -> str:
    return (datetime.fromisoformat(started) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
