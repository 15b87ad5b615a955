"""``dvc exp run -S``, ``--queue`` and ``dvc exp show`` on the preset tiny, made smaller still: the real graph."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from l2s.presets import read_preset
from tests.scratch import ROOT, clone, edit_params, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "data/models/quick/config.json").is_file(), reason="no embedded models here"),
]


def shrink(params: dict[str, Any]) -> None:
    for benchmark in params["benchmarks"].values():
        benchmark["per_level"] = 1
    kept = ("quick", "slow", "average")
    params["runs"] = {name: params["runs"][name] for name in kept}
    params["recipes"] = {"average": params["recipes"]["average"]}


def test_a_parameter_is_tried_at_once_and_queued_and_both_are_shown(tmp_path: Path) -> None:
    folder = clone(tmp_path / "project")
    (folder / "params.yaml").write_text(read_preset("tiny"))
    edit_params(folder, shrink)
    first = run(folder, "dvc", "repro")
    assert "Running stage 'generate@average'" in first and "Running stage 'family'" not in first
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "baseline")
    said = run(folder, "dvc", "exp", "run", "-n", "at-once", "-S", "analysis.margin=0.05")
    ran = [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")]
    assert ran == ["analyse", "report"], "only what follows from the margin"
    run(folder, "git", "checkout", "-q", "--", ".")
    run(folder, "dvc", "exp", "run", "-n", "queued", "--queue", "-S", "analysis.margin=0.1")
    run(folder, "dvc", "exp", "run", "--run-all")
    shown = list(csv.DictReader(io.StringIO(run(folder, "dvc", "exp", "show", "--csv"))))
    margins = {row["Experiment"]: row["analysis.margin"] for row in shown if row["Experiment"]}
    assert margins["at-once"] == "0.05" and margins["queued"] == "0.1", margins
    assert all(row["arithmetic-test.chosen_tokens"] for row in shown), "metrics stand beside them"
