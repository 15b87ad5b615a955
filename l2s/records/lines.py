"""Lines of a text file, as every reader of JSONL takes them: UTF-8 with or without its mark, plain or compressed.

A file's compression is known by its first bytes when it is read, and by its name's ending when it is written.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from l2s.core.errors import ConfigError, RecordError
from l2s.core.files import nearest_beside, replacing

_GZIP, _ZSTANDARD, _MARK = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
_COMPRESSED = (".gz", ".zst")


def numbered_lines(path: Path, expected: str = "JSONL, one row a line") -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of every line that is not blank, without its end (LF or CRLF).

    Raises:
        RecordError: there is no such file, its compression is damaged, or a line is not UTF-8, with its number.
    """
    if not path.is_file():
        raise RecordError(f"{path}: no such file; expected {expected}{nearest_beside(path)}")
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, 1):
                if number == 1:
                    line = line.removeprefix(_MARK)
                if line := line.rstrip(b"\r\n"):
                    yield number, _decoded(line, path, number)
        except (OSError, EOFError, zlib.error, _zstandard_error()) as error:
            raise RecordError(f"{path}: damaged or not readable ({error}); expected {expected}") from None


@contextmanager
def replacing_lines(path: Path) -> Iterator[IO[bytes]]:
    """As :func:`l2s.core.files.replacing`; what is written is compressed where the name ends on ``.gz`` or ``.zst``."""
    with replacing(path) as file:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                yield cast(IO[bytes], packed)
        elif path.suffix == ".zst":
            with _zstandard(path).ZstdCompressor().stream_writer(file, closefd=False) as packed:
                yield packed
        else:
            yield file


def plain_name(path: Path) -> str:
    """The file's name without its endings: ``runs/a.jsonl.gz`` is ``a``."""
    return (path.with_suffix("") if path.suffix in _COMPRESSED else path).stem


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with open(path, "rb") as file:
        start = file.peek(4)[:4]
        if start.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(IO[bytes], unpacked)
        elif start == _ZSTANDARD:
            unpacker = _zstandard(path).ZstdDecompressor()
            yield io.BufferedReader(unpacker.stream_reader(file, read_across_frames=True, closefd=False))
        else:
            yield file


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise RecordError(
            f"{path}: line {number} is not UTF-8 (byte 0x{line[error.start]:02x} at {error.start + 1}); "
            "expected UTF-8: convert the file, e.g. with iconv"
        ) from None


def _zstandard(path: Path) -> Any:
    try:
        import zstandard
    except ImportError:
        raise ConfigError(f"{path}: Zstandard needs the package zstandard; pip install zstandard") from None
    return zstandard


def _zstandard_error() -> type[Exception]:
    try:
        import zstandard
    except ImportError:
        return EOFError
    return cast(type[Exception], zstandard.ZstdError)
