"""Names, references and paths of params.yaml: all that is wrong is told before the first stage, at once."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from typer.testing import CliRunner

from flows.cli.app import app_for
from flows.cli.ready import check_ready, fill_in, read_config
from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.family.family import MODELS
from l2s.generation.engines.load import ENGINES as KNOWN_ENGINES
from l2s.presets import read_preset
from l2s.references import BLOCKS, DEFAULTS, EMBEDDED, ENGINES, GRADERS, STAGES, stage_names
from l2s.verification import grader_names
from tests.conftest import L2s
from tests.tiny import random_weights, write_checkpoint

ROOT = Path(__file__).resolve().parents[1]
Params = dict[str, Any]
Change = Callable[[Params], object]
TINY: Params = yaml.safe_load(read_preset("tiny")) | {
    "samples": {"own": {"model": "models/slow", "problems": {"source": "arithmetic", "split": "train"}}},
    "training": {"sft-own": {"method": "sft", "model": "models/slow", "data": {"kind": "shortest", "samples": "own"}}},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "problems.jsonl").write_text("")
    return tmp_path


def written(change: Change) -> Params:
    params = copy.deepcopy(TINY)
    change(params)
    Path("params.yaml").write_text(yaml.safe_dump(params))
    return params


def test_words_that_stand_twice_agree() -> None:
    assert EMBEDDED == MODELS and list(GRADERS) == grader_names() and ENGINES == KNOWN_ENGINES
    assert {*BLOCKS, *DEFAULTS, "resources", "nightly"} == set(Config.model_fields)


def test_stages_are_those_of_dvc_yaml(project: Path) -> None:
    from tasks.running.declared import stage_names as declared

    params = written(lambda p: p["calibration"].update(a={"model": "base", "texts": "family", "kind": "activations"}))
    (project / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    assert set(declared()) <= stage_names(params) <= {*declared(), *STAGES}


def test_what_is_right_stays_right(project: Path) -> None:
    written(lambda p: p["resources"].update(needs={"merge": {"cpu": 1}, "merge@average": {"cpu": 1}}))
    read_config()
    check_ready([])


def put(*path: Any) -> Change:
    """Set what stands at all but the last of ``path`` to the last."""

    def change(params: Params) -> None:
        place = params
        for key in path[:-2]:
            place = place[key]
        place[path[-2]] = path[-1]

    return change


RUN = {"model": "models/slow", "control": "none"}
WARM = RUN | {"sampling": {"temperature": 1.0}}
WRONG: list[tuple[Change, str]] = [
    (put("analysis", "slow", "slwo"), r"analysis\.slow: 'slwo' is no run; did you mean 'slow'"),
    (put("analysis", "quick", "quik"), r"analysis\.quick: 'quik' is no run; did you mean 'quick'"),
    (put("analysis", "validation", "arithmetic-valid"), "analysis.validation: .*did you mean 'arithmetic-validation'"),
    (put("analysis", "test", ["arithmetic-tset"]), r"analysis\.test: .*did you mean 'arithmetic-test'"),
    (put("analysis", "baselines", {"average": "slov"}), r"analysis\.baselines: 'slov' is no run; did you mean 'slow'"),
    (put("analysis", "candidates", ["averge"]), r"analysis\.candidates: .*did you mean 'average'"),
    (put("nightly", {"runs": ["averge"]}), r"nightly\.runs: 'averge' is no run; did you mean 'average'"),
    (put("grading", "grader", "l2z"), r"grading\.grader: 'l2z' is not known; did you mean 'l2s'"),
    (put("decoding", "engine", "transformer"), r"decoding\.engine: .*did you mean 'transformers'"),
    (put("decoding", "device", "cuda:x"), r"decoding\.device: 'cuda:x' is not known; did you mean 'cuda"),
    (put("decoding", "device", "gpu"), r"decoding\.device: 'gpu' is not known"),
    (put("runs", "x", {"model": "models/slow"}), r"runs\.x\.control: required, but missing"),
    (put("runs", {}), r"runs: empty; expected at least `runs: \{slow: "),
    (put("models", {}), "models: empty"),
    (put("benchmarks", {}), "benchmarks: empty"),
    *((put(key, None), rf"{key}: empty; expected at least `{key}: ") for key in BLOCKS | DEFAULTS),
    *((lambda p, key=key: p.pop(key), rf"{key}: missing; expected at least `{key}: ") for key in BLOCKS),
    (put("runs", "x", RUN | {"model": "merged/averge"}), r"runs\.x\.model: .*did you mean 'merged/average'"),
    (put("runs", "x", RUN | {"model": "slow"}), r"x\.model: 'slow' is no model, recipe or training; did"),
    (put("runs", "x", {"model": "models/slow", "control": "nnoe"}), r"runs\.x\.control: .*did you mean 'none'"),
    (put("runs", "x", RUN | {"model": "models/slow", "level": "short"}), r"runs\.x\.level: 'models/slow' was trained"),
    (put("runs", "x", RUN | {"model": "trained/sft"}), r"runs\.x\.model: 'trained/sft' is no .*did you mean 'trained"),
    (put("runs", "x", RUN | {"model": "trained/sft-own", "level": "brief"}), r"runs\.x\.level: found 'brief', exp"),
    *((put("runs", "x", RUN | {"sampling": sampling}), words) for sampling, words in (
        ({"temperatur": 1}, r"runs\.x\.sampling\.temperatur: unknown key; did you mean 'temperature'"),
        ({"temperature": -1}, r"runs\.x\.sampling\.temperature: found -1"),
        ({"top_p": 0}, r"runs\.x\.sampling\.top_p: found 0"),
        ({"samples": 0}, r"runs\.x\.sampling\.samples: found 0"),
        ({"samples": 1.5}, r"runs\.x\.sampling\.samples: found 1\.5"),
        ({}, r"runs\.x\.sampling: found \{\}, expected what differs from decoding\.sampling"),
        ("warm", r"runs\.x\.sampling: found 'warm'"),
    )),
    (put("runs", "x", {"model": "models/slow", "control": "no-think", "sampling": {"temperature": 1}}),
     r"runs\.x\.sampling: there is no run of the same model, control and level without sampling of its own"),
    (put("runs", "x", {"model": "trained/sft-own", "control": "none", "sampling": {"temperature": 1}}),
     r"runs\.x\.sampling: there is no run of the same model"),
    *((lambda p, key=key, role=role: (put("runs", "x", WARM)(p), put("analysis", key, role)(p)),
       rf"analysis\.{key}: 'x' has sampling of its own; name slow") for key, role in (
        ("slow", "x"), ("quick", "x"), ("candidates", ["x"]), ("baselines", {"average": "x"}))),
    (put("samples", "mine", {"model": "trained/sft-own", "problems": {}}), "samples.mine.model: .*is no model or rec"),
    (put("training", "sft-own", "model", "models/slwo"), r"training\.sft-own\.model: .*did you mean 'models/slow'"),
    (put("training", "sft-own", "model", "trained/sft-own"), "sft-own.model: the training starts from what it makes"),
    (put("training", "sft-own", "data", "samples", "onw"), r"sft-own\.data\.samples: 'onw' is not .*mean 'own'"),
    (put("training", "sft-own", "data", "kind", "shortst"), r"training\.sft-own.*shortst"),
    (put("training", "sft-own", "method", "sfd"), r"training\.sft-own.*sfd"),
    (put("training", "sft-own", "epoch", 2), r"training\.sft-own.*'epoch' \(did you mean 'epochs'"),
    (put("samples", "mine", {"model": "models/slwo", "problems": {}}), r"samples\.mine\.model: .*mean 'models/slow'"),
    (put("runs", "x", RUN | {"control": "shorter"}),
     r"runs\.x\.control: unknown 'shorter'; known: .*; declare it under controls"),
    (put("decoding", "threads", "high"), r"decoding\.threads: found 'high', expected a valid integer(;|$)"),
    (put("controls", "none", {"kind": "budget", "max_thnk": 3, "answer_prefix": "a prefix of many characters"}),
     r"controls\.none: kind budget takes .*'max_think'"),
    (put("samples", "mine", {"model": "models/slow", "problem": {}}), "samples.mine.problem: unknown key; did"),
    (put("samples", "mine", {"model": "models/slow", "problems": {"source": "gsm8"}}), "did you mean 'gsm8k'"),
    (put("samples", "mine", {"model": "models/slow", "problems": {"source": "file", "path": "problem.jsonl"}}),
     r"samples\.mine\.problems\.path: no such file: problem\.jsonl .*did you mean 'problems\.jsonl'"),
    (put("models", "slo", {"source": "family"}), r"models\.slo: the embedded family has no .*did you mean 'slow'"),
    (put("resources", {"needs": {"merg": {}}}), r"resources\.needs\.merg: no such stage; did you mean 'merge'"),
    (put("recipes", "average", "models", [{"model": "quik"}, {"model": "slow"}]),
     r"analysis\.slow: .*recipes\.average: 'quik' is not among the models; did you mean 'quick'"),
    (put("recipes", "average", "merge_method", "liner"), r"analysis\.slow: .*recipes\.average.*did you mean 'linear'"),
    (put("recipes", "average", None), r"recipes\.average: found None"),
    (put("models", "slow", {"source": "path", "path": "emptyy"}),
     r"analysis\.slow: .*models\.slow\.path: no such folder: emptyy \(looked for from .*did you mean 'empty'"),
    (put("models", "slow", {"source": "path", "path": "empty"}), "models.slow.path: empty is no model folder"),
    (put("models", "slow", {"source": "hub", "name": "org/none"}), "models.slow: org/none: neither a folder nor in"),
    (put("benchmarks", "mine", {"source": "file", "path": "problem.jsonl"}),
     r"benchmarks\.mine\.path: no such file: problem\.jsonl .*did you mean 'problems\.jsonl'"),
    (put("benchmarks", "mine", {"source": "file", "path": "params.yaml"}), r"benchmarks\.mine\.path: .*is not JSON"),
    (put("calibration", "a", {"model": "base", "texts": "none.jsonl", "kind": "activations"}),
     r"calibration\.a\.texts: no such file: none\.jsonl"),
    *((put("runs", name, RUN), words) for name, words in {
        "x" * 101: "a name of 101 characters", "x" * 255: r"runs\.x{60}…: a name of 255", "a/b": "a name takes letters",
        "..": "a name takes", "../x": "a name takes", "-x": "a name takes", "": "a name takes|name is missing",
        "a\nb": r"runs\.a\\nb: a name takes", "a\x1bb": r"runs\.a\\x1bb: a name takes", "ü": "a name takes",
        "a b": "a name takes", "Slow": "differs from 'Slow' by case alone", "con": "a reserved name",
        "NUL": "a reserved name", "ta-0.7": "a name with a dot.*write ta-0-7",
        "a@b": "a name takes", "$x": "a name takes",
    }.items()),
]  # fmt: skip


@pytest.mark.parametrize("change, words", WRONG, ids=[words[:40] for _, words in WRONG])
def test_what_is_wrong_is_told_before_any_stage(project: Path, change: Change, words: str) -> None:
    def with_two(params: Params) -> None:
        change(params)
        if words.startswith("analysis\\.slow: .*"):  # what is looked at in a second step is told with the first
            params["analysis"]["slow"] = "nobody"

    written(with_two)
    with pytest.raises(ConfigError, match=words) as told:
        config = read_config()
        check_ready(stage_names(config.model_dump()))
    assert "\x1b" not in str(told.value) and "\n" not in str(told.value) and len(str(told.value)) < 1500


def test_models_that_do_not_fit_are_told_before_any_stage_once_for_all_recipes(project: Path) -> None:
    wide = {name: torch.zeros([9 if size == 8 else size for size in t.shape]) for name, t in random_weights(0).items()}
    write_checkpoint(project / "a", random_weights(0))
    write_checkpoint(project / "b", wide, hidden_size=9)

    def with_own(params: Params) -> None:
        params["models"] |= {name: {"source": "path", "path": name} for name in ("a", "b")}
        both = {"merge_method": "linear", "models": [{"model": "a"}, {"model": "b"}], "dtype": "bfloat16"}
        params["recipes"] |= {"one": both, "two": both | {"parameters": {"weight": 0.5}}}

    written(with_own)
    with pytest.raises(ConfigError, match=r"recipes\.one, recipes\.two: config.json: hidden_size is 8 in a, 9") as told:
        check_ready(["merge@one", "merge@two"])
    assert str(told.value).count("hidden_size") == 1
    check_ready(["merge@average"])
    check_ready(["merge@one"], elsewhere=True)


def without_defaults(params: Params) -> None:
    for key in DEFAULTS:
        if key != "recipes":
            del params[key]
    params["runs"] = {name: run for name, run in params["runs"].items() if run["control"] == "none"}


def test_blocks_left_out_are_written_to_the_end(project: Path) -> None:
    written(without_defaults)
    before, said = Path("params.yaml").read_text(), list[str]()
    config = read_config()
    assert config.controls["none"].kind == "none" and config.decoding.sampling.max_tokens == 32_768
    fill_in(said.append)
    text = Path("params.yaml").read_text()
    assert text.startswith(before.rstrip()) and "controls: {none: {kind: none}}\n" in text and len(said) == 1
    assert read_config() == config, "it means the same"
    fill_in(said.append)
    assert Path("params.yaml").read_text() == text and len(said) == 1


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("decoding: {}  # all\n", "decoding: {engine: auto}  # all\n"),
        ("decoding: { device: cpu }\n", "decoding: {engine: auto,  device: cpu }\n"),
        ("decoding:  # how\n  # on\n  device: cpu\n", "decoding:  # how\n  # on\n  engine: auto\n  device: cpu\n"),
    ],
)
def test_an_engine_left_out_is_written_into_its_block(project: Path, block: str, expected: str) -> None:
    """DVC looks up the code of the engine by its name, and cannot read a dvc.yaml whose name is nowhere."""
    written(lambda params: (params.pop("decoding"), params.update(training={})))
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(block + text)
    config, said = read_config(), list[str]()
    fill_in(said.append)
    assert Path("params.yaml").read_text() == expected + text and read_config() == config
    assert said == ["params.yaml: added engine: auto to decoding, which DVC looks for there"]


def test_nothing_is_written_behind_a_file_that_is_wrong_or_ends_otherwise(project: Path) -> None:
    def and_wrong(params: Params) -> None:
        without_defaults(params)
        params["models"]["slow"] = {"source": "path", "path": "nowhere"}

    written(and_wrong)
    before = Path("params.yaml").read_bytes()
    with pytest.raises(ConfigError, match=r"models\.slow\.path"):
        fill_in(print)
    assert Path("params.yaml").read_bytes() == before
    params = copy.deepcopy(TINY)
    without_defaults(params)
    Path("params.yaml").write_text(json.dumps(params))
    with pytest.raises(ConfigError, match=r"missing; add .*`controls: \{none"):
        fill_in(print)
    assert json.loads(Path("params.yaml").read_text()) == params


@pytest.mark.parametrize(("block", "spelt"), [("recipes", "recipies"), ("runs", "runz"), ("models", "model")])
def test_a_misspelt_block_is_one_sentence(project: Path, block: str, spelt: str) -> None:
    """What names its entries is not wrong; another fault is told beside it."""
    written(lambda params: params.update({spelt: params.pop(block)}))
    with pytest.raises(ConfigError) as told:
        Config.read()
    assert str(told.value).count(": ") == 2 and f"{spelt}: unknown key; did you mean '{block}'?" in str(told.value)
    params = written(lambda params: params.update({spelt: params.pop(block)}))
    params["analysis"]["slow"] = "nobody"
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ConfigError, match=r"unknown key.*analysis\.slow: 'nobody'"):
        Config.read()


def test_all_at_once(project: Path) -> None:
    def change(params: Params) -> None:
        params["analysis"] |= {"slow": "a1", "quick": "a2", "validation": "a3", "margn": 0.1}
        params["grading"]["grader"] = "a4"
        params["decoding"] |= {"engine": "a5", "device": "a6"}
        params["benchmarks"]["x"] = {"source": "file", "path": "a7"}
        params["recipes"]["average"]["models"][0]["model"] = "a8"
        params["runs"]["-a9"] = {"model": "models/a10", "control": "none"}

    written(change)
    with pytest.raises(ConfigError) as told:
        read_config()
    assert [word for word in (*(f"a{n}" for n in range(1, 11)), "margn") if word not in str(told.value)] == []


def test_paths_are_asked_for_by_the_stages_that_run_alone(project: Path) -> None:
    written(put("models", "slow", {"source": "path", "path": "gone"}))
    config = read_config()
    check_ready([f"generate@{run}" for run in config.runs])
    with pytest.raises(ConfigError, match="gone"):
        check_ready(["family"])


def test_a_device_that_is_not_here_is_told_unless_stages_run_elsewhere(project: Path) -> None:
    written(put("decoding", "device", "cuda:63"))
    read_config()
    with pytest.raises(ConfigError, match="sees no cuda:63 here"):
        check_ready(["generate@slow"])
    check_ready(["generate@slow"], elsewhere=True)
    check_ready(["analyse"])


@pytest.mark.parametrize("arguments", ["run", "run --dry", "ui --no-stay", "report", "nightly --once"])
def test_the_commands_end_with_a_sentence_and_leave_nothing(project: Path, arguments: str, l2s: L2s) -> None:
    written(put("analysis", "slow", "slwo"))
    before = sorted(project.rglob("*"))
    code, _, said = l2s(*arguments.split())
    assert code == 2 and "did you mean 'slow'" in said and "Traceback" not in said
    assert sorted(project.rglob("*")) == before


def test_why_tells_a_bomb_before_dvc_reads_it(project: Path, l2s: L2s) -> None:
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    Path("params.yaml").write_text("\n".join(["a0: &a0 [x]", *lines]))
    Path("dvc.yaml").write_text("stages: {}\n")
    code, _, said = l2s("why", "report")
    assert code == 2 and "values, aliases written out" in said


@pytest.mark.parametrize("words", [["run"], ["run", "--dry"], ["plan"], ["why", "merge@average"]])
def test_a_misspelt_method_is_told_before_dvc_reads_the_graph(project: Path, words: list[str]) -> None:
    def misspelt(params: Params) -> None:
        params["recipes"]["average"]["merge_metod"] = params["recipes"]["average"].pop("merge_method")

    written(misspelt)
    done = CliRunner().invoke(app_for(words), words)
    assert isinstance(done.exception, ConfigError), done.output
    assert "merge_metod: unknown key; did you mean 'merge_method'?" in str(done.exception)


@pytest.mark.parametrize("words", [["run"], ["plan"], ["why", "merge@average"], ["report"]])
def test_outside_of_a_project_it_is_said_how_to_get_one(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app_for(words), words)
    assert isinstance(done.exception, ConfigError), done.output
    assert str(done.exception).endswith("or make a project: l2s init") and str(tmp_path) in str(done.exception)
