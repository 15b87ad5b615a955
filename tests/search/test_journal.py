from pathlib import Path

import pytest

from l2s.core.errors import ConfigError, RecordError
from l2s.search.journal import Journal, kept, key_of, restored
from l2s.search.outcome import Outcome
from tests.search.simulated import problems


def test_outcomes_come_back() -> None:
    rows = problems(3)
    outcomes = [Outcome("0", True, 7), Outcome("1", False, 0), Outcome("2", True, 12)]
    assert restored(kept(outcomes), rows) == outcomes


def test_rows_of_earlier_runs_are_found_wherever_the_last_one_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    with Journal(path) as journal:
        journal.add({"one": [[1, 2]], "two": "digest"})
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        with Journal(path) as journal:
            assert journal.get("one") == ([[1, 2]] if end >= first else None)
            assert journal.get("two") == ("digest" if end == len(whole) else None)
            journal.add({"three": 3})
        with Journal(path) as journal:
            assert journal.get("three") == 3


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"key": 1}', b"\xff", b"3", b""])
def test_a_damaged_line_is_one_sentence(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"key": "a", "found": 1}\n' + line + b'\n{"key": "b", "found": 1}\n')
    with pytest.raises(RecordError, match=r"a\.jsonl: line 2 is damaged; .*delete the file"):
        Journal(path)


def test_a_key_is_of_all_that_outcomes_depend_on() -> None:
    rows = problems(2)
    changed = [rows[0], rows[1] | {"gold": "2"}]
    asked = [("i", "a", rows), ("j", "a", rows), ("i", "b", rows), ("i", "a", rows[:1]), ("i", "a", changed)]
    assert len({key_of(*one) for one in asked}) == len(asked)
    assert key_of(*asked[0]) == key_of("i", "a", [row | {"level": 9} for row in rows])


def test_a_journal_is_for_one_process(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.jsonl"), pytest.raises(ConfigError, match="another process runs this search"):
        Journal(tmp_path / "a.jsonl")
    with Journal(tmp_path / "a.jsonl"):
        pass
