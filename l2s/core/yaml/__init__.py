"""YAML files of the user's, read as DVC reads them, or refused in one sentence."""

from l2s.core.yaml.reading import parse_yaml, read_yaml

__all__ = ["parse_yaml", "read_yaml"]
