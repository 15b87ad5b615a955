"""What every test has: a cache folder of its own, engine auto as where vLLM is not installed, and the command.

With ``L2S_SHUFFLED`` set to a seed, folders are listed in an order drawn from it: a file system promises none.
``make test-shuffled`` sets it, and shuffles the tests as well.
"""

import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

L2s = Callable[..., tuple[int, str, str]]


@pytest.fixture
def l2s(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> L2s:
    """The command in this process: its exit code, and what it printed on both streams."""
    from flows.cli.app import entry

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["l2s", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            entry()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Iterator[int]]:
    """A folder for the caches of all tests, and their numbers: asking for a new folder by name lists all before it."""
    return tmp_path_factory.mktemp("caches"), count()


@pytest.fixture(autouse=True)
def own_cache(caches: tuple[Path, Iterator[int]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where digests of weight files are kept. What the first test that read our sources remembered of them, by their
    bytes, each further one has: it need not parse them."""
    all_of_them, numbers = caches
    folder, kept = all_of_them / str(next(numbers)), all_of_them / "sources.json"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    own = folder / "l2s" / kept.name
    if known := kept.exists():
        own.parent.mkdir(parents=True)
        own.hardlink_to(kept)  # written anew, never in place
    yield folder
    if not known and own.is_file():
        shutil.copyfile(own, kept)


def pytest_configure() -> None:
    """Whether vLLM is installed changes no test, nor a fixture that several share; its own tests name the engine."""
    os.environ["L2S_NO_VLLM"] = "1"
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a test worker has a core of its own
    if seed := os.environ.get("L2S_SHUFFLED"):
        shuffle_listings(int(seed))


def shuffle_listings(seed: int) -> None:
    """Have this process list every folder in a random order."""
    draw = random.Random(seed)
    os.listdir, os.scandir = _shuffled(os.listdir, draw), _scanned(os.scandir, draw)


def _shuffled(listed: Callable[..., list[Any]], draw: random.Random) -> Callable[..., list[Any]]:
    def listdir(*arguments: Any, **options: Any) -> list[Any]:
        found = listed(*arguments, **options)
        draw.shuffle(found)
        return found

    return listdir


def _scanned(scanned: Callable[..., Any], draw: random.Random) -> Callable[..., Any]:
    class Shuffled:
        """What ``os.scandir`` returns: an iterator and a context manager."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            with scanned(*arguments, **options) as entries:
                found = list(entries)
            draw.shuffle(found)
            self.entries = iter(found)

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            return next(self.entries)

        def __enter__(self) -> "Shuffled":
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

        def close(self) -> None:
            """Nothing is open any more."""

    return Shuffled
