"""Presets: whole params.yaml files for the settings of the papers, and a small one for a first look."""

from importlib.resources import files

from l2s.errors import ConfigError
from l2s.params import nearest


def preset_names() -> list[str]:
    """Names of all presets, sorted."""
    return sorted(file.name.removesuffix(".yaml") for file in files(__name__).iterdir() if file.name.endswith(".yaml"))


def read_preset(name: str) -> str:
    """A preset's text, comments included.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in preset_names():
        hint = nearest(name, preset_names())
        known = f" (presets: {', '.join(preset_names())})" if "did you mean" in hint else ""
        raise ConfigError(f"preset: '{name}' is not known{hint}{known}")
    return (files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
