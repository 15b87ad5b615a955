"""Where the models of params.yaml come from: the embedded family, or folders of the user's own."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from l2s.benchmarks import arithmetic
from l2s.core.digests import digest_text, without_name
from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.files import replacing_folder
from l2s.core.params import nearest
from l2s.core.progress import Track, silent
from l2s.family.family import MODELS, train_family
from l2s.family.settings import FamilySettings


def resolve_models(
    paths: Mapping[str, Path | None],
    settings: FamilySettings,
    out: Path,
    work: Path,
    *,
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Make ``out/<name>`` for every model, and nothing else.

    Args:
        paths: model name to its folder; None for a model of the embedded family, which is trained.
        work: where training keeps its finished stages.

    Raises:
        ConfigError: a name the family does not have.
        CheckpointError: a path that is no model folder.
    """
    embedded = [name for name, path in paths.items() if path is None]
    for name in embedded:
        if name not in MODELS:
            raise ConfigError(f"models.{name}: the embedded family has no such model{nearest(name, MODELS)}")
    for name, path in paths.items():
        if path is not None and not (path / "config.json").is_file():
            raise CheckpointError(f"models.{name}.path: {path} is no model folder (no config.json there)")
    with replacing_folder(out) as folder:
        if embedded:
            kept = work / _recipe_digest(settings)
            train_family(settings, folder, kept, track=track, say=say)
            for name in set(MODELS) - set(embedded):
                shutil.rmtree(folder / name)
        for name, path in paths.items():
            if path is not None:
                _link(path, folder / name)


def _recipe_digest(settings: FamilySettings) -> str:
    """What the weights depend on: the settings, this code and torch; finished stages are kept under it."""
    sources = [*sorted(Path(__file__).parent.glob("*.py")), Path(arithmetic.__file__)]
    code = "".join(source.read_text(encoding="utf-8") for source in sources)
    return without_name(digest_text("\0".join([settings.model_dump_json(), torch.__version__, code])))[:16]


def _link(source: Path, target: Path) -> None:
    """The folder's files as hard links, or as copies where the file system forbids links."""
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        if file.is_file():
            try:
                os.link(file.resolve(), target / file.name)
            except OSError:
                shutil.copy2(file, target / file.name)
