"""The command line, whole and for a single step."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from flows import steps
from flows.cli import app_for

NAMES = [step.__name__ for step in steps.COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_a_single_step_says_the_same_alone(name: str) -> None:
    arguments = [name, "--help"]
    alone, whole = (CliRunner().invoke(app_for(given), arguments) for given in (arguments, []))
    assert alone.exit_code == whole.exit_code == 0 and alone.output == whole.output


def test_all_commands_are_listed_and_what_is_none_is_refused() -> None:
    listed = CliRunner().invoke(app_for(["--help"]), ["--help"]).output
    for name in (*NAMES, "run", "why", "plan", "lineage", "audit", "nightly", "preset", "store"):
        assert f" {name} " in listed
    wrong = CliRunner().invoke(app_for(["merg"]), ["merg"])
    assert wrong.exit_code == 2 and "No such command" in wrong.output


def test_a_merge_does_not_import_the_pipeline() -> None:
    program = "import flows.cli, sys; flows.cli.app_for(['merge']); print('flows.runs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
