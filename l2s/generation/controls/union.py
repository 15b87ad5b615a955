"""Every kind of control: the files of ``kinds/``, as one type that a block's ``kind`` chooses from."""

from typing import Annotated

from l2s.core.kinds import Kinds
from l2s.generation.controls import kinds
from l2s.generation.controls.control import Control

KINDS = Kinds(kinds, Control, block="{kind: budget, max_think: 512}", default="none")
"""The class of each kind by its name."""

AnyControl = Annotated[Control, KINDS]
"""A control of whatever kind."""

parse_control = KINDS.parse
