"""The stage ``problems@<benchmark>``: a benchmark's problems and gold answers."""

from l2s.config import Config
from l2s.progress import Track
from tasks.stage import DATA, Say, Stage


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Write one benchmark's problems."""
    from l2s.benchmarks import write_problems

    count = write_problems(name, config.benchmarks[name], DATA / "benchmarks" / f"{name}.jsonl")
    say(f"{count} problems")


STAGE = Stage("problems", work, names=lambda config: config.benchmarks)
