"""The benchmark of the merge engine: ``python -m bench.merge``.

Every case is merged by us, by mergekit where it has the method, and measured against copying the same
bytes; the tools take turns, run by run, so that they share the machine's noise. Inputs are read once
before the clock runs, so that all find them in the page cache as far as they fit. We keep the digests of
files that were merged before: both the first merge and the second are measured, with a fresh cache each
round. Exit codes: 0 all limits hold; 1 one does not, or a run failed; 2 bad usage, or a peer that cannot
be installed.
"""

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from bench.cases import AGAIN, COPYING, OURS, PEER, Case, cases_for
from bench.copying import copy
from bench.measure import Run, end_on_terminate, measure
from bench.models import SHAPES, Shape, family_folder, shape_of, write_family
from bench.peers import PeerError, install_mergekit
from bench.results import Result, as_table, judge
from l2s.core.files import write_json, write_text
from l2s.core.progress import bar

out, err = Console(width=None if sys.stdout.isatty() else 130), Console(stderr=True)


@dataclass(frozen=True)
class Bench:
    """Where and how to run."""

    work: Path
    """For recipes, logs and results, which are deleted."""
    models: Mapping[str, Path]
    shape: Shape
    cores: int
    peer: Path | None
    """mergekit's python."""

    def tools(self, case: Case) -> list[str]:
        """Who runs a case, in the order of a round."""
        return [COPYING, OURS, *([AGAIN] if case.again else []), *([PEER] if case.peer and self.peer else [])]

    def command(self, case: Case, tool: str) -> list[str]:
        """How a tool does a case."""
        place = str(self.work / "out")
        if tool == COPYING:
            names = self.models if case.base else [name for name in self.models if name != "base"]
            inputs = [file for name in names for file in sorted(self.models[name].glob("*.safetensors"))]
            return [sys.executable, "-m", "bench.copying", place, str(self.shape.size()), *map(str, inputs)]
        recipe = self.work / f"{_file_name(case.name)}.yaml"
        write_text(recipe, yaml.safe_dump(case.recipe(self.models), sort_keys=False))
        if tool in (OURS, AGAIN):
            ours = str(Path(sys.executable).with_name("l2s"))
            return [ours, "merge", str(recipe), place, "--threads", str(self.cores), *case.options]
        assert self.peer is not None
        peer = str(self.peer.with_name("mergekit-yaml"))
        return [peer, str(recipe), place, "--no-cuda", "--num-threads", str(self.cores), "--random-seed", "0"]

    def run(self, tool: str, command: Sequence[str], log: Path) -> Run:
        """Run a command and delete what it wrote."""
        if tool != AGAIN:
            _delete(self.work / "cache")
        unset = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONPATH"}
        environment = {key: value for key, value in os.environ.items() if key not in unset}
        environment |= {"OMP_NUM_THREADS": str(self.cores), "HF_HUB_OFFLINE": "1"}
        environment["XDG_CACHE_HOME"] = str(self.work / "cache")
        root = Path(__file__).parent.parent
        copy(self.work / "touched", self.shape.size(), [])  # a virtual machine may have to ask its host for free pages:
        _delete(self.work / "touched")  # every tool finds them there
        try:
            return measure(command, log, environment, root)
        finally:
            _delete(self.work / "out")
            os.sync()  # nobody's writes are left for the next one's time


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Tiny models, one run: does the bench itself work?")] = False,
    shape: Annotated[str, typer.Option(help=f"Of the models: {', '.join(SHAPES)}.")] = "0.5b",
    layers: Annotated[int | None, typer.Option(min=1, help="Fewer layers, so that the disk takes it.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only these cases.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Of each case; medians are shown.")] = 3,
    peer_runs: Annotated[int | None, typer.Option(min=1, help="Of mergekit; default: as many as ours.")] = None,
    peers: Annotated[bool, typer.Option(help="Measure mergekit too.")] = True,
    cores: Annotated[int, typer.Option(min=1, help="For every tool.")] = 2,
    cache: Annotated[Path, typer.Option(help="For models and environments, which are reused.")] = Path(".l2s/bench"),
    json: Annotated[Path | None, typer.Option(help="Write every run there.")] = None,
) -> None:
    """Measure merges against mergekit and against copying."""
    if quick:
        shape, runs, peer_runs = "tiny", 1, 1
    wanted = _wanted(shape, case)
    end_on_terminate()
    _use_cores(cores)
    cache = cache.absolute()
    _check_room(cache, shape_of(shape, layers))
    models = write_family(cache / "models", shape_of(shape, layers), bar)
    peer = _peer(cache) if peers and any(asked.peer for asked in wanted) else None
    bench = Bench(cache / "work", models, shape_of(shape, layers), cores, peer)
    _warm(bench)
    results = list(_measure_all(bench, wanted, runs, peer_runs or runs))
    shutil.rmtree(bench.work)
    verdicts = judge(wanted, results)
    out.print(as_table(results, f"{bench.shape.name}: {_machine(cores)}"))
    for verdict in verdicts:
        word = "[green]PASS[/green]" if verdict.held else "[red]MISS[/red]"
        out.print(f"{word} {verdict.case}, {verdict.tool}: {verdict.measured} ({verdict.limit})", highlight=False)
    if json:
        found = {"shape": bench.shape.name, "machine": _machine(cores), "results": [r.as_json() for r in results]}
        write_json(json, {**found, "verdicts": [vars(verdict) for verdict in verdicts]})
    if not all(verdict.held for verdict in verdicts) or any(result.failed for result in results):
        raise typer.Exit(1)


def _wanted(shape: str, names: list[str] | None) -> list[Case]:
    if shape not in SHAPES:
        raise typer.BadParameter(f"unknown shape '{shape}'; known: {', '.join(SHAPES)}")
    known = {found.name: found for found in cases_for(shape)}
    if unknown := [name for name in names or () if name not in known]:
        raise typer.BadParameter(f"unknown case {', '.join(unknown)}; known for {shape}: {'; '.join(known)}")
    return [known[name] for name in names or known]


def _check_room(cache: Path, shape: Shape) -> None:
    """Three models, unless they are there, and a result."""
    cache.mkdir(parents=True, exist_ok=True)
    needed = shape.size() * (1 if family_folder(cache / "models", shape).is_dir() else 4)
    if (free := shutil.disk_usage(cache).free) < needed:
        raise typer.BadParameter(
            f"{shape.name} takes {needed / 1e9:.1f} GB in {cache}, which has {free / 1e9:.1f} GB free; "
            "ask for fewer --layers, or another --cache"
        )


def _use_cores(cores: int) -> None:
    """Keep this process and all it starts on so many cores."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < cores:
        err.print(f"note: {cores} cores were asked for, this machine gives {len(available)}", highlight=False)
    os.sched_setaffinity(0, available[:cores])


def _peer(cache: Path) -> Path:
    err.print("looking for mergekit (installed once, about a minute)", highlight=False)
    try:
        return install_mergekit(cache)
    except PeerError as error:
        err.print(f"error: {error}", style="red", highlight=False, markup=False)
        raise typer.Exit(2) from None


def _warm(bench: Bench) -> None:
    _delete(bench.work)
    bench.work.mkdir(parents=True)
    copy(bench.work / "out", 0, [file for model in bench.models.values() for file in model.glob("*.safetensors")])
    _delete(bench.work / "out")


def _measure_all(bench: Bench, cases: Sequence[Case], runs: int, peer_runs: int) -> Iterator[Result]:
    """Case by case; within a case round by round, each tool once a round."""
    logs = bench.work.parent / "logs"
    for case in cases:
        results = {tool: Result(case.name, tool, "") for tool in bench.tools(case)}
        most = {COPYING: runs, OURS: 1 if case.once else runs, AGAIN: runs, PEER: peer_runs}
        rounds = [(n, tool) for n in range(max(runs, peer_runs)) for tool in results if n < most[tool]]
        for number, tool in bar(rounds, case.name):
            command = bench.command(case, tool)
            log = logs / f"{bench.shape.name}-{_file_name(case.name)}-{_file_name(tool)}-{number}.log"
            run = bench.run(tool, command, log)
            results[tool].runs.append(run)
            results[tool].command = shlex.join(command)
            _say(case, tool, number, run, log)
        yield from results.values()


def _say(case: Case, tool: str, number: int, run: Run, log: Path) -> None:
    what = f"{run.seconds:.2f} s, {run.anonymous / 1e6:,.0f} MB" if not run.code else f"FAILED ({run.code}), see {log}"
    err.print(f"{case.name}, {tool}, run {number + 1}: {what}", highlight=False, markup=False, soft_wrap=True)


def _file_name(name: str) -> str:
    return name.replace(", ", "-")


def _delete(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _machine(cores: int) -> str:
    models = [line.split(":")[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    load = os.getloadavg()[0]
    name = models[0] if models else platform.processor() or platform.machine()
    return f"{cores} cores of {name}, Python {platform.python_version()}, load {load:.1f} at the end"


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.is_file() else []


if __name__ == "__main__":
    typer.run(main)
