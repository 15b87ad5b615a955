"""What a source says: what changes it, and what does not."""

import ast
from pathlib import Path

import pytest

from l2s.core.errors import ConfigError
from l2s.lineage.meaning import Reading, read_source, said

SOURCE = '''"""A module."""
from os import path  # why


class A:
    """A class."""

    x: int = 1
    """A field."""

    def f(self, a, b=None):
        """A function."""
        return f"{a!r:>{b}} one" + "two"
'''
SAME = {
    "no comments": SOURCE.replace("  # why", ""),
    "other docstrings": SOURCE.replace("A module", "One").replace("A field", "Some").replace("A function", "Another"),
    "no docstrings": SOURCE.replace('"""A module."""', "").replace('"""A field."""', "").replace('"""A class."""', ""),
    "other quotes and lines": SOURCE.replace('"two"', "(\n            'two')").replace("a, b=None", "a,\n b = None,"),
    "pass": SOURCE.replace("        return", "        pass\n        return"),
}
OTHER = {
    "a value": SOURCE.replace("int = 1", "int = 2"),
    "a kind of value": SOURCE.replace("int = 1", "int = True"),
    "a text": SOURCE.replace("two", "three"),
    "a name": SOURCE.replace("class A", "class B"),
    "a default": SOURCE.replace("b=None", "b"),
    "an import": SOURCE.replace("import path", "import sep"),
    "a conversion": SOURCE.replace("a!r", "a!s"),
}


def meaning(text: str) -> str:
    return read_source(text.encode(), Path("l2s/x.py"), "l2s").meaning


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_what_does_not_change_it(text: str) -> None:
    assert text != SOURCE and meaning(text) == meaning(SOURCE)


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER.keys())
def test_what_changes_it(text: str) -> None:
    assert text != SOURCE and meaning(text) != meaning(SOURCE)


def test_fields_that_another_python_adds_empty_say_nothing() -> None:
    """Python 3.12 gives functions and classes ``type_params``."""
    tree = ast.parse(SOURCE)
    before = said(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node._fields = (*type(node)._fields, "type_params")
            node.type_params = []  # type: ignore[attr-defined, unused-ignore]
    assert said(tree) == before


def test_the_text_of_a_tree_is_the_same_everywhere() -> None:
    """Written down once: code.lock must be the same on every machine and under every Python."""
    assert said(ast.parse("x = f(1, *a)\nif x: pass")) == (
        "Module(body=[Assign(targets=[Name(id='x'),]value=Call(func=Name(id='f')"
        "args=[Constant(value=1),Starred(value=Name(id='a')),])),If(test=Name(id='x')body=[]),])"
    )


def test_what_was_read_is_remembered_by_its_bytes(tmp_path: Path) -> None:
    memory, file = tmp_path / "memory.json", tmp_path / "l2s" / "x.py"
    file.parent.mkdir()
    for text in (SOURCE, SOURCE.replace("= 1", "= 2")):
        file.write_text(text)
        for _ in range(2):
            reading = Reading(tmp_path, memory)
            assert reading.source(file).meaning == meaning(text)
            assert reading.source(file).runs == ["os.path"]
            reading.keep()
    memory.write_text("no JSON")
    assert Reading(tmp_path, memory).source(file).meaning == meaning(SOURCE.replace("= 1", "= 2"))


def test_what_is_no_python_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x\.py: no Python that can be read"):
        read_source(b"def", Path("l2s/x.py"), "l2s")
