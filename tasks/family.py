"""The stage ``family``: every model of params.yaml at ``data/models/<name>``."""

from pathlib import Path

from l2s.config import Config
from l2s.core.files import write_text
from l2s.core.progress import Track
from tasks.stage import DATA, HIDDEN, MODELS, Say, Stage


def work(config: Config, name: None, track: Track, say: Say) -> None:
    """Train the embedded models that are asked for; take the others from their paths."""
    from transformers.utils import logging

    from l2s.family.resolve import resolve_models
    from l2s.hub import HubModel, find_snapshot, place_hub_model
    from l2s.own_models import keep_out_of_git

    logging.disable_progress_bar()
    hub = {model: HubModel(params.name, params.revision) for model, params in config.models.items() if params.name}
    for source in hub.values():
        find_snapshot(source)  # before anything is replaced
    paths = {model: params.path for model, params in config.models.items() if model not in hub}
    resolve_models(paths, config.family, DATA / "models", HIDDEN / "family", track=track, say=say)
    for model, source in hub.items():
        commit = place_hub_model(source, DATA / "models" / model, config.models[model].config)
        say(f"{model}: {source.repository} at commit {commit}")
    own: dict[str, Path | None] = {model: path for model, path in paths.items() if path is not None}
    for folder in (DATA / "calibration", DATA / "samples", DATA / "trained", DATA / "searches"):
        if (
            not folder.is_dir()
        ):  # what merges, trainings and the analysis depend on is there, and in git, even where it holds nothing
            write_text(folder / ".gitignore", "")
    keep_out_of_git(DATA / "models", own | {model: find_snapshot(source) for model, source in hub.items()})


STAGE = Stage("family", work, libraries=MODELS)
