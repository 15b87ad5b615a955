"""Where a command of the pipeline works: the project's root, from any folder in it; what it says where it cannot."""

import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app_for
from flows.pipeline.repository.graph import Graph
from flows.pipeline.repository.project import check_own_code, in_project, project_root
from l2s.core.errors import ConfigError
from tests.flows.running import L2S, ROOT, here


def test_the_root_is_found_from_any_folder_in_it(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = toy / "data" / "merged" / "average"
    inner.mkdir(parents=True)
    (toy / "data" / "params.yaml").write_text("of something else")
    seen: list[tuple[Path, Path]] = []
    for place in (toy, inner, toy / "data"):
        monkeypatch.chdir(place)
        assert project_root() == toy
        in_project(lambda params: seen.append((Path.cwd(), params)))(params=Path("other.yaml"))
        assert seen.pop() == (toy, place / "other.yaml"), "a path is that of where the user is"
    monkeypatch.chdir(toy.parent)
    assert project_root() != toy


def test_a_command_in_a_subfolder_sees_the_whole_project(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (toy / "sub").mkdir()
    monkeypatch.chdir(toy / "sub")
    done = CliRunner().invoke(app_for(["why"]), ["why", "make@one"])
    assert done.exit_code == 0 and done.stdout.startswith("make@one\n"), done.output


@pytest.mark.parametrize("command", ["run", "plan", "report", "stage merge average"])
def test_where_no_project_is_it_is_told_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = command.split()
    error = CliRunner().invoke(app_for(arguments), arguments).exception
    told = f"params.yaml: no such file in {tmp_path}; go to a project's folder, or make a project: l2s init"
    assert isinstance(error, ConfigError) and str(error) == told


def test_an_archive_without_git_or_dvc_is_told_how_to_get_them(toy: Path) -> None:
    shutil.rmtree(toy / ".git")
    with pytest.raises(ConfigError, match="DVC needs the project to be in a git repository; make one: git init"):
        Graph()
    shutil.rmtree(toy / ".dvc")
    with pytest.raises(ConfigError, match="not a DVC repository; make one: git init && dvc init"):
        Graph()
    (toy / "dvc.yaml").unlink()
    with pytest.raises(ConfigError, match="no project here or in a folder above: expected params"):
        Graph()


def test_a_second_clone_refuses_the_code_of_the_first(toy: Path) -> None:
    check_own_code(toy)
    (toy / "flows").symlink_to(ROOT / "flows")
    check_own_code(toy)
    (toy / "flows").unlink()
    shutil.copytree(ROOT / "flows", toy / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    command = [L2S[0], "-P", *L2S[1:], "run", "--dry"]
    done = subprocess.run(command, cwd=toy, env=here(), capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert f"{toy}: this l2s runs the code of {ROOT}, and the project has its own" in done.stderr
