"""The response store: kills, two writers at once, damage, and clearing."""

import os
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import RecordError
from l2s.generation import generate as generate_module
from l2s.generation.engines.engine import Generated
from l2s.generation.generate import Counts, Run, generate_responses
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import Written
from l2s.generation.settings import DecodingParams
from l2s.generation.store import care as store_care
from l2s.generation.store.store import Origin, ResponseStore, Stored
from l2s.records import read_rows, write_rows
from l2s.templates import ChatTemplate

ORIGIN = Origin("slow", "blake3:aa", "transformers 5")


def response(number: int) -> Stored:
    return Stored([number, number + 1], "stop", True, number % 7, 2 + number % 3, "max_tokens" if number % 2 else None)


def filled(path: Path, numbers: Sequence[int], origin: Origin | None = ORIGIN) -> Path:
    """Responses in a store; without an origin, as a version before digests kept them."""
    with ResponseStore(path) as store:
        for number in numbers:
            store.put(bytes([number]) * 32, response(number), origin or ORIGIN)
            if origin is None:
                store.connection.execute("DELETE FROM origins WHERE key = ?", (bytes([number]) * 32,))
    return path


class SlowEngine:
    """Answers with its prompt, a response in two milliseconds; tells through a pipe what must by now be stored."""

    name = "slow engine 1"
    notes = ()

    def __init__(self, told: int | None) -> None:
        self.told = told

    def generate(self, prompts: Sequence[Prompt], *settings: Any) -> Iterator[Generated]:
        for index, prompt in enumerate(prompts):
            time.sleep(0.002)
            yield Generated(index, [*prompt.ids, 9], "stop", True, 0, 3)
            if self.told is not None:  # asked for the next: this one is stored
                os.write(self.told, b".")


class Words:
    """Ids as numbers, a word each."""

    digest = "none"

    def __init__(self, model: Path) -> None:
        self.template = ChatTemplate(None)

    def prompt(self, problem: str, params: Any) -> Written:
        return Written(problem, [int(word) for word in problem.split()], False, False)

    def text(self, ids: list[int]) -> str:
        return " ".join(map(str, ids))

    def length(self, text: str) -> int:
        return len(text.split())


def answer(folder: Path, out: str, told: int | None = None) -> Counts:
    generate_module.load_engine = lambda *_, **__: SlowEngine(told)  # type: ignore[assignment]
    generate_module.ModelTokenizer = Words  # type: ignore[assignment,misc]
    return generate_responses(
        Path("model"), "blake3:aa", [folder / "problems.jsonl"], folder / out, Run("r", DecodingParams()),
        folder / f"{out}.sqlite",
    )  # fmt: skip


@pytest.mark.long
def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("load_engine", "ModelTokenizer"):  # put back afterwards
        monkeypatch.setattr(generate_module, name, getattr(generate_module, name))
    rows = [{"benchmark": "b", "id": str(n), "problem": f"{n} {n + 1}", "gold": "1"} for n in range(400)]
    write_rows(tmp_path / "problems.jsonl", rows)
    assert answer(tmp_path, "whole.jsonl") == Counts(0, 400)
    draw, kills, told = random.Random(0), 0, 0
    while kills < 20:
        heard, speak = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                answer(tmp_path, "killed.jsonl", speak)
            finally:
                os._exit(0)
        os.close(speak)
        time.sleep(draw.uniform(0.005, 0.03))
        os.kill(child, signal.SIGKILL)
        kills += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        while said := os.read(heard, 4096):
            told += len(said)
        os.close(heard)
        with ResponseStore(tmp_path / "killed.jsonl.sqlite") as store:
            (kept,) = store.connection.execute("SELECT count(*) FROM responses").fetchone()
        assert kept >= told, "a finished response was lost"
        assert kept <= told + kills, "a response was generated twice"
        if (tmp_path / "killed.jsonl").exists():
            break
    assert kills == 20, "it was finished before it could be killed so often"
    counts = answer(tmp_path, "killed.jsonl")
    assert counts.stored >= told and counts.stored + counts.generated == 400
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert len({row["id"] for row in read_rows(tmp_path / "killed.jsonl")}) == 400
    assert not store_care.verify(tmp_path / "killed.jsonl.sqlite").damaged


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    children = []
    for start in (0, 60):
        child = os.fork()
        if child == 0:
            try:
                filled(tmp_path / "s", range(start, start + 100))
            except BaseException:
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    with ResponseStore(tmp_path / "s") as store:
        found = store.find([bytes([n]) * 32 for n in range(160)])
    assert found == {bytes([n]) * 32: response(n) for n in range(160)}


@pytest.mark.parametrize(
    "damage",
    [
        "ids = '[1,2]'", "ids = '[1,'", "finish = 'length'", "closed = 0", "think_tokens = think_tokens + 1",
        "tokens = tokens + 1", "cut_by = 'context'",
    ],
)  # fmt: skip
def test_a_changed_row_is_found_and_mended(damage: str, tmp_path: Path) -> None:
    path = filled(tmp_path / "s", range(5))
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE responses SET {damage} WHERE key = ?", (bytes([3]) * 32,))
    connection.close()
    assert store_care.verify(path).damaged == ["03" * 32]
    assert store_care.verify(path, mend=True).damaged == ["03" * 32]
    assert store_care.verify(path) == (4, 0, [], [])


def test_a_file_that_is_no_store_is_said_in_a_sentence_and_kept(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"my thesis " * 1000)
    with pytest.raises(RecordError, match="is no response store; name another file"):
        ResponseStore(tmp_path / "s")
    assert (tmp_path / "s").read_bytes() == b"my thesis " * 1000
    with pytest.raises(RecordError, match="no such response store"):
        store_care.info(tmp_path / "none")


def test_info_counts_by_model_and_engine(tmp_path: Path) -> None:
    path = filled(tmp_path / "s", range(5))
    filled(path, range(5, 8), Origin("quick", "blake3:bb", "vllm 0.32"))
    filled(path, range(8, 10), None)
    found = store_care.info(path)
    assert [(g.model, g.engine, g.responses) for g in found.groups] == [
        (store_care.UNKNOWN, "", 2), ("quick", "vllm 0.32", 3), ("slow", "transformers 5", 5),
    ]  # fmt: skip
    assert found.responses == 10 and found.groups[2].tokens == sum(response(n).tokens for n in range(5))


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ({"engine": "vllm"}, 7),
        ({"weights": ("blake3:a",)}, 5),
        ({"weights": ("aa",)}, 5),
        ({"weights": ("sha256:aa", "blake3:bb")}, 7),
        ({"weights": ("blake3:a",), "engine": "vllm"}, 10),
        ({"unused_days": 0.0}, 2),
        ({"unused_days": 1.0}, 10),
        ({"unknown": True}, 8),
    ],
)
def test_prune_drops_what_all_conditions_hold_for(conditions: dict[str, Any], left: int, tmp_path: Path) -> None:
    path = filled(tmp_path / "s", range(5))
    filled(path, range(5, 8), Origin("quick", "blake3:bb", "vllm 0.32"))
    filled(path, range(8, 10), None)
    assert store_care.prune(path, dry=True, **conditions) == 10 - left and store_care.info(path).responses == 10
    assert store_care.prune(path, **conditions) == 10 - left
    assert store_care.info(path).responses == left and not store_care.verify(path).damaged


def test_prune_without_a_condition_drops_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path / "s", range(5))
    with pytest.raises(RecordError, match="say what to drop"):
        store_care.prune(path)
    assert store_care.info(path).responses == 5


def test_use_is_noted(tmp_path: Path) -> None:
    path = filled(tmp_path / "s", range(2))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE origins SET used = 1000, made = 1000")
    connection.close()
    with ResponseStore(path) as store:
        store.find([bytes([1]) * 32])
    assert store_care.prune(path, unused_days=30) == 1
    with ResponseStore(path) as store:
        assert list(store.find([bytes([n]) * 32 for n in range(2)])) == [bytes([1]) * 32]


def words(number: int) -> Stored:
    return Stored([number * 7 + n for n in range(40 + number)], "stop", True, number % 7, 60 + number, None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("store") / "s"
    with ResponseStore(path) as store:
        for number in range(60):
            store.put(bytes([number]) * 32, words(number), ORIGIN)
    return path.read_bytes()


@pytest.mark.parametrize("flips", [1, 5, 200])
def test_no_damaged_response_is_served(flips: int, whole: bytes, tmp_path: Path) -> None:
    """Two hundred files with one flipped bit, and some with many: what is served is what was stored."""
    draw, path, served, refused = random.Random(flips), tmp_path / "s", 0, 0
    for _ in range(200 if flips == 1 else 40):
        content = bytearray(whole)
        for _ in range(flips):
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)
        for beside in ("s-wal", "s-shm"):
            (tmp_path / beside).unlink(missing_ok=True)
        try:
            with ResponseStore(path) as store:
                found = store.find([bytes([n]) * 32 for n in range(60)])
        except RecordError as error:
            refused += 1
            assert "\n" not in str(error) and str(error).startswith(str(path))
            continue
        served += len(found)
        assert all(found[key] == words(key[0]) for key in found)
    if flips == 1:
        assert refused < 100 and served > 60 * 80


def test_a_damaged_file_is_mended_into_a_new_one(whole: bytes, tmp_path: Path) -> None:
    path, size, mended = tmp_path / "s", 4096, 0
    for page in range(2, len(whole) // size):
        path.write_bytes(whole[: page * size] + b"\xff" * size + whole[(page + 1) * size :])
        found = store_care.verify(path, mend=True)
        if not found.file:
            continue
        mended += 1
        assert not store_care.verify(path).file and not store_care.verify(path).damaged
        with ResponseStore(path) as store:
            kept = store.find([bytes([n]) * 32 for n in range(60)])
        assert all(kept[key] == words(key[0]) for key in kept)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["s"]
    assert mended > 2


def test_only_the_owner_may_read_a_store(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with ResponseStore(tmp_path / "s") as store:
            store.put(bytes(32), response(1), ORIGIN)
            assert {(f.name, f.stat().st_mode & 0o777) for f in tmp_path.iterdir()} == {
                ("s", 0o600), ("s-wal", 0o600), ("s-shm", 0o600),
            }  # fmt: skip
            (tmp_path / "s").chmod(0o644)
            (tmp_path / "s-wal").chmod(0o644)
            with ResponseStore(tmp_path / "s"):
                assert {f.stat().st_mode & 0o777 for f in tmp_path.iterdir()} == {0o600}
    finally:
        os.umask(before)


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mine") as connection:
        connection.execute("CREATE TABLE thesis (chapter TEXT)")
    connection.close()
    before, mode = (tmp_path / "mine").read_bytes(), (tmp_path / "mine").stat().st_mode
    with pytest.raises(RecordError, match=r"is a database of something else \(its tables: thesis\)"):
        ResponseStore(tmp_path / "mine")
    assert (tmp_path / "mine").read_bytes() == before and (tmp_path / "mine").stat().st_mode == mode


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    with ResponseStore(tmp_path / "s") as store:
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RecordError, match=r"s: the disk is full; free some space and run again: what is stored is"):
            for number in range(200):
                store.put(bytes([number]) * 32, words(number), ORIGIN)


def test_a_write_that_fails_says_so_and_keeps_what_was_stored(tmp_path: Path) -> None:
    """A limit on the size of files makes the write fail in the system, as a broken disk does."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        said = ""
        try:
            with ResponseStore(tmp_path / "s") as store:
                store.put(bytes(32), response(0), ORIGIN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
                for number in range(1, 250):
                    store.put(bytes([number]) * 32, words(number), ORIGIN)
        except RecordError as error:
            said = str(error)
        finally:
            os._exit(0 if "the disk failed to read or write" in said or "the disk is full" in said else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with ResponseStore(tmp_path / "s") as store:
        assert store.find([bytes(32)]) == {bytes(32): response(0)}


def test_a_store_that_cannot_be_written_to_says_so(tmp_path: Path) -> None:
    with ResponseStore(filled(tmp_path / "s", range(3))) as store:
        store.connection.execute("PRAGMA query_only = 1")
        with pytest.raises(RecordError, match="cannot be written to: file, folder or disk is read-only"):
            store.put(bytes([9]) * 32, response(9), ORIGIN)


def test_a_store_that_somebody_holds_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("l2s.generation.store.store.BUSY", 0.1)
    path = filled(tmp_path / "s", range(3))
    holder = sqlite3.connect(path)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordError, match="another process has held the response store"), ResponseStore(path) as store:
        store.put(bytes([9]) * 32, response(9), ORIGIN)
    holder.close()


@pytest.mark.parametrize("place", ["folder", "file/s", "/proc/nothing/s"])
def test_a_place_that_cannot_be_is_one_sentence(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordError, match=r"is a folder|cannot be opened or made there") as error:
        ResponseStore(tmp_path / place)
    assert "\n" not in str(error.value)
