"""Weights of the user's own models stay out of git: their folders are ignored, and files that git knows are links.

The embedded family's weights are in git, so that a clone does not train. A model of the user's own may have the same
name; git does not ignore a file that it knows, so a weight that stands in such a file's place is a symbolic link.
"""

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from l2s.core.files import write_text

IGNORED = ".gitignore"


def keep_out_of_git(models: Path, own: Mapping[str, Path | None]) -> None:
    """Write ``.gitignore`` for the folders of own models, and link weights that git would commit all the same.

    Args:
        models: the folder of all models.
        own: name of each model that is not the embedded family's, to the folder it comes from; None: its own links.
    """
    if not own:
        return
    lines = ["# Models of your own: DVC looks at them, git does not.", *(f"/{name}/" for name in sorted(own))]
    write_text(models / IGNORED, "\n".join(lines) + "\n")
    for file in _tracked(models, own):
        name = file.relative_to(models).parts[0]
        source = own[name]
        weights = (source / file.name) if source is not None else file
        if file.suffix == ".safetensors" and file.is_file() and not file.is_symlink() and weights != file:
            aside = file.with_name(f".{file.name}.link.partial")
            aside.unlink(missing_ok=True)
            aside.symlink_to(weights.resolve())
            os.replace(aside, file)


def _tracked(models: Path, names: Iterable[str]) -> list[Path]:
    """Files of these models that git knows; none where there is no git."""
    asked = ["git", "-C", str(models), "ls-files", "-z", "--", *sorted(names)]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return [models / name for name in found.stdout.split("\0") if name] if found.returncode == 0 else []
