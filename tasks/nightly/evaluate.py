"""One run of a night: answered with the engine and code of today, graded; shown in Prefect where one is configured."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2s.config import Config
from l2s.core.progress import Track
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.generation.settings import DecodingParams
from l2s.nightly.made import RunMade
from l2s.nightly.rows import night_rows
from l2s.records import read_rows

Say = Callable[[str], None]


@dataclass(frozen=True)
class Evaluated:
    """What one run gave in a night."""

    made: RunMade
    rows: list[Row]
    """Under :class:`l2s.nightly.rows.NightRows`."""
    stored: int
    generated: int


@dataclass(frozen=True)
class Bench:
    """What all runs of a night share."""

    config: Config
    data: Path
    work: Path
    """Where responses and verdicts of this night stand while it lasts."""
    store: Path
    problems: dict[tuple[str, str], str]
    """(benchmark, id) to the digest of the problem."""
    night: str
    """Its name, from which new samples have their seed."""


def evaluate(bench: Bench, run: str, track: Track, say: Say) -> Evaluated:
    """Answer every benchmark with one run's model under the accepted seed, and under the night's own if it has one."""
    from l2s.checkpoints import Checkpoint
    from tasks.generate import run_decoding

    config = bench.config
    model = bench.data / config.runs[run].model
    checkpoint = Checkpoint(model)
    decoding = run_decoding(config, run, bench.data)
    seeds = {False: decoding.sampling.seed}
    if config.nightly.new_samples and not decoding.sampling.greedy:
        seeds[True] = seed_for(decoding.sampling.seed, "night", bench.night)
    rows, stored, generated, engine = list[Row](), 0, 0, ""
    for fresh, seed in seeds.items():
        sampling = decoding.sampling.model_copy(update={"seed": seed})
        own = decoding.model_copy(update={"sampling": sampling})
        counts, verdicts = _answered(bench, run, model, checkpoint.digest, own, track)
        rows += night_rows(verdicts, bench.problems, fresh)
        stored, generated = stored + counts[0], generated + counts[1]
        engine = verdicts[0]["engine"]
    say(f"{run}: {stored} responses from the store, {generated} generated")
    made = RunMade(
        model=config.runs[run].model,
        weights=checkpoint.weights_digest,
        files=checkpoint.digest,
        control=config.control_of(run).identity(),
        asked=_asked(config, run),
        engine=engine,
    )
    return Evaluated(made, rows, stored, generated)


def _asked(config: Config, run: str) -> dict[str, Any]:
    said = config.runs[run].model_dump(mode="json", include={"level", "sampling"})
    return {key: value for key, value in said.items() if value is not None}


def _answered(
    bench: Bench, run: str, model: Path, digest: str, decoding: DecodingParams, track: Track
) -> tuple[tuple[int, int], list[Row]]:
    """Responses under one seed, from the store as far as it has them; their verdicts."""
    from l2s.generation.generate import Run, generate_responses
    from l2s.verification.io.graded_files import verify_file

    config = bench.config
    name = f"{run}-{decoding.sampling.seed}"
    responses, verdicts = (bench.work / f"{name}.{kind}.jsonl" for kind in ("responses", "verdicts"))
    counts = generate_responses(
        model,
        digest,
        [bench.data / "benchmarks" / f"{name}.jsonl" for name in config.measured()],
        responses,
        Run(run, decoding, config.control_of(run)),
        bench.store,
        track,
    )
    verify_file(responses, verdicts, grader=config.grading.grader, jobs=config.grading.jobs, track=track)
    return (counts.stored, counts.generated), read_rows(verdicts)
