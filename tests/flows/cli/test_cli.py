"""The command line, whole and for a single step."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app_for
from flows.cli.commands import steps
from l2s import api
from tests.conftest import L2s
from tests.flows.running import here

HOSTILE = "\x1b]0;title\x07\x1b[31mred\x9b\u202e"
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
    program = (
        "import flows.cli.app, sys; flows.cli.app.app_for(['merge']); print('flows.cli.commands.runs' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


def test_control_characters_are_shown_wherever_the_terminal_prints(tmp_path: Path) -> None:
    """Also in a table, which Rich cuts and fills, and in what it colours itself."""
    script = f"""
from rich.table import Table
from flows.cli import console
from flows.cli.commands import runs
name = {HOSTILE!r}
console.out.file, console.err.file = __import__("sys").stdout, __import__("sys").stdout
console.say(name); console.warn(name); console.err.print(name, markup=False); runs._print_plan({{name: [name]}}, False)
table = Table(name); table.add_row(name); console.out.print(table)
from flows.pipeline.progress import Watch, progress_of
with Watch([name], console.err) as watch:
    watch.finished(name, 1, name)
"""
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path, env=here()
    ).stdout
    assert not set(said) & set(HOSTILE[:1] + "\x07\x9b\u202e") and said.count("red") >= 7, said


def test_colours_are_still_richs_own() -> None:
    script = "from flows.cli import console; console.out.print('x', style='bold red')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env=here(FORCE_COLOR="1", TERM="xterm"),
    )  # fmt: skip
    assert done.stdout == "\x1b[1;31mx\x1b[0m\n"


@pytest.mark.parametrize(
    ("words", "function", "said"),
    [
        (["merge", "a.yaml", "out"], "merge", "stopped; the same command goes on from here\n"),
        (["train", "a.yaml", "out"], "train", "stopped; the same command goes on from here\n"),
        (["check", "a.yaml"], "plan", "stopped\n"),
    ],
)
def test_an_interrupt_is_told_in_one_line(
    words: list[str], function: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, l2s: L2s
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\n")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, function, interrupted)
    assert l2s(*words) == (130, "", said)


def test_an_interrupt_while_the_command_line_is_imported_shows_no_traceback() -> None:
    script = """
import signal, sys
from importlib.abc import MetaPathFinder
class Interrupting(MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "flows.cli.app":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from flows.program import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=here())
    assert (done.returncode, done.stderr) == (130, "stopped\n")


def test_a_preset_is_asked_of_init_and_not_of_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, l2s: L2s) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, said = l2s("run", "--preset", "tiny")
    assert (code, out) == (2, "") and said.count("\n") == 1 and "l2s init FOLDER --preset tiny" in said
    assert "--preset" not in l2s("run", "--help")[1]
