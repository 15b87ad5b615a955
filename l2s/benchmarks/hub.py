"""Hub: a published file from the hub's cache, or fetched into it."""

from pathlib import Path

from l2s.benchmarks.source import Hub
from l2s.core.errors import RecordError


def hub_file(found: Hub) -> Path:
    """The file at its revision, from the cache where it lies there.

    Raises:
        RecordError: it is neither in the cache nor to be reached; says how to get it.
    """
    from huggingface_hub import constants, hf_hub_download  # not needed where all benchmarks are local
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    if found.revision is None:
        raise RecordError(f"{found.repository}: no revision is pinned; give 'revision', a commit of that data set")
    try:
        return Path(hf_hub_download(found.repository, found.file, repo_type="dataset", revision=found.revision))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        reason = str(error).split("\n", 1)[0].split(". ", 1)[0]
        raise RecordError(
            f"{found.repository}/{found.file}@{found.revision}: neither in the Hugging Face cache "
            f"({constants.HF_HUB_CACHE}) nor to be fetched ({reason}); where there is a network: hf download "
            f"--repo-type dataset {found.repository} {found.file} --revision {found.revision}; or give 'path'"
        ) from None
