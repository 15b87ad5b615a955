"""The stage ``problems@<benchmark>``: a benchmark's problems and gold answers."""

from collections.abc import Mapping
from pathlib import Path
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
    """Problems that are drawn, and those of a file that is found from anywhere in the same way."""
    source = parameters.get(f"benchmarks.{name}", {})
    if not isinstance(source, dict):
        return False
    path = source.get("path")
    return source.get("source") == "arithmetic" or (isinstance(path, str) and ".." not in Path(path).parts)


STAGE = Stage("problems", work, names=lambda config: config.benchmarks, repeats=repeats)
