"""Values as YAML text, their keys in the order given."""

from typing import Any

import yaml

from l2s.core.yaml.words import unclear, value_of


class _Dumper(yaml.SafeDumper):
    """Quotes every text that a reader by YAML 1.2 might take for something else; PyYAML knows 1.1 alone."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = value_of(text) == text and unclear(text) is None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")


_Dumper.add_representer(str, _text)


def dump_yaml(content: Any) -> str:
    """A text that our own reader, DVC and PyYAML read alike."""
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text
