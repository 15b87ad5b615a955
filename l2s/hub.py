"""Models of a hub at ``data/models/<name>``: links to the cache, so that no weight is there twice.

Where the cache lies on the same file system the files are hard links, which outlive a cleaned cache; elsewhere
they are symbolic links. Only ``L2S_DOWNLOAD=1`` in the environment lets a missing model be fetched: some
networks are closed, and some of these models have 65 GB.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from l2s.checkpoints import is_complete
from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.hub import cached_folder
from l2s.core.errors import CheckpointError
from l2s.core.files import replacing_folder, write_json

DOWNLOAD = "L2S_DOWNLOAD"
SOURCE = "l2s_source.json"
"""Beside the links: which repository, the revision that was asked for and the commit that was taken."""
IGNORED = ("*.bin", "*.pth", "*.pt", "*.gguf", "*.onnx", "*.msgpack", "*.h5", "original/*")
"""Not fetched: other formats of the same weights."""


class HubModel(NamedTuple):
    """A model of a hub."""

    repository: str
    """``org/name``."""
    revision: str | None = None

    @property
    def reference(self) -> str:
        """``org/name`` or ``org/name@revision``."""
        return self.repository + (f"@{self.revision}" if self.revision else "")


def place_hub_model(model: HubModel, folder: Path, config: Mapping[str, Any] | None = None) -> str:
    """Make ``folder`` the model, atomically; return the commit.

    Args:
        model: which.
        folder: replaced as a whole.
        config: keys of config.json that are to be otherwise; the file is then no link.

    Raises:
        CheckpointError: as :func:`find_snapshot`.
    """
    snapshot = find_snapshot(model)
    with replacing_folder(folder) as made:
        for file in sorted(snapshot.iterdir()):
            if file.is_file():
                _link(file.resolve(), made / file.name)
        if config:
            (made / "config.json").unlink()
            write_json(made / "config.json", {**read_object(snapshot / "config.json"), **config})
        about = {"repository": model.repository, "revision": model.revision, "commit": snapshot.name} | (
            {"config": dict(config)} if config else {}
        )
        write_json(made / SOURCE, about)
    return snapshot.name


def find_snapshot(model: HubModel) -> Path:
    """The model's folder in the cache, fetched if it is missing, or there in part, and may be.

    Raises:
        CheckpointError: it is neither there nor to be fetched; says how to get it.
    """
    allowed = os.environ.get(DOWNLOAD) == "1"
    try:
        folder = cached_folder(model.reference)
    except CheckpointError as error:
        if not allowed:
            raise CheckpointError(f"{error}; or let the stage fetch it: {DOWNLOAD}=1 in its environment") from None
        return _fetched(model)
    if is_complete(folder):
        return folder
    if not allowed:
        raise CheckpointError(
            f"{model.reference}: only a part of it is in the Hugging Face cache ({folder}); fetch the rest: "
            f"hf download {model.repository}{f' --revision {model.revision}' if model.revision else ''}; or let the "
            f"stage fetch it: {DOWNLOAD}=1 in its environment"
        )
    return _fetched(model)


def _fetched(model: HubModel) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(model.repository, revision=model.revision, ignore_patterns=list(IGNORED)))
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise CheckpointError(f"{model.reference}: cannot be downloaded: {reason}") from None


def _link(blob: Path, target: Path) -> None:
    try:
        os.link(blob, target)
    except OSError:  # another file system
        target.symlink_to(blob)
