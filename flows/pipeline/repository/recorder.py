"""DVC, asked before a stage runs and told after it, from one thread: its objects are no business of two."""

import os
import sys
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from dvc.dvcfile import LOCK_FILE
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import lock_repo
from dvc.rwlock import rwlock
from dvc.stage import PipelineStage
from dvc.stage.cache import RunCacheNotFoundError
from dvc.stage.serialize import to_lockfile
from dvc.utils.serialize import dumps_yaml, parse_yaml

from flows.pipeline.repository.graph import Graph, contents, fingerprint, one_line
from flows.pipeline.repository.listings import remember
from l2s.core.files import write_text
from tasks.running.watched import key_of
from tasks.running.worker import Job
from tasks.stages import STAGES

PATIENCE = 60.0
"""Seconds for which a stage waits for what another process of DVC's holds."""
COMMANDS = (("sh", "flows/stage.sh"), ("l2s", "stage"))
"""What begins the command of a stage whose work this program knows."""


class Standing(NamedTuple):
    """How a stage stands when it is its turn."""

    key: str
    """Of its task, in Prefect's cache."""
    job: Job | None = None
    """What is to be run; None if DVC needs no more."""
    said: str = ""


class Busy(Exception):
    """Another process works on the stage, or on all of DVC; to be asked again."""


class Recorder:
    """The stages of a graph as they begin and end."""

    def __init__(self, graph: Graph, libraries: tuple[str, ...], environment: dict[str, str]) -> None:
        self.repo, self.stages, self.upstream = graph.repo, graph.stages, graph.upstream
        self.libraries, self.environment = libraries, environment
        self.held: dict[str, ExitStack] = {}
        """Of running stages, what DVC's other commands must not touch."""
        self.read: dict[str, dict[str, Any]] = {}
        """Of running stages, what their dependencies held when they began."""
        self.ended: list[PipelineStage] = []
        """To be recorded."""
        self.asked: dict[str, float] = {}
        self.keys: dict[str, str] = {}
        """Of stages that were sent to run."""

    def begin(self, name: str) -> Standing:
        """Look whether a stage must run; if so, take its outputs away, or from DVC's run cache what it would write.

        Raises:
            Busy: it cannot be said yet.
            DvcException: it can neither run nor be taken from the cache.
        """
        stage = self.stages[name]
        first = self.asked.setdefault(name, time.monotonic())
        held = ExitStack()
        try:
            with lock_repo(self.repo):
                if any(before.addressing in self.upstream[name] for before in self.ended):
                    raise Busy  # DVC is still to write a .gitignore beside what they made
                held.enter_context(self._alone(stage))
                if not stage.changed():
                    held.close()
                    return Standing(fingerprint(stage), said=f"{name} is up to date")
                self.read[name] = contents(stage.deps)
                restored = self._restored(stage)
                self.held[name] = held
        except LockError:
            held.close()
            if time.monotonic() - first > PATIENCE:
                raise
            raise Busy from None
        except BaseException:
            held.close()
            raise
        if not restored:
            key = self.keys[name] = f"{fingerprint(stage)}-{uuid.uuid4()}"
            return Standing(key, self._job(stage))
        self.end(name, True)
        return Standing(str(uuid.uuid4()), said=f"{name} took its outputs from DVC's cache")

    def end(self, name: str, well: bool) -> None:
        """A stage that began is over; if it ended well, it is recorded when there is time."""
        self.keys.pop(name, None)
        if well:
            self.ended.append(self.stages[name])
        else:
            self.held.pop(name).close()

    def record(self) -> dict[str, str]:
        """Let DVC keep what the stages that ended have written: in its cache, in its run cache, in dvc.lock.

        Returns a sentence for each stage that it cannot keep.

        Raises:
            Busy: another process of DVC's is at work; to be asked again.
        """
        failed: dict[str, str] = {}
        try:
            with self.repo.scm_context(quiet=True), lock_repo(self.repo):
                for stage in self.ended:
                    try:
                        self._keep(stage)
                    except DvcException as error:
                        failed[stage.addressing] = one_line(error)
                kept = [stage for stage in self.ended if stage.addressing not in failed]
                if kept:
                    self._write(kept)
        except LockError:
            raise Busy from None
        for stage in kept:
            remember(stage)
        for stage in self.ended:
            self.held.pop(stage.addressing).close()
        self.ended = []
        return failed

    def close(self) -> None:
        """The run is over, or was ended: record what has ended well by now, let go of the rest."""
        for name, key in list(self.keys.items()):
            found = key_of(name)
            self.end(name, found.is_file() and found.read_text() == key)
        try:
            if self.ended:
                self.record()
        except Busy:  # then they run again
            return
        finally:
            for held in self.held.values():
                held.close()
            self.held = {}

    def _keep(self, stage: PipelineStage) -> None:
        """Keep what a stage wrote as ``dvc repro`` does after the command, unless its dependencies are others by now.

        Raises:
            DvcException: it cannot be kept.
        """
        before = self.read[stage.addressing]
        if changed := [name for name, content in contents(stage.deps).items() if content != before[name]]:
            raise DvcException(f"{', '.join(changed)}: changed while the stage ran; run it again")
        stage.save(run_cache=all(out.use_cache or out.is_metric or out.is_plot for out in stage.outs))
        stage.commit()

    def _alone(self, stage: PipelineStage) -> Any:
        read, write = ([entry.fs_path for entry in entries] for entries in (stage.deps, stage.outs))
        hardlink = self.repo.config["core"].get("hardlink_lock", False)
        return rwlock(self.repo.tmp_dir, self.repo.fs, " ".join(sys.argv), read, write, hardlink)

    def _restored(self, stage: PipelineStage) -> bool:
        if missing := [str(dependency) for dependency in stage.deps if not dependency.exists]:
            raise DvcException(f"{', '.join(missing)}: missing, and {stage.addressing} needs it")
        stage.remove_outs(ignore_remove=False, force=False)
        try:
            self.repo.stage_cache.restore(stage)
        except RunCacheNotFoundError:
            return False
        return True

    def _job(self, stage: PipelineStage) -> Job:
        root, commands = str(self.repo.root_dir), stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
        kind, _, name = stage.addressing.partition("@")
        ours = kind in STAGES and stage.cmd in [" ".join([*first, kind, name]).strip() for first in COMMANDS]
        written = {os.path.relpath(out.fs_path, root): out.persist for out in stage.outs}
        return Job(
            name=stage.addressing,
            root=root,
            command=None if ours else " && ".join(commands),
            folder=stage.wdir,
            outputs=tuple(written),
            removed=tuple(path for path, persist in written.items() if not persist),
            libraries=self.libraries,
            environment={"DVC_ROOT": root, "DVC_STAGE": stage.addressing, **self.environment},
        )

    def _write(self, stages: list[PipelineStage]) -> None:
        """The stages' entries of dvc.lock, in DVC's own form; the file is replaced whole."""
        path = Path(str(self.repo.root_dir), LOCK_FILE)
        found = parse_yaml(path.read_text(encoding="utf-8"), LOCK_FILE) if path.is_file() else {}
        content = {"schema": "2.0"} | (found or {})
        content["stages"] = content.get("stages") or {}
        for stage in stages:
            content["stages"].update(to_lockfile(stage))
        write_text(path, dumps_yaml(content))
        self.repo.scm_context.track_file(LOCK_FILE)
