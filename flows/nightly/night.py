"""A night: measure the accepted models again, compare, write what was found, tell of a regression.

Nothing of the pipeline's outputs is touched: a night has rows and a page of its own. What was generated
before comes from the store, so that a night in which nothing changed takes seconds, and one that was killed
goes on where it was.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.config import Config
from l2s.core.digests import digest_file
from l2s.core.errors import ConfigError, RecordError
from l2s.core.files import replacing_folder, write_json, write_text
from l2s.core.progress import Track
from l2s.core.row import Row
from l2s.lineage.code import fingerprint
from l2s.nightly.comparison import REGRESSIONS, compare_nights, outcome_of
from l2s.nightly.history import History, read_history
from l2s.nightly.made import Change, Made, changes, library_versions, machine_of, with_todays_digests
from l2s.nightly.measured import measure, sentence_of
from l2s.nightly.night import (
    NIGHT,
    PAGE,
    ROWS,
    Night,
    next_name,
    read_accepted,
    read_night_rows,
    stamp,
    too_old,
)
from l2s.nightly.rows import NightRows, problem_digest, short_digest
from l2s.records import Problems, read_rows, table_of, write_rows
from tasks.nightly.evaluate import Bench, Evaluated, Say, evaluate
from tasks.running.observed import observed

FOLDER = "nightly"


def run_night(config: Config, data: Path, hidden: Path, now: datetime, track: Track, say: Say) -> Night:
    """One night, written to ``data/nightly/<night>/`` when it is whole.

    Args:
        config: what to measure, and how.
        data: folder of the pipeline's outputs.
        hidden: where store and work lie.
        now: when the night begins, UTC.

    Raises:
        RecordError: the accepted night is damaged: nothing is measured.
        ConfigError: a run's model or a benchmark is missing, or another night runs.
    """
    began = time.monotonic()
    nights = data / FOLDER
    with _alone(hidden / FOLDER):
        baseline = read_accepted(nights)
        runs = accepted_runs(config, data)
        _refuse_missing(config, data, runs)
        name = next_name(nights, now)
        work = hidden / FOLDER / name
        _clear(hidden / FOLDER, work)
        bench = _bench(config, data, hidden, work, name)
        evaluated = {run: _observed(bench, run, track, say) for run in runs}
        rows = [row for found in evaluated.values() for row in found.rows]
        night = _compared(bench, baseline, now, evaluated, rows)
        night = _write(night, rows, nights, began)
        for old in too_old(nights, config.nightly.keep):
            shutil.rmtree(nights / old, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
    return night


def accepted_runs(config: Config, data: Path) -> list[str]:
    """The runs that params.yaml names; else the slow model's and the one chosen on validation.

    Raises:
        ConfigError: neither says which.
    """
    if config.nightly.runs:
        return list(config.nightly.runs)
    from l2s.analysis.output.reading import read_summary

    named = "; name the accepted models in params.yaml: nightly.runs"
    if config.analysis.slow is None:
        raise ConfigError(f"params.yaml: analysis.slow names no run{named}")
    try:
        chosen = read_summary(data / "summary" / "summary.json")["chosen"]["run"]
    except RecordError as error:
        raise ConfigError(f"which recipe was chosen is not known ({error}){named}") from None
    return list(dict.fromkeys([config.analysis.slow, *([chosen] if chosen in config.runs else [])]))


def news_of(night: Night, page: Path) -> dict[str, Any]:
    """What a hook is told."""
    return {
        "night": night.night,
        "outcome": night.outcome,
        "sentence": night.sentence,
        "baseline": night.baseline,
        "regressions": [row.model_dump() for row in night.compared if row.outcome in REGRESSIONS],
        "changes": [str(change) for change in night.changes],
        "report": str(page.resolve()),
    }


def page_of(data: Path, night: Night) -> Path:
    """A night's page."""
    return data / FOLDER / night.night / PAGE


def _observed(bench: Bench, run: str, track: Track, say: Say) -> Evaluated:
    """One run, as a Prefect task where an API is configured."""
    found: list[Evaluated] = []
    observed(f"nightly@{run}", lambda track, say: found.append(evaluate(bench, run, track, say)), track, say)
    return found[0]


def _bench(config: Config, data: Path, hidden: Path, work: Path, name: str) -> Bench:
    problems = {
        (row["benchmark"], row["id"]): problem_digest(row)
        for benchmark in config.measured()
        for row in read_rows(data / "benchmarks" / f"{benchmark}.jsonl", Problems)
    }
    return Bench(config, data, work, hidden / "responses.sqlite", problems, name)


def _compared(
    bench: Bench, baseline: Night | None, now: datetime, evaluated: dict[str, Evaluated], rows: list[Row]
) -> Night:
    """The night but for how long it took and the digest of its rows."""
    made, settings = _made(bench, evaluated), bench.config.nightly
    frame = table_of(rows, NightRows, f"night {bench.night}")
    changed: list[Change] = []
    compared = []
    if baseline is not None:
        models = {run: Checkpoint(bench.data / found.made.model) for run, found in evaluated.items()}
        changed = changes(with_todays_digests(baseline.made, models), made)
        compared = compare_nights(read_night_rows(bench.data / FOLDER / baseline.night), frame, changed, settings)
    outcome = outcome_of(compared)
    return Night(
        night=bench.night,
        started=stamp(now),
        seconds=0.0,
        outcome=outcome,
        sentence=sentence_of(outcome, baseline.night if baseline else None, compared),
        baseline=baseline.night if baseline else None,
        stored=sum(found.stored for found in evaluated.values()),
        generated=sum(found.generated for found in evaluated.values()),
        measured=measure(frame, settings.confidence),
        compared=compared,
        changes=changed,
        made=made,
        rows="",
    )


def code_digest(kind: str, member: str) -> str:
    """Fingerprint of the code behind a kind of stage, by its meaning."""
    from tasks.running.code import Behind

    return fingerprint(Behind([]).code(kind, member).sources)


def _made(bench: Bench, evaluated: dict[str, Evaluated]) -> Made:
    config = bench.config
    decoding = config.decoding.model_dump(mode="json", exclude={"max_batch_size", "device"})
    benchmarks = {
        name: short_digest("".join(f"{key[1]}\0{digest}\0" for key, digest in bench.problems.items() if key[0] == name))
        for name in config.measured()
    }
    return Made(
        runs={run: found.made for run, found in evaluated.items()},
        benchmarks=benchmarks,
        decoding=decoding,
        grader={"name": config.grading.grader, "code": code_digest("verify", config.grading.grader)},
        generation=code_digest("generate", config.decoding.engine),
        libraries=library_versions(),
        machine=machine_of(config.decoding.device),
    )


def _write(night: Night, rows: Sequence[Row], nights: Path, began: float) -> Night:
    """Rows, page and night, in a folder that appears whole."""
    from l2s.nightly.page import night_page

    before = read_history(nights)
    with replacing_folder(nights / night.night) as folder:
        write_rows(folder / ROWS, rows, NightRows)
        seconds = round(time.monotonic() - began, 1)
        night = night.model_copy(update={"rows": digest_file(folder / ROWS), "seconds": seconds})
        write_text(folder / PAGE, night_page(night, History([*before.nights, night], before.damaged)))
        write_json(folder / NIGHT, night.model_dump(mode="json"))
    return night


def _clear(folder: Path, kept: Path) -> None:
    """Forget the work of nights that were killed: their responses are in the store."""
    for left in folder.iterdir():
        if left.is_dir() and left != kept:
            shutil.rmtree(left, ignore_errors=True)


def _refuse_missing(config: Config, data: Path, runs: Sequence[str]) -> None:
    """Everything that a night reads is there."""
    problems = [
        f"{data / config.runs[run].model}: missing, so run {run} cannot be measured; make it first: l2s run"
        for run in runs
        if not (data / config.runs[run].model / "config.json").is_file()
    ]
    problems += [
        f"{path}: no such file; make it first: l2s run problems"
        for name in config.measured()
        if not (path := data / "benchmarks" / f"{name}.jsonl").is_file()
    ]
    if problems:
        raise ConfigError("; ".join(problems))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other night runs here meanwhile.

    Raises:
        ConfigError: one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ConfigError(f"{folder}: another night is running here; wait for it to end") from None
    finally:
        os.close(lock)
