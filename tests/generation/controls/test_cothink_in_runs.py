"""What the pipeline cannot follow it refuses; what it ships it can read."""

from pathlib import Path

import pytest
import yaml

from l2s.config import Config
from l2s.core.errors import ConfigError

PARAMS = Path(__file__).parents[3] / "params.yaml"


def test_cothink_is_refused_under_runs_and_allowed_under_controls(tmp_path: Path) -> None:
    found = yaml.safe_load(PARAMS.read_text())
    found["controls"]["plan"] = {"kind": "cothink", "outliner": "models/quick"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(found))
    assert Config.read(tmp_path / "params.yaml").controls["plan"].outliner == "models/quick"
    found["runs"]["slow-plan"] = {"model": "models/slow", "control": "plan"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(found))
    with pytest.raises(ConfigError, match=r"runs.slow-plan.control: cothink asks a second model"):
        Config.read(tmp_path / "params.yaml")


def test_runs_under_controls_are_named_by_them() -> None:
    """A run is called after its model and control, which is what tables take its control's name from."""
    config = Config.read(PARAMS)
    controlled = {name: run for name, run in config.runs.items() if run.control != "none"}
    assert len(controlled) == 8
    for name, run in controlled.items():
        assert name == f"{run.model.split('/')[1]}-{run.control}"
