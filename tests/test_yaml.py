"""The strict reader of YAML: what DVC reads is what we read, or the file is refused with its line."""

import random
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ruamel.yaml import YAML, YAMLError

from l2s.core.errors import ConfigError
from l2s.core.yaml import dump_yaml, parse_yaml, read_yaml
from l2s.core.yaml.words import no_name, unclear, value_of

ROOT = Path(__file__).resolve().parents[1]


def parsed(text: str | bytes) -> Any:
    return parse_yaml(text if isinstance(text, bytes) else text.encode(), "mega.yml")


def as_dvc_reads(text: str) -> Any:
    return YAML(typ="safe").load(text)


@pytest.mark.parametrize("file", ["params.yaml", "dvc.yaml", "prefect.yaml", *sorted(
    str(file.relative_to(ROOT)) for file in ROOT.glob("l2s/presets/*.yaml"))])  # fmt: skip
def test_our_own_files_are_read_as_dvc_and_pyyaml_do(file: str) -> None:
    text = (ROOT / file).read_text()
    assert read_yaml(ROOT / file) == as_dvc_reads(text) == yaml.safe_load(text)


def test_a_lock_is_read_as_dvc_does() -> None:
    text = (ROOT / "dvc.lock").read_text()
    assert read_yaml(ROOT / "dvc.lock", written_by_dvc=True) == as_dvc_reads(text)
    assert parse_yaml(b"a: no\nb: 2024-x\n", "dvc.lock", written_by_dvc=True) == {"a": "no", "b": "2024-x"}


WORDS = [
    "0", "-7", "+3", "12", "1.5", "1e-5", "1E5", "1.e3", "-.5", ".5", ".5e-1", "true", "False", "null", "~", "y", "n",
    "7b", "1-5", "3.2.1", "2024-x", "e5", "ties", ".inf", "1e999", "0.0",
]  # fmt: skip
TRAPS = [
    "yes", "No", "on", "OFF", "1:30", "1:30:59.5", "2024-01-01", "2024-1-1 10:00:00", "1_000", "1_0.5", "0o17", "017",
    "08", "0x1F", "0b101", ".5e1", "=", "<<", "-_", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_clear_word_is_what_dvc_takes_it_for(word: str) -> None:
    assert unclear(word) is None
    assert repr(parsed(f"a: {word}")) == repr(as_dvc_reads(f"a: {word}"))


@pytest.mark.parametrize("word", TRAPS)
def test_a_word_read_in_two_ways_is_to_be_quoted(word: str) -> None:
    with pytest.raises(ConfigError, match=r"mega\.yml: line 2: .*quote it"):
        parsed(f"x: 1\na: {word}")
    assert parsed(f"a: '{word}'") == {"a": word}, "quoted, it is text"


@pytest.mark.parametrize("word", [*TRAPS[:-3], "2024", "1.5", "1e5", "null", "~", "true"])
def test_a_name_that_is_no_text_is_to_be_quoted(word: str) -> None:
    with pytest.raises(ConfigError, match=r"mega\.yml: line 1: .*quote it: '"):
        parsed(f"{word}: 1")
    assert parsed(f"'{word}': 1") == {word: 1}


def test_random_words_are_what_dvc_reads_or_refused() -> None:
    draw = random.Random(0)
    told = 0
    for _ in range(3_000):
        word = "".join(draw.choices("00123789_.:eE+-xobnyYsNoOfF", k=draw.randint(1, 7)))
        try:
            dvc = as_dvc_reads(f"- {word}")
            ours = yaml.safe_load(f"- {word}")
        except (YAMLError, yaml.YAMLError, ValueError):
            continue  # one of them stumbles: whether we refuse it too is no question
        if word.endswith(":") or word == "-":
            continue  # a key, or an entry of a list
        if unclear(word) is not None:
            told += 1
            both = isinstance(dvc[0], str) and isinstance(ours[0], str)
            assert not both or word.startswith("."), f"{word} is text to both, and no number of YAML 1.2 such as .5e1"
            continue
        assert repr(value_of(word)) == repr(dvc[0]), word
        assert ours[0] == dvc[0] or isinstance(dvc[0], float), f"{word}: read otherwise by PyYAML"
        assert (no_name(word) is None) == isinstance(dvc[0], str)
    assert told > 30


REFUSED = {
    "a: 1\nb: 2\na: 3": "line 3: 'a' stands twice .first in line 1.",
    "r: {weight: 1, weight: 2}": "line 1: 'weight' stands twice",
    "'a': 1\na: 2": "line 2: 'a' stands twice",
    "a: !!python/object/apply:os.system [ls]": "line 1: the tag .*os.system is not taken",
    "a: !!str 5": "line 1: the tag",
    "!x {}": "line 1: the tag !x",
    "a: 1\n---\nb: 2": "line 2: a second document",
    "%YAML 1.1\n---\na: b": "directive",
    "a:\n\t- b": "line 2, column 1: a tab stands where the line is indented; indent by spaces",
    "a: \x00": "line 1 holds the control character",
    "a: 1\nb: \x1b[31m": "line 2 holds the control character",
    "? [a]\n: b": "line 1: a key that is no text",
    "? {a: 1}\n: b": "line 1: a key that is no text",
    "'': 1\n? \n: 2": "line 2: a name is missing",
    "a: *b": "line 1: .b names nothing",
    "a: &a [*a]": "stands inside of what it names",
    "x: {<<: 5}": "line 1: << takes a mapping",
    "x: &x {a: 1}\ny: {<<: *x, <<: *x}": "line 2: '<<' stands twice",
    "a: [": "not valid YAML: line 2, column 1",
    "a: 'b": "not valid YAML: line 1",
    "a: b: c": "not valid YAML: line 1, column 5",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_is_told_with_file_and_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^mega\.yml: .*") as told:
        parsed(text)
    assert "unicode string" not in str(told.value)
    with pytest.raises(ConfigError, match=REFUSED[text]):
        parsed(text)


@pytest.mark.parametrize("content", [b"\xff\xfea", "ä: 1".encode("latin-1"), "a: 1".encode("utf-16"), b"a: 1\nb: \xc3"])
def test_other_encodings_are_told(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"mega\.yml: line \d: is not UTF-8"):
        parsed(content)


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert parsed(b"\xef\xbb\xbfa: 1") == {"a": 1}


def bomb(width: int, depth: int, form: str) -> str:
    """Each line holds the one before ``width`` times."""
    lines = ["a0: &a0 {x: 1}"]
    for n in range(1, depth):
        before = f"*a{n - 1}"
        inner = ", ".join(f"k{w}: {before}" for w in range(width)) if form == "{}" else ", ".join([before] * width)
        lines.append(f"a{n}: &a{n} {form[0]}{inner}{form[1]}")
    return "\n".join(lines)


@pytest.mark.parametrize("text", [
    bomb(9, 12, "[]"), bomb(9, 12, "{}"), bomb(2, 60, "[]"), "[" * 100_000, "{a: " * 100_000, "- " * 100_000,
    "? " * 100_000, "a: [" + "1, " * 200_000 + "]", "\n".join(f"k{n}: 1" for n in range(200_000)), "x" * 5_000_000,
])  # fmt: skip
def test_bombs_are_refused_at_once(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(ConfigError, match=r"values, aliases|inside of one another|longer than|not valid"):
        parsed(text)
    assert time.process_time() - begun < 5


def test_aliases_and_merge_keys_are_read() -> None:
    text = "base: &b {x: 1, y: 2}\nother: &o {y: 5, w: 6}\nz: {<<: *b, y: 3}\nm: {<<: [*b, *o]}\nl: [*b, *b]\n"
    assert parsed(text) == as_dvc_reads(text) == yaml.safe_load(text)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        parsed("a: no\nb: {c: 1, c: 2}\n2024: x\nd: !t 1\n")
    assert [f"line {n}" in str(told.value) for n in (1, 2, 3, 4)] == [True] * 4


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_nothing(text: str) -> None:
    assert parsed(text) is None


def test_folders_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder; expected a YAML file"):
        read_yaml(tmp_path)
    with pytest.raises(ConfigError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="longer than"):
        read_yaml(Path("/dev/zero"))


def test_what_is_written_is_read_back_as_it_was() -> None:
    content = {"b": ["no", "1:30", "0o17", "1e3", 1e3, True, None, "é — 中", "a: b", ""], "a": {"yes": {"on": [[]]}}}
    text = dump_yaml(content)
    assert parse_yaml(text.encode(), "here") == content and text.startswith("b:") and "中" in text
