from pathlib import Path

import pytest

from l2s.checkpoints.files.json_file import read_object
from l2s.core.errors import CheckpointError


@pytest.mark.parametrize("text", ['{"model_type": "\\ud800"}', '{"\\udc00": 1}', '{"a": [{"b": "x\\uD9ABy"}]}'])
def test_half_a_surrogate_pair_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"config\.json: holds half a surrogate pair"):
        read_object(file)


def test_escaped_text_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"name": "\\ud83d\\ude00 \\u00e9"}', encoding="utf-8")
    assert read_object(file) == {"name": "😀 é"}
