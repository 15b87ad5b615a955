"""The DVC graph: stages, what each waits for, and why one is out of date.

dvc.yaml is the only place where the graph stands; this reads it through DVC's Python API.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.dependency import ParamsDependency
from dvc.dvcfile import LOCK_FILE
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo, lock_repo
from dvc.scm import SCMError
from dvc.stage import PipelineStage

from flows.pipeline.repository.changed_code import changed_code
from flows.pipeline.repository.listings import changed_files, folder_digest, remember
from flows.pipeline.repository.locks import mend_lock_file, reads, void_dead_locks
from flows.pipeline.repository.project import no_repository
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.lineage.paths import differences
from tasks.running.given import changed_given
from tasks.stage import LOCK


@dataclass(frozen=True)
class Reason:
    """One thing that makes a stage out of date."""

    what: str
    """Parameter, file or stage."""
    change: str
    """``0.5 → 0.7``, ``modified``, ``missing``, ``will run first`` …"""

    def __str__(self) -> str:
        return f"{self.what}: {self.change}"


class Graph:
    """The stages of dvc.yaml, in an order in which they can run."""

    def __init__(self) -> None:
        try:
            self.repo = Repo(".")
            void_dead_locks(Path(str(self.repo.tmp_dir)), bool(self.repo.config["core"].get("hardlink_lock")))
            lock_file = Path(str(self.repo.root_dir), LOCK_FILE)
            if not reads(lock_file):
                with lock_repo(self.repo):
                    mend_lock_file(lock_file)
            stages = [stage for stage in self.repo.index.stages if isinstance(stage, PipelineStage)]
        except (NotDvcRepoError, SCMError) as error:
            raise ConfigError(no_repository(one_line(error))) from None
        except DvcException as error:
            raise ConfigError(one_line(error)) from None
        edges = self.repo.index.graph
        self.stages: dict[str, PipelineStage] = {}
        self.upstream: dict[str, list[str]] = {}
        waiting = {stage.addressing: stage for stage in stages}
        before = {stage.addressing: [other.addressing for other in edges.successors(stage)] for stage in stages}
        while waiting:
            ready = [name for name in waiting if all(other in self.stages for other in before[name])]
            for name in ready:
                self.stages[name] = waiting.pop(name)
                self.upstream[name] = before[name]

    def select(self, targets: Iterable[str]) -> list[str]:
        """The targets and everything they need, in order; all stages for no targets.

        Raises:
            ConfigError: a target that is no stage.
        """
        wanted = set(targets)
        for target in list(wanted):
            group = [name for name in self.stages if name.partition("@")[0] == target]
            if target not in self.stages and not group:
                raise ConfigError(f"stage '{target}' is not in dvc.yaml{nearest(target, self.stages)}")
            if target not in self.stages:
                wanted.remove(target)
                wanted.update(group)
        if not wanted:
            return list(self.stages)
        for name in reversed(list(self.stages)):
            if name in wanted:
                wanted.update(self.upstream[name])
        return [name for name in self.stages if name in wanted]

    def stale(self, names: Iterable[str]) -> dict[str, list[Reason]]:
        """The stages among ``names`` that would run, and why; those that only follow from others included."""
        found: dict[str, list[Reason]] = {}
        try:
            with lock_repo(self.repo):
                for name in names:
                    own = self._reasons(name)
                    follows = [Reason(other, "will run first") for other in self.upstream[name] if other in found]
                    if own or follows:
                        found[name] = own + follows
        except DvcException as error:
            raise ConfigError(one_line(error)) from None
        return found

    def _reasons(self, name: str) -> list[Reason]:
        """What of its own makes a stage out of date."""
        stage = self.stages[name]
        if not _is_locked(stage):
            return [Reason("never run here", "no entry in dvc.lock")]
        reasons = []
        for entry in stage.status().get(stage.addressing, []):
            if isinstance(entry, str):
                reasons.append(Reason("dvc.yaml", entry))
                continue
            for kind, changes in entry.items():
                for path, change in changes.items():
                    if isinstance(change, dict):
                        reasons += _parameter_reasons(stage, path, change)
                    else:
                        reasons.append(Reason(path, _files(stage, path, change) or _plain(kind, change)))
        if not reasons:
            remember(stage)
        return reasons


def fingerprint(stage: PipelineStage) -> str:
    """What a stage would run on, and what it has made: command, parameters, contents of deps and outs.

    Two equal fingerprints mean that running the stage again changes nothing.
    """
    parts = [stage.addressing, stage.cmd, contents(stage.deps), contents(stage.outs)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def contents(entries: Iterable[Any]) -> dict[str, Any]:
    """What dependencies or outputs hold now: a digest, or the values of parameters."""
    return {str(entry): _content(entry) for entry in entries}


def _content(entry: Any) -> Any:
    if isinstance(entry, ParamsDependency):
        return entry.read_params()
    if not entry.exists:
        return "missing"
    entry.update_legacy_hash_name()  # one that dvc.lock lacks is read as DVC 2 did, until something of it is saved
    return str(entry.get_hash())


def _is_locked(stage: PipelineStage) -> bool:
    return any(out.hash_info for out in stage.outs)


def _parameter_reasons(stage: PipelineStage, path: str, changes: dict[str, str]) -> list[Reason]:
    """Old and new value of every parameter, down to the leaf that differs."""
    reasons = []
    for dependency in stage.deps:
        if isinstance(dependency, ParamsDependency) and str(dependency) == path:
            old, new = dependency.hash_info.value or {}, dependency.read_params()
            for key in changes:
                if path == str(LOCK) and isinstance(old.get(key), str):
                    reasons += [Reason(file, how) for file, how in changed_code(key, stage.addressing, old[key])]
                    continue
                if path == str(LOCK) and isinstance(new.get(key), dict):
                    reasons += [Reason(file, how) for file, how in changed_given(key, old.get(key), new[key])]
                    continue
                before_and_now = old.get(key), new.get(key)
                for leaf, before, after in list(differences(key, *before_and_now)) or [(key, *before_and_now)]:
                    reasons.append(Reason(f"{path}: {leaf}", f"{_shown(before)} → {_shown(after)}"))
    return reasons


def _files(stage: PipelineStage, path: str, change: str) -> str | None:
    """Which files of a folder that the stage depends on changed, where that is known."""
    if change != "modified":
        return None
    digests = (folder_digest(dependency) for dependency in stage.deps if str(dependency) == path)
    return next((changed_files(Path(path), digest) for digest in digests if digest is not None), None)


def _shown(value: Any) -> str:
    return "absent" if value is None else json.dumps(value, ensure_ascii=False)


def _plain(kind: str, change: str) -> str:
    if kind == "changed outs":
        return {
            "deleted": "output missing",
            "modified": "output changed by hand",
            "not in cache": "output missing",
        }.get(change, f"output {change}")
    return {"deleted": "missing"}.get(change, change)


def one_line(error: BaseException) -> str:
    """DVC's message with its causes, on one line."""
    parts, seen = [], error
    while seen is not None:
        parts.append(" ".join(str(seen).split()))
        seen = seen.__cause__  # type: ignore[assignment]
    return "; ".join(part for part in parts if part)
