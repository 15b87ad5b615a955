"""What the user gives a pipeline besides params.yaml: files of problems and of texts, and folders of models.

Nothing here needs the file to be right otherwise: a block of another form is passed over, since its own check says so.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from l2s.references import block

PROBLEMS = {"problems": ("benchmarks", ()), "sample": ("samples", ("problems",))}
"""Kinds of stages that read problems from one place: the block of their names, and where in an entry it is said."""
GATHERED = (("problems",), ("validation", "problems"), ("data", "develop"))
"""Where a training says which problems it reads."""


class Given(NamedTuple):
    """A file or folder of the user's own."""

    stage: str
    """That reads it, as DVC names it."""
    key: str
    """That names it in params.yaml."""
    path: Path
    source: str | None = None
    """Of problems: what they are in the form of."""


def given_paths(params: Any) -> Iterator[Given]:
    """Everything of the user's own that stages read by its path, whether it is there or not.

    Args:
        params: params.yaml as it stands, or with its defaults.
    """
    for name in block(params, "models"):
        model = block(params, "models", name)
        if model.get("source", "path") == "path":
            yield from _given("family", f"models.{name}.path", model.get("path"))
    for kind, (of, inner) in PROBLEMS.items():
        for name in block(params, of):
            yield from _problems(f"{kind}@{name}", params, of, name, *inner)
    for name in block(params, "training"):
        for inner in GATHERED:
            yield from _problems(f"gather@{name}", params, "training", name, *inner)
    for name in block(params, "calibration"):
        texts = block(params, "calibration", name).get("texts")
        if texts != "family":
            yield from _given(f"calibrate@{name}", f"calibration.{name}.texts", texts)


def _problems(stage: str, params: Any, *keys: str) -> Iterator[Given]:
    found = block(params, *keys)
    yield from _given(stage, ".".join((*keys, "path")), found.get("path"), found.get("source"))


def _given(stage: str, key: str, path: Any, source: Any = None) -> Iterator[Given]:
    if isinstance(path, str):
        yield Given(stage, key, Path(path), source if isinstance(source, str) else None)
