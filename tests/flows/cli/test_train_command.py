"""``l2s train`` on folders of the user's own: the model, and a record of all that made it."""

import json
from pathlib import Path

import pytest
import yaml

from tests.conftest import L2s
from tests.training.small import BLOCKS, FAST, write_inputs, write_model


def test_a_training_leaves_a_model_and_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, l2s: L2s) -> None:
    pytest.importorskip("trl")
    monkeypatch.chdir(tmp_path)
    write_model(Path("models/small"))
    write_inputs(Path("given"))
    block = {"method": "sft", **FAST, **BLOCKS["sft"], "data": {"kind": "shortest", "samples": "given/own.jsonl"}}
    Path("training.yaml").write_text(yaml.safe_dump(block))
    code, _, err = l2s("train", "training.yaml", "out")
    assert code == 0 and Path("out/model.safetensors").is_file(), err
    record = json.loads(Path("out.lineage.json").read_text())["record"]
    assert record["seeds"] == {"training.seed": 0}
    assert [read["path"] for read in record["inputs"]] == ["training.yaml", "models/small", "given/own.jsonl"]
    assert record["parameters"]["training"]["learning_rate"], "with every default"
    assert "l2s/training/trainers/sft.py" in record["code"] and "l2s/training/trainers/dpo.py" not in record["code"]
