"""Packages that come with an extra: one that is missing is one sentence, which names the extra."""

from collections.abc import Iterator
from contextlib import contextmanager

from l2s.core.errors import L2SError

EXTRAS = {
    "torch": "torch",
    "transformers": "generate",
    "tokenizers": "generate",
    "trl": "train",
    "peft": "train",
    "accelerate": "train",
    "datasets": "train",
    "optuna": "search",
    "cmaes": "search",
    "vllm": "vllm",
    "jinja2": "report",
    "matplotlib": "report",
    "PIL": "report",
    "vl_convert": "report",
    "prefect": "pipeline",
    "dvc": "pipeline",
    "psutil": "pipeline",
    "prefect_dask": "dask",
    "prefect_ray": "ray",
    "rocrate": "crate",
}
"""Names of packages as they are imported, and the extra of pyproject.toml that first brings each."""


class MissingExtra(L2SError, ImportError):
    """What was asked for needs packages that are not installed."""


@contextmanager
def naming_extras(what: str, extra: str | None = None) -> Iterator[None]:
    """Around the work of a command or a function: a package that is missing is said by its extra.

    Args:
        what: what is done, for the sentence, e.g. ``l2s run``.
        extra: the one that holds all it needs; default: the first that has the package.

    Raises:
        MissingExtra: a package of an extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        found = EXTRAS.get((error.name or "").partition(".")[0])
        if found is None:
            raise
        extra = extra or found
        raise MissingExtra(f"{what} needs the extra '{extra}': pip install 'l2s[{extra}]'") from error
