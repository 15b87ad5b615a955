"""Work that is done while threads are waited for."""

import pytest

from flows.waiting import meanwhile, working
from l2s.errors import RecordError
from l2s.progress import silent


def test_work_is_done_once_after_the_first_item() -> None:
    told: list[object] = []
    with meanwhile(lambda: told.append("work")):
        for item in working(silent)([1, 2, 3], "label"):
            told.append(item)
    assert told == [1, "work", 2, 3]


def test_nothing_is_done_outside_of_the_block_or_without_a_loop() -> None:
    told: list[object] = []
    with meanwhile(lambda: told.append("work")):
        assert list(working(silent)([], "label")) == []
    assert list(working(silent)([1], "label")) == [1] and told == []


@pytest.mark.parametrize("error", [RecordError("no such file"), UnicodeDecodeError("utf-8", b"", 0, 1, "")])
def test_work_that_fails_does_not_end_the_loop(error: Exception) -> None:
    def fails() -> None:
        raise error

    with meanwhile(fails):
        assert list(working(silent)([1, 2], "label")) == [1, 2]


def test_a_loop_that_fails_leaves_no_work_behind() -> None:
    told: list[object] = []
    with pytest.raises(KeyError), meanwhile(lambda: told.append("work")):
        raise KeyError
    assert list(working(silent)([1], "label")) == [1] and told == []
