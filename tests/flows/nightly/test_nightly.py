"""``l2s nightly`` on a project of its own: no change, every planted change, kills, hooks, --accept."""

import http.server
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import flows.nightly.night
import tasks.nightly.evaluate
from flows.cli.app import entry
from l2s.config import Config
from l2s.core.progress import silent
from l2s.nightly.night import night_names
from l2s.nightly.settings import HookParams
from l2s.records import read_rows
from tasks.nightly.evaluate import Bench
from tasks.nightly.hook import notify
from tests.conftest import L2s
from tests.flows.nightly.nightly_project import MODELS, make_accepted, make_project, make_worse, night
from tests.flows.running import L2S, here
from tests.scratch import edit_params as edit

pytestmark = pytest.mark.skipif(
    not (MODELS / "quick/config.json").is_file(), reason="the embedded models are not checked out"
)


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one night, accepted; made once, copied for each test."""
    folder = tmp_path_factory.mktemp("accepted")
    make_accepted(folder)
    return folder


@pytest.fixture
def project(accepted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(accepted, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return folder


def last(project: Path) -> dict[str, Any]:
    return night(project, night_names(project / "data/nightly")[-1])


def outcomes(project: Path) -> dict[str, str]:
    return {row["run"]: row["outcome"] for row in last(project)["compared"]}


def test_a_night_with_no_change_is_all_from_the_store_and_takes_seconds(project: Path, l2s: L2s) -> None:
    started = time.process_time()
    code, said, _ = l2s("nightly", "--once")
    assert code == 0 and "every response and verdict is that of the accepted night" in said
    found = last(project)
    assert (found["outcome"], found["stored"], found["generated"], found["changes"]) == ("same", 48, 0, [])
    assert {row["n"] for row in found["compared"]} == {24}
    assert time.process_time() - started < 30
    page = (project / "data/nightly" / found["night"] / "index.html").read_text()
    assert "All nights" in page and page.count("data:image/png") == 1
    assert not list((project / ".l2s/nightly").glob("2*")), "its work is cleared away"


def test_the_first_night_says_that_nothing_was_accepted(project: Path, l2s: L2s) -> None:
    (project / "data/nightly/accepted.json").unlink()
    code, said, _ = l2s("nightly", "--once")
    assert code == 0 and "nothing was accepted yet" in said and "l2s nightly --accept" in said
    assert last(project)["outcome"] == "first" and last(project)["compared"] == []


def test_worse_weights_under_the_same_name_are_a_regression_named_as_weights(project: Path, l2s: L2s) -> None:
    make_worse(project)
    code, said, _ = l2s("nightly", "--once")
    assert code == 1 and "regression" in said and "weights good: blake3:" in said
    found = last(project)
    assert outcomes(project) == {"quick": "same", "good": "worse"}
    good = next(row for row in found["compared"] if row["run"] == "good")
    assert [change["kind"] for change in good["causes"]] == ["weights"] and good["p_holm"] < 0.01
    assert [(change["kind"], change["what"]) for change in found["changes"]] == [("weights", "good")]
    assert found["generated"] == 24, "quick came from the store"
    assert l2s("nightly", "--once")[0] == 1, "and again, until somebody accepts it"
    assert l2s("nightly", "--accept")[0] == 0
    assert l2s("nightly", "--once")[0] == 0 and set(outcomes(project).values()) == {"same"}


def test_a_grader_that_changed_is_named_and_no_response_is_generated(
    project: Path, l2s: L2s, monkeypatch: pytest.MonkeyPatch
) -> None:
    from l2s.verification.compare import equivalence
    from l2s.verification.graders import Grader

    broken = Grader("l2s", lambda gold, answer: "incorrect")
    monkeypatch.setattr("l2s.verification.graders.l2s.GRADER", broken)
    whole = flows.nightly.night.code_digest
    monkeypatch.setattr(
        flows.nightly.night, "code_digest", lambda *names: "sha256:new" if names[0] == "verify" else whole(*names)
    )
    assert equivalence.equivalent("1", "1") == "correct"
    code, said, _ = l2s("nightly", "--once")
    found = last(project)
    assert code == 1 and found["generated"] == 0 and "unchanged but graded otherwise" in said
    assert [change["kind"] for change in found["compared"][0]["causes"]] == ["grader"]
    assert found["compared"][0]["rewritten"] == 0 < found["compared"][0]["regraded"]


def test_another_grader_that_agrees_is_no_regression(project: Path, l2s: L2s) -> None:
    edit(project, lambda params: params["grading"].update(grader="qwen"))
    code, said, _ = l2s("nightly", "--once", "--json")
    assert code == 0 and json.loads(said) == last(project), "the night's record"
    assert [(c["kind"], c["before"], c["after"]) for c in last(project)["changes"]] == [("grader", "l2s", "qwen")]


def test_a_new_engine_and_library_are_named_and_generate_again(
    project: Path, l2s: L2s, monkeypatch: pytest.MonkeyPatch
) -> None:
    from l2s.generation.engines.transformers import engine as transformers_engine

    monkeypatch.setattr(transformers_engine, "REVISION", 99)
    versions = flows.nightly.night.library_versions()
    monkeypatch.setattr(flows.nightly.night, "library_versions", lambda: {**versions, "torch": "99.0"})
    assert l2s("nightly", "--once")[0] == 0, "the same responses from another engine"
    found = last(project)
    assert found["generated"] == 24 and found["outcome"] == "same"
    kinds = [(change["kind"], change["what"]) for change in found["changes"]]
    assert kinds == [("engine", "good"), ("engine", "quick"), ("library", "torch")]
    assert found["changes"][0]["after"].endswith("r99")


def test_a_benchmark_that_changed_is_named_and_pairs_are_what_stayed(project: Path, l2s: L2s) -> None:
    path = project / "data/benchmarks/easy.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows[:6]:
        row["gold"] = "1000"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert l2s("nightly", "--once")[0] == 0
    found = last(project)
    assert [(change["kind"], change["what"]) for change in found["changes"]] == [("benchmark", "easy")]
    assert {(row["outcome"], row["n"], row["left_out"]) for row in found["compared"]} == {("same", 18, 12)}
    path.write_text("".join(json.dumps({**row, "gold": "1000"}) + "\n" for row in rows))
    code, said, _ = l2s("nightly", "--once")
    assert code == 1 and set(outcomes(project).values()) == {"unpaired"} and "no problem in common" in said


@pytest.mark.long
def test_sampling_draws_new_samples_and_their_luck_is_no_regression(project: Path, l2s: L2s) -> None:
    edit(project, lambda p: p["decoding"]["sampling"].update(temperature=1.0, samples=2))
    edit(project, lambda p: p["nightly"].update(runs=["quick"]))
    assert l2s("nightly", "--once", "--accept")[0] == 0
    seeds = set()
    for _ in range(2):
        assert l2s("nightly", "--once")[0] == 0
        found = last(project)
        [row] = found["compared"]
        assert (row["outcome"], row["n"], row["problems"], row["fresh"]) == ("same", 48, 24, 48)
        assert (found["stored"], found["generated"]) == (48, 48), "the accepted seeds' from the store, new ones drawn"
        seeds.add(row["fresh_difference"])
    edit(project, lambda p: p["nightly"].update(new_samples=False))
    assert l2s("nightly", "--once")[0] == 0 and last(project)["generated"] == 0
    assert last(project)["compared"][0]["fresh"] == 0


@pytest.mark.long
def test_a_run_is_measured_under_its_own_sampling_which_a_change_names(project: Path, l2s: L2s) -> None:
    warm = {"model": "models/quick", "control": "none", "sampling": {"temperature": 1.0, "samples": 2}}
    edit(project, lambda p: p["runs"].update(warm=warm))
    edit(project, lambda p: p["nightly"].update(runs=["quick", "warm"]))
    assert l2s("nightly", "--once", "--accept")[0] == 0
    assert l2s("nightly", "--once")[0] == 0
    found = last(project)
    assert {row["run"]: (row["n"], row["fresh"]) for row in found["compared"]} == {"quick": (24, 0), "warm": (48, 48)}
    assert found["generated"] == 48 and found["made"]["runs"]["warm"]["asked"] == {"sampling": warm["sampling"]}
    edit(project, lambda p: p["runs"]["warm"]["sampling"].update(temperature=0.5))
    l2s("nightly", "--once")
    [change] = last(project)["changes"]
    assert (change["kind"], change["run"]) == ("decoding", "warm")
    assert (change["what"], change["before"], change["after"]) == ("warm.sampling.temperature", "1.0", "0.5")


def test_a_model_that_was_trained_for_levels_is_asked_for_its_level(project: Path) -> None:
    """A night asked it as if it had none."""
    shutil.copytree(project / "data/models/quick", project / "data/trained/levels")
    manifest = {"level_template": "{problem} Reasoning length: {level}."}
    (project / "data/trained/levels/l2s_manifest.json").write_text(json.dumps(manifest))
    levels = {"method": "sft", "model": "models/quick", "data": {"kind": "labelled", "samples": "own"}}
    edit(project, lambda p: p.update(samples={"own": {"model": "models/quick"}}, training={"levels": levels}))
    edit(project, lambda p: p["runs"].update(short={"model": "trained/levels", "control": "none", "level": "short"}))
    work = project / "work"
    work.mkdir()
    problems = {("easy", row["id"]): "digest" for row in read_rows(project / "data/benchmarks/easy.jsonl")}
    bench = Bench(Config.read(), project / "data", work, project / ".l2s/responses.sqlite", problems, "night")
    found = tasks.nightly.evaluate.evaluate(bench, "short", silent, lambda sentence: None)
    [responses] = work.glob("*.responses.jsonl")
    assert all(" Reasoning length: short." in row["prompt"] for row in read_rows(responses))
    assert found.made.asked == {"level": "short"}


class Interrupted(BaseException):
    """What Ctrl-C does, without ending pytest."""


@pytest.mark.parametrize("where", ["a run", pytest.param("the writing", marks=pytest.mark.long)])
def test_a_night_that_was_stopped_leaves_nothing_whole_and_the_next_continues(
    project: Path, l2s: L2s, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    make_worse(project)
    before = night_names(project / "data/nightly")
    with monkeypatch.context() as patch:

        def stop(*arguments: Any, **options: Any) -> None:
            raise Interrupted

        patch.setattr(
            *((tasks.nightly.evaluate, "night_rows") if where == "a run" else (flows.nightly.night, "write_json")), stop
        )
        monkeypatch.setattr(sys, "argv", ["l2s", "nightly", "--once"])
        with pytest.raises(Interrupted):
            entry()
    assert night_names(project / "data/nightly") == before
    left = {path.name for path in (project / "data/nightly").iterdir() if path.name[0] != "."}
    assert left == {*before, "accepted.json"}
    assert l2s("nightly", "--once")[0] == 1
    assert len(night_names(project / "data/nightly")) == len(before) + 1
    assert last(project)["generated"] == (24 if where == "a run" else 0), "what was done is not done again"


@pytest.mark.slow
def test_kill_9_in_the_middle(tmp_path: Path) -> None:
    make_project(tmp_path, problems=60)
    edit(tmp_path, lambda params: params["decoding"].update(max_batch_size=4))
    call = [*L2S, "nightly", "--once"]
    process = subprocess.Popen(call, cwd=tmp_path, env=here(), stderr=subprocess.DEVNULL)
    store = tmp_path / ".l2s/responses.sqlite-wal"
    while process.poll() is None and not (store.exists() and store.stat().st_size > 10_000):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was still running"
    assert night_names(tmp_path / "data/nightly") == []
    subprocess.run(call, cwd=tmp_path, env=here(), check=True)
    found = last(tmp_path)
    assert found["stored"] > 0 and found["stored"] + found["generated"] == 120


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """A server on this machine: its address, what it was posted, and what it answers."""
    posted: list[dict[str, Any]] = []
    answers = [204]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers[0])
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret-path", posted, answers
    server.shutdown()
    server.server_close()


@pytest.mark.long
def test_the_hooks_are_told_once_and_only_of_a_regression(
    project: Path, l2s: L2s, webhook: tuple[str, list[dict[str, Any]], list[int]]
) -> None:
    address, posted, _ = webhook
    script = (
        "import sys; open('told.jsonl', 'a').write(sys.stdin.read() + chr(10)); open('args', 'w').write(sys.argv[1])"
    )
    command = [sys.executable, "-c", script, "$(touch shell); `touch shell`"]
    edit(project, lambda p: p["nightly"].update(on_regression={"command": command, "webhook": address}))
    assert l2s("nightly", "--once")[0] == 0
    assert posted == [] and not (project / "told.jsonl").exists(), "nothing is said of a night without a regression"
    make_worse(project)
    assert l2s("nightly", "--once")[0] == 1
    [told] = [json.loads(line) for line in (project / "told.jsonl").read_text().splitlines()]
    assert posted == [told]
    assert (told["outcome"], told["night"]) == ("regression", last(project)["night"])
    assert [row["run"] for row in told["regressions"]] == ["good"] and told["changes"][0].startswith("weights good")
    assert told["sentence"] == last(project)["sentence"] and Path(told["report"]).is_file()
    assert (project / "args").read_text() == command[3] and not (project / "shell").exists(), "no shell read it"
    assert l2s("nightly", "--once", "--accept")[0] == 0 and len(posted) == 1, "who accepts it knows it"


def test_a_hook_that_fails_is_said_and_changes_nothing(
    project: Path, l2s: L2s, webhook: tuple[str, list[dict[str, Any]], list[int]]
) -> None:
    address, _, answers = webhook
    answers[0] = 500
    make_worse(project)
    edit(project, lambda p: p["nightly"].update(on_regression={"webhook": address}))
    code, _, err = l2s("nightly", "--once")
    assert code == 1 and "127.0.0.1 answered 500" in err and "secret-path" not in err and "Traceback" not in err, err


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ({"webhook": "http://127.0.0.1:9/secret-path"}, "127.0.0.1 cannot be reached: ConnectError"),
        ({"command": ["no-such-program"]}, "no-such-program cannot be started"),
        ({"command": [sys.executable, "-c", "import sys; sys.exit('no line')"]}, "ended with 1: no line"),
        ({"command": ["sleep", "60"], "timeout": 0.5}, "within 0.5 s"),
    ],
)
def test_how_a_hook_failed_is_one_sentence(hook: dict[str, Any], expected: str) -> None:
    (said,) = notify(HookParams.parse(hook, "on_regression"), {"outcome": "regression"})
    assert expected in said and "secret-path" not in said


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda p: (p / "data/nightly/accepted.json").write_text("{"), "accepted.json: damaged"),
        (lambda p: shutil.rmtree(p / "data/models/good"), "data/models/good: missing, so run good cannot be measured"),
        (lambda p: (p / "data/benchmarks/easy.jsonl").unlink(), "easy.jsonl: no such file; make it first"),
        (lambda p: edit(p, lambda q: q["nightly"].update(runs=["godo"])), "'godo' is no run; did you mean"),
        (lambda p: edit(p, lambda q: q["nightly"].update(runs=["good", "good"])), "good named twice"),
        (lambda p: edit(p, lambda q: q["nightly"].update(runs=[])), "analysis.slow names no run; name the accepted"),
        (lambda p: edit(p, lambda q: q["nightly"].update(on_regression={"webhook": "ftp://x"})), "begins with https"),
        (lambda p: edit(p, lambda q: q["nightly"].update(on_regression={"command": "rm"})), "on_regression.command"),
        (lambda p: edit(p, lambda q: q["nightly"].update(confidnece=0.9)), "did you mean 'confidence'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_nothing_is_written(
    project: Path, l2s: L2s, damage: Callable[[Path], Any], expected: str
) -> None:
    damage(project)
    before = sorted((project / "data").rglob("*"))
    code, _, err = l2s("nightly", "--once")
    assert code == 2 and expected in err and err.startswith("error: ") and err.count("\n") == 1
    assert sorted((project / "data").rglob("*")) == before


def test_there_is_nothing_to_accept_before_the_first_night(project: Path, l2s: L2s) -> None:
    shutil.rmtree(project / "data/nightly")
    code, _, err = l2s("nightly", "--accept")
    assert code == 2 and "holds no night to accept; run one first: l2s nightly --once" in err


def test_two_nights_at_once_are_refused(project: Path, l2s: L2s) -> None:
    with flows.nightly.night._alone(project / ".l2s/nightly"):
        code, _, err = l2s("nightly", "--once")
    assert code == 2 and "another night is running" in err


def test_the_default_runs_are_the_slow_one_and_the_chosen(
    project: Path, l2s: L2s, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(project, lambda p: (p["nightly"].update(runs=[]), p["analysis"].update(slow="quick")))
    code, _, err = l2s("nightly", "--once")
    assert code == 2 and "which recipe was chosen is not known" in err
    from l2s.analysis.output import reading

    monkeypatch.setattr(reading, "read_summary", lambda path: {"chosen": {"run": "good"}})
    assert l2s("nightly", "--once")[0] == 0 and list(last(project)["made"]["runs"]) == ["quick", "good"]
    monkeypatch.setattr(reading, "read_summary", lambda path: {"chosen": {"run": None}})
    assert l2s("nightly", "--once")[0] == 0 and list(last(project)["made"]["runs"]) == ["quick"]
    assert ("run", "good") in [(change["kind"], change["what"]) for change in last(project)["changes"]]
