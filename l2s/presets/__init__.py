"""Presets: whole params.yaml files for the settings of the papers, and a small one for a first look."""

from importlib.resources import files
from pathlib import Path

from l2s.core.errors import ConfigError
from l2s.core.params import nearest


def preset_names() -> list[str]:
    """Names of all presets, sorted."""
    return sorted(file.name.removesuffix(".yaml") for file in files(__name__).iterdir() if file.name.endswith(".yaml"))


def preset_path(name: str) -> Path:
    """A preset's file.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in preset_names():
        hint = nearest(name, preset_names())
        known = f" (presets: {', '.join(preset_names())})" if "did you mean" in hint else ""
        raise ConfigError(f"preset: '{name}' is not known{hint}{known}")
    return Path(__file__).with_name(f"{name}.yaml")


def read_preset(name: str) -> str:
    """A preset's text, comments included.

    Raises:
        ConfigError: there is none of that name.
    """
    return preset_path(name).read_text(encoding="utf-8")


PROJECT = {
    "dvc.yaml": "stages.yaml",
    "prefect.yaml": "prefect.yaml",
    ".gitignore": "gitignore",
    ".dvcignore": "dvcignore",
    "flows/stage.sh": "stage.sh",
    ".dvc/plots/levels.json": "plots/levels.json",
    ".dvc/plots/runs.json": "plots/runs.json",
}
"""The files of a project besides params.yaml, and what they are called here."""


def project_files() -> dict[str, str]:
    """Texts of a project's files, by their places in it."""
    return {place: _of_project(name) for place, name in PROJECT.items()}


def project_config() -> str:
    """The project's settings of DVC."""
    return _of_project("config")


def _of_project(name: str) -> str:
    return (files(__name__) / "project" / name).read_text(encoding="utf-8")
