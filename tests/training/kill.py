"""Trainings that are killed at random moments: ``python -m tests.training.kill METHOD START INPUTS OUT KILLS [SEED]``.

All libraries are imported once, and each training is a fork, killed (``kill -9``) after a random share of what a whole
one takes, and gone on with by the next fork. What is finished at last must be the bytes of the one that was not killed;
then another begins, until so many were killed. Every training has a number of threads of its own. Prints the kills.
"""

import importlib
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.training import small


def main() -> None:
    method, start, inputs, out, kills, *seed = sys.argv[1:]
    named = {name: Path(inputs) / f"{name}.jsonl" for name in small.FILES}
    for module in ("choice", "rollouts", small.named(method)):
        importlib.import_module(f"l2s.training.trainers.{module}")
    rng, whole = random.Random(f"{method} {seed}"), Path(out) / "whole"
    began = time.monotonic()
    assert forked(method, Path(start), named, whole, 1) == 0
    took, done, number = time.monotonic() - began, 0, 0
    while done < int(kills):
        place = Path(out) / str(number)
        delay = rng.uniform(0, took) if rng.random() < 0.8 else took * rng.random() ** 4  # now and then early on
        if forked(method, Path(start), named, place, rng.choice((1, 2)), delay) == signal.SIGKILL:
            done += 1
        else:
            assert small.contents(place) == small.contents(whole), f"{place} after {done} kills"
            number += 1
    assert forked(method, Path(start), named, place, 1) == 0
    assert small.contents(place) == small.contents(whole), f"{place} after {done} kills"
    print(f"{method}: {done} kills, {number + 1} trainings finished with the same bytes, {took:.1f} s each")


def forked(method: str, start: Path, inputs: dict[str, Path], out: Path, threads: int, delay: float = 1e6) -> int:
    """Train in a fork, killed after ``delay`` seconds; the signal that it ended by, 0 if it finished."""
    if (child := os.fork()) == 0:
        import torch

        torch.set_num_threads(threads)  # which changes no byte
        small.run(method, start, inputs, out)
        os._exit(0)
    ends = time.monotonic() + delay
    while (found := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < ends:
        time.sleep(0.005)
    if found[0] == 0:
        os.kill(child, signal.SIGKILL)
        found = os.waitpid(child, 0)
    if os.WIFEXITED(found[1]) and os.WEXITSTATUS(found[1]):
        raise SystemExit(f"{method} failed")
    return os.WTERMSIG(found[1]) if os.WIFSIGNALED(found[1]) else 0


if __name__ == "__main__":
    main()
