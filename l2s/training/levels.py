"""Levels: how long the reasoning shall be, as a line of the prompt asks for it."""

from typing import Literal

Level = Literal["short", "medium", "long"]
LEVELS: tuple[Level, ...] = ("short", "medium", "long")
