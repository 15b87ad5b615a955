"""YAML files of the user's, read as DVC reads them, or refused in one sentence."""

from l2s.core.yaml.reading import parse_yaml, read_yaml
from l2s.core.yaml.writing import dump_yaml

__all__ = ["dump_yaml", "parse_yaml", "read_yaml"]
