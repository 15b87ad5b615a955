"""Peers, each in an environment of its own, so that their dependencies never meet ours."""

import os
import subprocess
import sys
from pathlib import Path

MERGEKIT = "mergekit==0.1.5"
PYTHON = "L2S_MERGEKIT_PYTHON"
"""Environment variable: the python of an environment that has mergekit, if one is there already."""
CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"


class PeerError(Exception):
    """A peer cannot be had; the sentence says why."""


def find_mergekit(cache: Path) -> Path | None:
    """The python of mergekit's environment, if there is one: the one asked for, else the cache's."""
    asked = os.environ.get(PYTHON)
    python = Path(asked) if asked else cache / "mergekit" / "bin" / "python"
    return python if python.with_name("mergekit-yaml").is_file() else None


def install_mergekit(cache: Path) -> Path:
    """The python of mergekit's environment, which is made in ``cache`` if there is none.

    Raises:
        PeerError: pip could not install it.
    """
    found = find_mergekit(cache)
    if found is not None:
        return found
    folder = cache / "mergekit"
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    # torch first and pinned, so that nothing drags in another build of it with CUDA packages
    for package in ("torch", MERGEKIT):
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*command, "-c", str(CONSTRAINTS), package], capture_output=True, text=True)
        if done.returncode:
            raise PeerError(f"pip could not install {package} into {folder}: {done.stderr.strip()[-2000:]}")
    return python
