"""Files as other tools leave them: marked, compressed, with CRLF, not UTF-8, nested, with numbers for names."""

import gzip
import json
from pathlib import Path

import pytest

from l2s.benchmarks.published import published_rows
from l2s.calibration.texts import read_texts
from l2s.core.errors import RecordError
from l2s.records import Problems, iter_rows, plain_name, read_rows, write_rows
from l2s.records.broken import Broken, iter_sound
from l2s.verification import grade_file, verify_file

ROWS = [{"gold": "é", "response": "so \\boxed{é}", "id": "1"}, {"gold": "2", "response": "#### 2", "id": "2"}]
TEXT = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def packed(kind: str, text: bytes) -> bytes:
    if kind == "gz":
        return gzip.compress(text)
    if kind == "zst":
        zstandard = pytest.importorskip("zstandard")
        return bytes(zstandard.compress(text[:20]) + zstandard.compress(text[20:]))
    return text


@pytest.mark.parametrize("kind", ["plain", "gz", "zst"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n  \r\n"])
def test_every_reader_takes_marks_compression_and_both_line_ends(
    tmp_path: Path, kind: str, mark: bytes, end: str
) -> None:
    path = tmp_path / ("in.jsonl" if kind == "plain" else f"in.jsonl.{kind}")
    path.write_bytes(packed(kind, mark + TEXT.replace("\n", end).encode()))
    broken: list[Broken] = []
    assert read_rows(path) == ROWS == [row for _, row in iter_sound(path, broken)] == published_rows(path)
    assert broken == []
    out = tmp_path / path.name.replace("in", "out")
    assert [row["correct"] for row in verify_file(path, out)] == [True, True]
    assert [row["id"] for row in read_rows(out)] == ["1", "2"]
    assert (tmp_path / "out.broken.jsonl").exists() is False and plain_name(out) == "out"
    if kind == "gz":
        assert gzip.decompress(out.read_bytes()).startswith(b'{"gold"')
    assert out.read_bytes()[:2] == {"plain": b'{"', "gz": b"\x1f\x8b", "zst": b"\x28\xb5"}[kind]


def test_what_is_written_compressed_is_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_rows(tmp_path / name, ROWS)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


BAD = [(b'{"prompt": "a", "short": "b"}\n{"prompt": "caf\xe9"}\n', "line 2"), ("é\n".encode("utf-16"), "line 1")]


@pytest.mark.parametrize(("content", "place"), BAD)
@pytest.mark.parametrize("kind", ["plain", "gz"])
def test_what_is_not_utf8_is_refused_with_its_line(tmp_path: Path, content: bytes, place: str, kind: str) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(packed(kind, content))
    for reader in (
        read_rows,
        lambda file: list(iter_rows(file)),
        lambda file: verify_file(file, out),
        lambda file: grade_file(file, out),
        lambda file: read_texts(file, "short"),
    ):
        with pytest.raises(RecordError, match=rf"in\.jsonl: {place} is not UTF-8 .*convert"):
            reader(path)
    assert not out.exists()


def test_a_damaged_archive_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 1000)[:60])
    with pytest.raises(RecordError, match=r"in\.jsonl\.gz: damaged"):
        read_rows(path)


@pytest.mark.parametrize("depth", [101, 900, 980, 995, 100_000])
@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_a_line_of_nested_brackets_is_left_out_and_the_rest_is_graded(tmp_path: Path, depth: int, bracket: str) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    opening = "[" if bracket == "[]" else '{"a":'
    nested = opening * depth + "1" + bracket[1] * depth
    path.write_text(f'{{"gold": "1", "response": "1", "x": {nested}}}\n{TEXT}')
    told: list[str] = []
    assert [row["correct"] for row in verify_file(path, out, say=told.append)] == [True, True]
    assert len(told) == 1 and "line 1" in told[0]
    with pytest.raises(RecordError, match="line 1 is "):
        read_rows(path)


def test_names_and_golds_that_are_numbers_are_their_text(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"benchmark": "b", "id": 7, "problem": "p", "gold": 0.5, "response": "1/2", "answer": 0.5}\n')
    (problem,) = read_rows(path, Problems)
    assert (problem["id"], problem["gold"]) == ("7", "0.5")
    assert verify_file(path, out)[0]["correct"] and read_rows(out)[0]["gold"] == "0.5"
    assert grade_file(path, out)[0]["correct"]
