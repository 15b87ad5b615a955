"""Did a control act? By kind, from a response's own columns."""

from typing import Any

import pytest

from l2s.records.acted import Spent, acted_on, share_acted_on


@pytest.mark.parametrize(
    ("kind", "control", "response", "acted"),
    [
        ("budget", {"max_think": 4}, ("stop", 0, 9, 9), False),
        ("budget", {"max_think": 4}, ("stop", 3, 9, 9), False),
        ("budget", {"max_think": 4}, ("control", 4, 9, 9), True),
        ("budget", {"max_think": 4}, ("length", 4, 9, 9), True),
        ("budget", {"max_think": 0}, ("stop", 0, 9, 9), False),
        ("budget", {"max_think": 0}, ("control", 0, 9, 9), True),
        ("budget", {"value": 4.0}, ("length", 4, 9, 9), True),
        ("min_think", {"min_think": 4}, ("stop", 9, 9, 9), False),
        ("min_think", {"min_think": 4}, ("stop", 9, 10, 9), True),
        ("early_exit", {}, ("stop", 9, 9, 9), False),
        ("early_exit", {}, ("stop", 9, 19, 9), True),
        ("entropy_stop", {}, ("control", 9, 19, 9), True),
        ("entropy_stop", {}, ("stop", 9, None, 9), None),
        ("eot_temperature", {"value": 3.0}, ("stop", 0, 9, 9), False),
        ("eot_temperature", {"value": 3.0}, ("stop", 2, 9, 9), True),
        ("eot_temperature", {"value": 3.0, "min_think": 5}, ("stop", 2, 9, 9), False),
        ("fractured", {}, ("stop", 0, 9, 9), False),
        ("prompt", {}, ("stop", 0, 9, 9), True),
        ("no_think", {}, ("stop", 0, 9, 9), True),
        ("prompt", {"max_think": 3}, ("stop", 0, 9, 9), True),
        ("budget", {"max_think": 4}, ("stop", None, 9, 9), None),
        ("somebodys-own", {}, ("stop", 0, 9, 9), None),
    ],
)
def test_by_kind(kind: str, control: dict[str, Any], response: tuple[Any, ...], acted: bool | None) -> None:
    assert acted_on(kind, control, Spent(*response)) == acted


def test_the_share_is_of_all_or_none_is_told() -> None:
    cut, free, odd = Spent("control", 4, 9, 9), Spent("stop", 0, 9, 9), Spent("stop", None, 9, 9)
    assert share_acted_on("budget", {"max_think": 4}, [cut, free, free, free]) == 0.25
    assert share_acted_on("budget", {"max_think": 4}, [cut, odd]) is None
    assert share_acted_on("none", {}, [free]) is None and share_acted_on("budget", {}, []) is None
