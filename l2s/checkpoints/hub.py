"""Models by their name on the hub, as far as they lie in this machine's cache; nothing is fetched."""

import re
from pathlib import Path

from l2s.core.errors import CheckpointError
from l2s.core.files import nearest_beside

NAME = re.compile(r"(?P<repository>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w./-]+))?")
"""``org/name`` or ``org/name@revision``."""


def cached_folder(reference: str) -> Path:
    """The folder of ``org/name[@revision]`` in the Hugging Face cache.

    Raises:
        CheckpointError: it is not there; says how to get it.
    """
    from huggingface_hub import constants, snapshot_download  # not needed where all models are folders
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    found = NAME.fullmatch(reference)
    assert found is not None, reference
    repository, revision = found["repository"], found["revision"]
    try:
        return Path(snapshot_download(repository, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        command = f"hf download {repository}" + (f" --revision {revision}" if revision else "")
        raise CheckpointError(
            f"{reference}: neither a folder nor in the Hugging Face cache ({constants.HF_HUB_CACHE})"
            f"{nearest_beside(Path(reference))}; download it first: {command}"
        ) from None
