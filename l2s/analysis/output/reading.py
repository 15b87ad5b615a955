"""Reading: summary.json as it was written, with no package of tables where its rows need no check."""

import json
from pathlib import Path
from typing import Any

from l2s.core.errors import RecordError


def read_summary(path: Path, *, check: bool = True) -> dict[str, Any]:
    """What summary.json holds.

    Args:
        path: of the file.
        check: look at its rows; a file that the pipeline has just found to be as it wrote it needs none.

    Raises:
        RecordError: it is missing or not a summary.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if check:
            from l2s.records import Summary, table_of

            table_of(content["rows"], Summary, str(path))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file; run the analysis first (l2s run analyse)") from None
    except (ValueError, KeyError) as error:
        raise RecordError(f"{path}: not a summary ({error})") from None
    return content
