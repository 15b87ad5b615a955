"""Outcome: what a comparison of an answer with the gold answer can end in."""

from typing import Literal

Outcome = Literal["correct", "incorrect", "unparsed", "limit"]
"""``unparsed``: one side is not a formula as a whole; ``limit``: too large to parse, or stopped while comparing."""
