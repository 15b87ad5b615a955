"""DVC before and after a stage: what is up to date, what comes from the run cache, what is recorded, what is held."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.exceptions import DvcException

from flows.pipeline.repository.graph import Graph
from flows.pipeline.repository.recorder import Busy, Recorder
from tasks.running.watched import key_of
from tests.flows.conftest import repro
from tests.flows.running import here


def recorder() -> Recorder:
    return Recorder(Graph(), (), {})


def held(toy: Path) -> dict[str, dict[str, object]]:
    found = json.loads((toy / ".dvc/tmp/rwlock").read_text() or "{}")
    return {kind: paths for kind, paths in found.items() if paths}


@pytest.mark.usefixtures("made")
def test_a_stage_that_dvc_recorded_is_up_to_date(toy: Path) -> None:
    one, again = (recorder().begin("join") for _ in range(2))
    assert one.job is None and one.said == "join is up to date" and one.key == again.key
    assert not held(toy)


@pytest.mark.usefixtures("made")
def test_what_was_done_here_leaves_dvc_nothing_to_do(toy: Path) -> None:
    expected = (toy / "dvc.lock").read_bytes()
    (toy / "dvc.lock").unlink()
    subprocess.run(["rm", "-rf", ".dvc/cache"], cwd=toy, check=True)
    ours = recorder()
    for name in yaml.safe_load(expected)["stages"]:
        job = ours.begin(name).job
        assert job is not None and not any((toy / path).exists() for path in job.removed)
        assert str(toy / job.outputs[0]) in held(toy)["write"]
        subprocess.run(job.command or "", shell=True, check=True, cwd=job.folder)
        ours.end(name, True)
        assert ours.record() == {}
    assert (toy / "dvc.lock").read_bytes() == expected and not held(toy)
    assert repro(toy) == []


@pytest.mark.usefixtures("made")
def test_a_parameter_put_back_takes_the_outputs_from_the_cache(toy: Path) -> None:
    before, made = (toy / "params.yaml").read_text(), (toy / "made-two.txt").read_bytes()
    (toy / "params.yaml").write_text(before.replace("width: 2", "width: 5"))
    assert repro(toy) == ["made", "joined"]
    (toy / "params.yaml").write_text(before)
    ours = recorder()
    standing = ours.begin("make@two")
    assert standing.job is None and "from DVC's cache" in standing.said
    assert ours.record() == {} and (toy / "made-two.txt").read_bytes() == made
    assert ours.begin("join").job is None and ours.record() == {}
    assert repro(toy) == []


@pytest.mark.usefixtures("made")
def test_nothing_is_removed_of_a_stage_that_cannot_run(toy: Path) -> None:
    (toy / "code.py").unlink()
    with pytest.raises(DvcException, match=r"code\.py: missing, and join needs it"):
        recorder().begin("join")
    assert (toy / "joined.txt").exists() and not held(toy)


def test_a_stage_that_fails_is_let_go_and_recorded_nowhere(toy: Path) -> None:
    ours = recorder()
    assert ours.begin("other").job is not None and held(toy)["write"]
    ours.end("other", False)
    assert ours.record() == {} and not held(toy) and not (toy / "dvc.lock").exists()


def test_what_ended_well_is_recorded_when_the_run_is_ended(toy: Path) -> None:
    """Its task has left the key; Prefect's server may be gone."""
    ours = recorder()
    keys = {name: ours.begin(name).key for name in ("other", "make@one")}
    (toy / "other.txt").write_text("other\n")
    key_of("other").parent.mkdir(parents=True)
    key_of("other").write_text(keys["other"])
    key_of("make@one").write_text("of an earlier run")
    ours.close()
    assert list(yaml.safe_load((toy / "dvc.lock").read_text())["stages"]) == ["other"] and not held(toy)


def test_an_output_that_is_not_there_is_told_and_the_others_are_kept(toy: Path) -> None:
    ours = recorder()
    for name in ("other", "make@one"):
        ours.begin(name)
        ours.end(name, True)
    (toy / "made-one.txt").write_text("one: {width: 1, tags: [a, b]}\n")
    failed = ours.record()
    assert list(failed) == ["other"] and "other.txt" in failed["other"]
    assert list(yaml.safe_load((toy / "dvc.lock").read_text())["stages"]) == ["make@one"] and not held(toy)


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(("stage", "file"), [("make@one", "params.yaml"), ("join", "code.py")])
def test_what_a_stage_read_before_it_was_changed_is_not_recorded(toy: Path, stage: str, file: str) -> None:
    (toy / file).write_text((toy / file).read_text().replace("1", "7", 1))
    ours = recorder()
    job = ours.begin(stage).job
    assert job is not None
    subprocess.run(job.command or "", shell=True, check=True, cwd=job.folder)
    (toy / file).write_text((toy / file).read_text().replace("7", "8", 1))
    ours.end(stage, True)
    assert ours.record() == {stage: f"{file}: changed while the stage ran; run it again"} and not held(toy)
    assert recorder().begin(stage).job is not None


@pytest.mark.usefixtures("made")
def test_a_folder_that_a_recorded_stage_depends_on_from_now_is_no_change(toy: Path) -> None:
    (toy / "new").mkdir()
    (toy / "new/file.txt").write_text("one\n")
    declared = yaml.safe_load((toy / "dvc.yaml").read_text())
    declared["stages"]["join"]["deps"].append("new")
    (toy / "dvc.yaml").write_text(yaml.safe_dump(declared))
    ours = recorder()
    job = ours.begin("join").job
    assert job is not None
    subprocess.run(job.command or "", shell=True, check=True, cwd=job.folder)
    ours.end("join", True)
    assert ours.record() == {} and recorder().begin("join").job is None


def test_a_stage_waits_until_what_it_needs_is_recorded(toy: Path) -> None:
    """DVC writes a .gitignore beside each output, and it counts among the files of a folder that is read."""
    ours = recorder()
    for name in ("make@one", "make@two"):
        ours.begin(name)
        (toy / f"made-{name[5:]}.txt").write_text(name)
        ours.end(name, True)
    with pytest.raises(Busy):
        ours.begin("join")
    assert ours.record() == {} and ours.begin("join").job is not None
    ours.close()


@pytest.mark.long
def test_what_another_run_works_on_is_asked_for_again(toy: Path) -> None:
    begin = """from flows.pipeline.repository.graph import Graph
from flows.pipeline.repository.recorder import Recorder
r = Recorder(Graph(), (), {})
"""
    program = f"{begin}r.begin('other'); print(1, flush=True); input(); r.end('other', False)"
    command, pipe = [sys.executable, "-c", program], subprocess.PIPE
    other = subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=toy, env=here())
    assert other.stdout is not None and other.stdout.readline()
    ours = recorder()
    with pytest.raises(Busy):
        ours.begin("other")
    other.communicate(b"\n")
    assert ours.begin("other").job is not None
    ours.close()
    assert not held(toy)
