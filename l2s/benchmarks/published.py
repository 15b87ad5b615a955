"""Published: a benchmark's file, from the hub where it is none of the user's, and its rows as it has them."""

import csv
from pathlib import Path

from l2s.benchmarks.source import Hub
from l2s.core.errors import RecordError
from l2s.core.row import Row


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


def published_rows(path: Path) -> list[Row]:
    """Rows of a JSONL, CSV or Parquet file, by its ending (JSONL for any other).

    Raises:
        RecordError: there is no such file, or it is not of its kind.
    """
    if not path.is_file():
        raise RecordError(f"{path}: no such file; expected the benchmark as JSONL, CSV or Parquet")
    if path.suffix == ".csv":
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                return [dict(row) for row in csv.DictReader(file)]
        except (UnicodeDecodeError, csv.Error) as error:
            raise RecordError(f"{path}: no CSV in UTF-8: {error}") from None
    if path.suffix == ".parquet":
        import polars as pl

        try:
            return pl.read_parquet(path).to_dicts()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise RecordError(f"{path}: no Parquet file: {str(error).splitlines()[0]}") from None
    from l2s.records import read_rows

    return read_rows(path)
