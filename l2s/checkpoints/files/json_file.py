"""The JSON files of a model folder: an object each, from whoever made the folder."""

import json
from pathlib import Path
from typing import Any

from l2s.core.errors import CheckpointError


def read_object(file: Path) -> dict[str, Any]:
    """A JSON file that holds an object.

    Raises:
        CheckpointError: no such file, or something else in it.
    """
    try:
        text = file.read_text(encoding="utf-8")
        content = json.loads(text)
        if "\\u" in text:  # half a surrogate pair can be read, but not written again
            json.dumps(content, ensure_ascii=False).encode()
    except FileNotFoundError:
        raise CheckpointError(f"{file.parent}: no {file.name}") from None
    except UnicodeEncodeError:
        raise CheckpointError(
            f"{file}: holds half a surrogate pair, which is no text; fetch {file.name} again"
        ) from None
    except RecursionError:
        raise CheckpointError(f"{file}: brackets are nested too deep; fetch {file.name} again") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file}: cannot be read as JSON: {error}; fetch {file.name} again") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{file}: expected a JSON object, found {type(content).__name__}")
    return content


def section(config: object, key: str) -> dict[str, Any]:
    """The object under a key; an empty one where there is none, or something else."""
    found = config.get(key) if isinstance(config, dict) else None
    return found if isinstance(found, dict) else {}
