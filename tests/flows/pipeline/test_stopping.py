"""An interrupted run leaves nothing behind and the next one continues; a stage that broke down is tried again."""

import signal
import time
from pathlib import Path

import pytest

from tests.flows.conftest import repro
from tests.flows.running import finish, processes_in, start


def write_stages(toy: Path, **commands: str) -> None:
    stages = [f"  {name}:\n    cmd: {command}\n    outs: [{name}.txt]\n" for name, command in commands.items()]
    (toy / "dvc.yaml").write_text("stages:\n" + "".join(stages))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_stages_and_the_next_run_continues(toy: Path, number: signal.Signals) -> None:
    write_stages(
        toy, first="sh -c 'echo 1 > first.txt'", long="sh -c 'echo > begun; sleep ${seconds}; echo 2 > long.txt'"
    )
    (toy / "params.yaml").write_text("seconds: 600\n")
    run = start(toy)
    while not (toy / "begun").exists() or not (toy / "first.txt").exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.1)
    time.sleep(2)  # DVC records the first
    run.send_signal(number)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert processes_in(toy) == []
    assert not (toy / "long.txt").exists()
    (toy / "dvc.yaml").write_text((toy / "dvc.yaml").read_text().replace("${seconds}", "0"))
    first = (toy / "first.txt").stat().st_mtime_ns
    assert finish(start(toy)) == "ran"
    assert (toy / "long.txt").read_text() == "2\n" and (toy / "first.txt").stat().st_mtime_ns == first
    assert repro(toy) == []


@pytest.mark.slow
def test_what_broke_down_is_tried_again_and_wrong_input_is_not(toy: Path) -> None:
    write_stages(
        toy,
        weak="sh -c 'echo weak >> tries; test $(grep -c weak tries) -eq 2 && echo 1 > weak.txt'",
        killed="sh -c 'echo killed >> tries; kill -9 $$'",
        wrong="sh -c 'echo wrong >> tries; exit 2'",
    )
    said = finish(start(toy))
    tries = (toy / "tries").read_text().split()
    assert {word: tries.count(word) for word in set(tries)} == {"weak": 2, "killed": 2, "wrong": 1}
    assert (toy / "weak.txt").exists()
    assert sorted(line.partition(":")[0] for line in said.removeprefix("failed: ").splitlines()) == ["killed", "wrong"]


@pytest.mark.slow
def test_two_stages_that_do_not_fit_together_run_one_after_the_other(toy: Path) -> None:
    command = "sh -c 'echo {0} starts >> order; sleep 1; echo {0} ends >> order; echo 1 > {0}.txt'"
    write_stages(toy, big=command.format("big"), vast=command.format("vast"))
    assert finish(start(toy, "threads", {"memory": 10}, {"big": {"memory": 6}, "vast": {"memory": 600}})) == "ran"
    order = [line.split() for line in (toy / "order").read_text().splitlines()]
    assert [what for _, what in order] == ["starts", "ends", "starts", "ends"], order
    assert [who for who, _ in order][::2] == [who for who, _ in order][1::2]
