"""YAML files of the user's."""

from pathlib import Path
from typing import Any

import yaml

from l2s.errors import ConfigError


def read_yaml(path: Path) -> Any:
    """A YAML file as plain values.

    Raises:
        ConfigError: no such file, or not YAML; with the line.
    """
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def _parsed(text: str) -> Any:
    """By libyaml where PyYAML has it, ten times faster; PyYAML's own parser shows better where an error is."""
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.safe_load(text)
