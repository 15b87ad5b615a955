"""The stage ``problems@<benchmark>``: a benchmark's problems and gold answers."""

from collections.abc import Mapping
from typing import Any

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, Say, Stage


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Write one benchmark's problems."""
    from l2s.benchmarks import write_problems

    count = write_problems(name, config.benchmarks[name], DATA / "benchmarks" / f"{name}.jsonl")
    say(f"{count} problems")


def repeats(parameters: Mapping[str, Any], name: str) -> bool:
    """Problems that are drawn; a file of the user's own may lie elsewhere by now."""
    source = parameters.get(f"benchmarks.{name}", {})
    return isinstance(source, dict) and source.get("source") == "arithmetic"


STAGE = Stage("problems", work, names=lambda config: config.benchmarks, repeats=repeats)
