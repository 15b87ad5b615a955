"""``l2s init``: a project of the user's own, and the wheel that makes it."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from flows.cli.commands.init import init
from l2s.core.errors import ConfigError
from l2s.presets import PROJECT, project_files, read_preset
from tasks.running.code import is_current

ROOT = Path(__file__).resolve().parents[3]


def test_the_repositorys_own_files_are_a_projects() -> None:
    files = project_files()
    for place in ("dvc.yaml", ".dvcignore", "flows/stage.sh", ".dvc/plots/levels.json", ".dvc/plots/runs.json"):
        same = files[place] == (ROOT / place).read_text(encoding="utf-8")
        assert same, f"l2s/presets/project/{PROJECT[place]} is another file than {place}: make it a link to it"
    ours, theirs = (yaml.safe_load(text) for text in ((ROOT / "prefect.yaml").read_text(), files["prefect.yaml"]))
    for one, other in zip(ours["deployments"], theirs["deployments"], strict=True):
        assert other.pop("entrypoint") == f"l2s.app.{one.pop('entrypoint').rpartition(':')[2]}"
    assert ours == theirs


def test_a_project_is_made_with_git_and_dvc(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "demo"
    init(folder, "tiny")
    assert (folder / "params.yaml").read_text() == read_preset("tiny") and is_current(folder)
    assert all((folder / place).read_text() == text for place, text in project_files().items())
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=folder, capture_output=True, text=True, check=True
    )
    seen = {line[3:] for line in status.stdout.splitlines()}
    assert seen == {*PROJECT, "params.yaml", "code.lock", ".dvc/config", ".dvc/.gitignore"}
    assert "reflink" in (folder / ".dvc/config").read_text()


def test_a_project_in_a_repository_that_is_there_already(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    init(tmp_path / "inner", "qwen2.5-7b")
    assert (tmp_path / "inner/.dvc/config").is_file() and not (tmp_path / "inner/.git").exists()


@pytest.mark.parametrize("name", [".dvc", "flows"])
def test_a_file_where_a_folder_must_be_is_told_before_anything_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(ConfigError, match=f"l2s init: .*{name} is no folder"):
        init(tmp_path, "tiny")
    assert os.listdir(tmp_path) == [name]


def test_what_to_do_next_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init(tmp_path / "my models", "tiny")
    said = " ".join(capsys.readouterr().out.split())
    steps = f"cd '{tmp_path}/my models' && git add . && git commit -m 'l2s init' && l2s run"
    assert said.endswith(f"Next: {steps}")
    names = {
        f"GIT_{who}_{what}": "someone@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    subprocess.run(
        steps.removesuffix(" && l2s run"), shell=True, check=True, capture_output=True, env=os.environ | names
    )
    left = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path / "my models", capture_output=True, check=True)
    assert left.stdout == b""


def test_nothing_is_staged_and_what_the_user_staged_stays(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "mine.txt").write_text("mine")
    subprocess.run(["git", "add", "mine.txt"], cwd=tmp_path, check=True)
    for folder in (tmp_path, tmp_path / "inner"):
        init(folder, "tiny")
        staged = subprocess.run(
            ["git", "diff", "--cached", "--name-only"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert staged.stdout.split() == ["mine.txt"]


@pytest.mark.parametrize("name", ["params.yaml", "dvc.yaml", ".gitignore", "code.lock", "dvc.lock", "flows/stage.sh"])
def test_nothing_is_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError, match=f"l2s init: .* {name}"):
        init(tmp_path, "tiny")
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / name).read_text() == "mine"


def test_what_cannot_be_a_project_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        init(tmp_path / "file", "tiny")
    with pytest.raises(ConfigError, match="did you mean 'tiny'"):
        init(tmp_path / "new", "tinny")
    assert not (tmp_path / "new").exists()


def test_a_closed_folder_is_refused_before_git_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    for folder in (tmp_path, tmp_path / "inner" / "demo"):
        with pytest.raises(ConfigError, match=f"l2s init: {tmp_path} may not be written to; name a folder"):
            init(folder, "tiny")
    assert os.listdir(tmp_path) == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``l2s`` of a wheel, in an environment that has the packages of this one and nothing of the clone."""
    top = tmp_path_factory.mktemp("wheel")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(top / "clone")], check=True)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(top), "."]
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        pytest.skip("no pip here")
    subprocess.run(build, cwd=top / "clone", check=True)
    (wheel,) = top.glob("*.whl")
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"l2s"}, "one name to import"
    venv.create(top / "venv", with_pip=False)
    packages = next((top / "venv" / "lib").glob("python*")) / "site-packages"
    zipfile.ZipFile(wheel).extractall(packages)
    ours = [path for path in sys.path if path.endswith("site-packages")] or [sysconfig.get_paths()["purelib"]]
    (packages / "others.pth").write_text("\n".join(ours) + "\n")
    program = top / "venv" / "bin" / "l2s"
    program.write_text(
        f"#!{top / 'venv' / 'bin' / 'python'}\nfrom l2s.app import main\nif __name__ == '__main__':\n    main()\n"
    )
    program.chmod(0o755)
    return program


def run(program: Path, folder: Path, *words: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "L2S_", "VIRTUAL"))}
    environment["PATH"] = f"{program.parent}:{environment['PATH']}"
    done = subprocess.run([str(program), *words], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_from_a_wheel_to_the_table(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "init", "demo", "--preset", "tiny")
    folder = tmp_path / "demo"
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["models"] = {
        name: {"source": "path", "path": str(ROOT / "data/models" / name)} for name in params["models"]
    }  # the family is not trained here: it takes minutes
    for benchmark in params["benchmarks"].values():
        benchmark["per_level"] = 2
    params["runs"] = {name: params["runs"][name] for name in ("quick", "slow", "average")}
    params["recipes"] = {"average": params["recipes"]["average"]}
    params["decoding"]["engine"] = "transformers"
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    said = run(installed, folder, "run")
    assert "12 of 12 stages to run" in said and "★ average" in said and (folder / "data/report/index.html").is_file()
    assert "everything is up to date" in run(installed, folder, "run")
    record = json.loads((folder / "data/lineage/merge/average.json").read_text())
    assert "tasks/merge.py" in record["code"], "called as in the repository"
    dvc = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "-f", "-s", "verify@slow"], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PATH": f"{installed.parent}:{os.environ['PATH']}", "L2S_COMMAND": "", "VIRTUAL_ENV": ""},
    )  # fmt: skip
    assert dvc.returncode == 0, dvc.stdout + dvc.stderr
    assert run(installed, folder, "audit").splitlines()[-1].startswith("clean")
