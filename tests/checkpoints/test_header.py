"""Headers against the safetensors library: what it refuses is refused here, in one sentence."""

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError, safe_open

from l2s.checkpoints.files.header import read_header
from l2s.core.errors import CheckpointError

Header = dict[str, Any]


def header() -> Header:
    return {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
        "c": {"dtype": "F32", "shape": [0], "data_offsets": [32, 32]},
        "d": {"dtype": "I8", "shape": [], "data_offsets": [32, 33]},
    }


def write(file: Path, content: Header | bytes, data: int = 33) -> Path:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + bytes(data))
    return file


def library_refuses(file: Path) -> bool:
    try:
        with safe_open(file, framework="np"):
            return False
    except SafetensorError:
        return True


def offsets(first: int, last: int, name: str = "b") -> Callable[[Header], Header]:
    return lambda found: found | {name: found[name] | {"data_offsets": [first, last]}}


def of_b(**changes: Any) -> Callable[[Header], Header]:
    return lambda found: found | {"b": found["b"] | changes}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (offsets(0, 8), "b overlaps the header|a overlaps b"),
        (offsets(16, 24), "b overlaps a"),
        (offsets(25, 33), "1 bytes between a and b belong to no tensor"),
        (offsets(-8, 0), r"b: shape \[4\] and offsets \[-8, 0\] must be whole numbers"),
        (offsets(32, 24), "b: -8 bytes do not fill"),
        (of_b(data_offsets=[24.0, 32]), "must be whole numbers"),
        (of_b(data_offsets=[24, 32, 40]), "header cannot be read"),
        (of_b(data_offsets=[24, 2**80]), "do not fill"),
        (of_b(shape=[True, 4]), "must be whole numbers"),
        (of_b(shape=[-2, -2]), "must be whole numbers"),
        (of_b(shape="4"), "must be whole numbers"),
        (of_b(shape=None), "header cannot be read"),
        (of_b(dtype="bf16"), "dtype bf16 is not known"),
        (of_b(dtype=["BF16"]), "header cannot be read"),
        (of_b(dtype="F4", shape=[3]), "do not fill"),
        (lambda found: found | {"b": 3}, "header cannot be read"),
        (lambda found: found | {"b": {"dtype": "BF16"}}, "header cannot be read"),
        (lambda found: found | {"__metadata__": []}, "__metadata__ is not an object of strings"),
        (lambda found: found | {"__metadata__": {"format": 1}}, "__metadata__ is not an object of strings"),
        (lambda found: [found], "header cannot be read"),
        (lambda found: {}, "too long"),
    ],
)
def test_what_the_library_refuses_is_one_sentence(change: Any, sentence: str, tmp_path: Path) -> None:
    file = write(tmp_path / "x.safetensors", change(header()))
    assert library_refuses(file)
    with pytest.raises(CheckpointError, match=f"x.safetensors: .*({sentence}).*; fetch x.safetensors again") as caught:
        read_header(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"a": ' + b"[" * 100_000, "brackets are nested too deep"),
        (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "header cannot be read"),
        (b"", "header cannot be read"),
        (b'{"\xff": 1}', "header cannot be read"),
        (json.dumps(header()).replace('"a"', '"\\ud800"').encode(), "the safetensors library refuses it"),
        (json.dumps(header()).replace("[2, 3]", "[2, NaN]").encode(), "must be whole numbers"),
        (json.dumps(header()).encode("utf-16"), "header cannot be read"),
        (json.dumps(header()).replace('"c"', '"b"').encode(), "b stands there twice"),
        (json.dumps(header()).replace('"I8", ', '"I8", "dtype": "I8", ').encode(), "dtype stands there twice"),
    ],
)
def test_text_that_is_no_header_is_one_sentence(text: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        read_header(write(tmp_path / "x.safetensors", text))


def test_order_in_the_header_and_formats_that_no_merge_takes_do_not_matter(tmp_path: Path) -> None:
    found = dict(reversed(header().items())) | {"b": {"dtype": "F4", "shape": [16], "data_offsets": [24, 32]}}
    entries = read_header(write(tmp_path / "x.safetensors", found))
    assert {entry.name: entry.size for entry in entries} == {"a": 24, "b": 8, "c": 0, "d": 1}


def test_fuzzed_headers_are_taken_only_where_the_library_takes_them(tmp_path: Path) -> None:
    draw, taken, refused = random.Random(0), 0, 0
    for _ in range(600):
        text = bytearray(json.dumps(header()).encode())
        for _ in range(draw.choice((0, 1, 1, 2, 5))):
            place = draw.randrange(len(text))
            text[place : place + draw.randrange(2)] = draw.choice((b"", bytes([draw.randrange(256)]), b"1", b" ", b"}"))
        file = write(tmp_path / "x.safetensors", bytes(text), draw.choice((33, 33, 33, 32, 34)))
        try:
            entries = {entry.name: entry for entry in read_header(file)}
        except CheckpointError as error:
            refused += 1
            assert "\n" not in str(error)
            continue
        taken += 1
        with safe_open(file, framework="np") as opened:
            assert set(opened.keys()) == entries.keys()
            for name in entries:
                assert tuple(opened.get_slice(name).get_shape()) == entries[name].shape
    assert taken > 100 and refused > 200
