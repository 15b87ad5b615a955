"""A prompt as an engine is given it."""

from typing import NamedTuple


class Prompt(NamedTuple):
    """What one response is generated from."""

    benchmark: str
    problem_id: str
    sample: int
    ids: list[int]
    opened: bool = False
    """The prompt leaves thinking open."""
    quoted: bool = False
    """It holds a thinking delimiter that is a text like any other: earlier versions took it for one."""
