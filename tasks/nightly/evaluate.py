"""One run of a night: answered with the engine and code of today, graded; shown in Prefect where one is configured."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from l2s.config import Config
from l2s.core.progress import Track
from l2s.core.row import Row
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
    fresh_seed: int | None
    """Of new samples; None where there are none."""


def evaluate(bench: Bench, run: str, track: Track, say: Say) -> Evaluated:
    """Answer every benchmark with one run's model under the accepted seeds, and under the night's own if it has one."""
    from l2s.checkpoints import Checkpoint

    config = bench.config
    model = bench.data / config.runs[run].model
    checkpoint = Checkpoint(model)
    seeds = {False: config.decoding.sampling.seed}
    if bench.fresh_seed is not None:
        seeds[True] = bench.fresh_seed
    rows, stored, generated, engine = list[Row](), 0, 0, ""
    for fresh, seed in seeds.items():
        counts, verdicts = _answered(bench, run, model, checkpoint.digest, seed, track)
        rows += night_rows(verdicts, bench.problems, fresh)
        stored, generated = stored + counts[0], generated + counts[1]
        engine = verdicts[0]["engine"]
    say(f"{run}: {stored} responses from the store, {generated} generated")
    made = RunMade(
        model=config.runs[run].model,
        weights=checkpoint.weights_digest,
        files=checkpoint.digest,
        control=config.control_of(run).identity(),
        engine=engine,
    )
    return Evaluated(made, rows, stored, generated)


def _answered(
    bench: Bench, run: str, model: Path, digest: str, seed: int, track: Track
) -> tuple[tuple[int, int], list[Row]]:
    """Responses under one seed, from the store as far as it has them; their verdicts."""
    from l2s.generation.generate import Run, generate_responses
    from l2s.verification.io.graded_files import verify_file

    config = bench.config
    sampling = config.decoding.sampling.model_copy(update={"seed": seed})
    responses, verdicts = (bench.work / f"{run}-{seed}.{kind}.jsonl" for kind in ("responses", "verdicts"))
    counts = generate_responses(
        model,
        digest,
        [bench.data / "benchmarks" / f"{name}.jsonl" for name in config.measured()],
        responses,
        Run(run, config.decoding.model_copy(update={"sampling": sampling}), config.control_of(run), bench.data),
        bench.store,
        track,
    )
    verify_file(responses, verdicts, grader=config.grading.grader, jobs=config.grading.jobs, track=track)
    return (counts.stored, counts.generated), read_rows(verdicts)
