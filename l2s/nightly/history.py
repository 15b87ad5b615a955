"""History: all nights that were written, with what each measured."""

from pathlib import Path
from typing import NamedTuple

from l2s.core.errors import RecordError
from l2s.nightly.night import Night, night_names, read_night


class History(NamedTuple):
    """Nights, oldest first, and a sentence for each that cannot be read."""

    nights: list[Night]
    damaged: list[str]


def read_history(nights: Path, most: int = 60) -> History:
    """The last nights; a damaged one is named, and stops nothing."""
    found, damaged = list[Night](), list[str]()
    for name in night_names(nights)[-most:]:
        try:
            found.append(read_night(nights / name))
        except RecordError as error:
            damaged.append(str(error))
    return History(found, damaged)
