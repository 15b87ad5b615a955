"""The stage ``gather@<training>``: what a training reads, none of it in a benchmark, in a folder of its own."""

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, Say, Stage


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Copy its samples and draw its problems; refuse those that benchmarks hold."""
    from l2s.records import read_rows
    from l2s.training.gathered import check_apart, gather

    samples = {sample: DATA / "samples" / f"{sample}.jsonl" for sample in config.samples}
    found = gather(config.training[name], samples, DATA / "gathered" / name, f"training.{name}")
    check_apart(found, [DATA / "benchmarks" / f"{benchmark}.jsonl" for benchmark in config.benchmarks])
    counts = {path.stem: len(read_rows(path)) for path in [*found.samples.values(), found.problems] if path}
    say("; ".join(f"{count} rows of {what}" for what, count in counts.items()))


def reads(config: Config, name: str) -> dict[str, set[str]]:
    """The samples that the training names, and the benchmarks that must hold none of its problems."""
    return {"data/samples": set(config.training[name].sources), "data/benchmarks": set(config.benchmarks)}


STAGE = Stage("gather", work, names=lambda config: config.training, reads=reads)
