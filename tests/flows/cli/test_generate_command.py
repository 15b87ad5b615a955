"""``l2s generate``: own problem files, names of runs, chat templates' variables, and controls that do nothing."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli.app import app_for
from l2s.core.errors import ConfigError, L2SError, RecordError
from l2s.family.model import fresh_model
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import build_tokenizer
from l2s.records import Responses, read_rows

RUN = CliRunner()
CHAT = (
    "{{ strftime_now('%d %b %Y') }}{% if enable_thinking is defined and not enable_thinking %}off{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n {{ m.content }}<|im_end|>{% endfor %}<|im_start|>assistant\n"
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    fresh_model(FamilySettings(hidden_size=64, layers=1, heads=2, key_value_heads=1)).save_pretrained(folder)
    tokenizer = build_tokenizer()
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def work(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The problem file of the README: id, problem, gold."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": str(n), "problem": f"{n} + 1?", "gold": str(n + 1)} for n in range(3)]
    (tmp_path / "my-test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "tiny").symlink_to(weights)
    return tmp_path


def generate(*more: str) -> Result:
    arguments = ["generate", "tiny", "my-test.jsonl", "out.jsonl", "--max-tokens", "8", "--engine", "transformers"]
    return RUN.invoke(app_for(["generate"]), [*arguments, *more], catch_exceptions=False)


def rows(work: Path) -> list[dict[str, object]]:
    return read_rows(work / "out.jsonl", Responses)


def test_the_readmes_problem_file_is_taken(work: Path) -> None:
    assert generate().exit_code == 0
    assert [(row["benchmark"], row["id"], row["gold"], row["run"]) for row in rows(work)] == [
        ("my-test", str(n), str(n + 1), "tiny") for n in range(3)
    ]


def test_what_is_nearly_a_name_beside_it_is_suggested(work: Path) -> None:
    def said(*words: str) -> str:
        with pytest.raises(L2SError) as caught:
            RUN.invoke(app_for(["generate"]), ["generate", *words, "out.jsonl"], catch_exceptions=False)
        return str(caught.value)

    assert "my-tset.jsonl: no such file" in (found := said("tiny", "my-tset.jsonl"))
    assert "did you mean 'my-test.jsonl'?" in found
    (work / "models").mkdir()
    (work / "models" / "slow").symlink_to(work / "tiny")
    assert "; did you mean 'models/slow'?" in said("models/slwo", "my-test.jsonl")
    assert f"did you mean '{work}/models/slow'?" in said(f"{work}/models/slwo", "my-test.jsonl")


def test_of_a_missing_column_the_files_own_are_named(work: Path) -> None:
    (work / "my-test.jsonl").write_text('{"id": "1", "problem": "1 + 1", "answer": "2"}\n')
    with pytest.raises(RecordError, match=r"column 'gold' is missing; found id, problem, answer$"):
        generate()


def test_numbers_are_ids_and_answers_too(work: Path) -> None:
    (work / "my-test.jsonl").write_text('{"id": 7, "problem": "1 + 1?", "gold": 2.5}\n{"id": 8, "problem": "x"}\n')
    with pytest.raises(RecordError, match=r"my-test.jsonl: column 'gold' is missing"):
        generate()
    (work / "my-test.jsonl").write_text('{"id": 7, "problem": "1 + 1?", "gold": 2.5}\n')
    generate()
    assert (rows(work)[0]["id"], rows(work)[0]["gold"]) == ("7", "2.5")
    (work / "my-test.jsonl").write_text('{"id": 7, "problem": "1 + 1?", "gold": NaN}\n')
    with pytest.raises(RecordError, match="gold"):
        generate()


def test_a_run_is_named_and_compared_by_its_name(work: Path) -> None:
    generate("--run", "slow")
    assert {row["run"] for row in rows(work)} == {"slow"}
    call = RUN.invoke
    assert call(app_for(), ["verify", "out.jsonl", "v.jsonl"], catch_exceptions=False).exit_code == 0
    found = call(app_for(), ["analyse", "v.jsonl", "--out", "s", "--baseline", "slow"], catch_exceptions=False)
    assert found.exit_code == 0 and "baseline" in found.output
    with pytest.raises(ConfigError, match="run: found 'a b', expected a name"):
        generate("--run", "a b", "--force")


def test_the_date_stands_still_and_is_a_parameter(work: Path) -> None:
    assert "3 responses generated" in generate().output
    assert str(rows(work)[0]["prompt"]).startswith("01 Jan 2025")
    record = json.loads((work / "out.jsonl.lineage.json").read_text())["record"]
    assert record["parameters"]["prompt"]["date"] == "2025-01-01", "recorded, whether it was said or not"
    assert "3 from the store" in generate().output
    assert "3 responses generated" in generate("--date", "2024-07-26").output
    assert str(rows(work)[0]["prompt"]).startswith("26 Jul 2024")
    record = json.loads((work / "out.jsonl.lineage.json").read_text())["record"]
    assert record["parameters"]["arguments"]["date"] == "2024-07-26"
    with pytest.raises(ConfigError, match=r"options.prompt.date: found 'today'"):
        generate("--date", "today")


def test_variables_of_the_template_are_part_of_the_key(work: Path) -> None:
    generate()
    assert "3 responses generated" in generate("--template-kwarg", "enable_thinking=false").output
    assert "off" in str(rows(work)[0]["prompt"])
    (work / "prompt.yaml").write_text("style: chat\ntemplate_kwargs: {enable_thinking: false}\n")
    assert "3 from the store" in generate("--prompt", "prompt.yaml").output
    found = generate("--template-kwarg", "enable_thinkin=false")
    assert "its chat template has no variable 'enable_thinkin'" in found.output


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prompt", "[]"), ("prompt", "template_kwargs: [1]"), ("prompt", "date: 20"), ("prompt", "stop: x"),
        ("control", "3"), ("control", "kind: cothink\noutliner: nope"), ("control", "kind: cothink\noutliner: [1]"),
        ("seed", "99999999999999999999"), ("date", ""), ("run", ""),
    ],
)  # fmt: skip
def test_bad_settings_are_one_sentence_and_nothing_is_written(work: Path, name: str, content: str) -> None:
    (work / "x.yaml").write_text(content)
    with pytest.raises(L2SError) as error:
        generate(f"--{name}", "x.yaml" if name in ("prompt", "control") else content)
    assert "\n" not in str(error.value) and not (work / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("enable_thinking", "expected KEY=VALUE"),
        ("messages=[]", "'messages' cannot be given"),
        ("strftime_now=1", "'strftime_now' cannot be given"),
        ("a-b=1", "'a-b' cannot be given"),
        ("x=[", "not valid YAML"),
    ],
)
def test_variables_that_cannot_be(work: Path, given: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=r"template.kwarg") as error:
        generate("--template-kwarg", given)
    assert sentence in str(error.value) and not (work / "out.jsonl").exists()


def test_a_control_that_does_nothing_says_so_and_the_table_does(work: Path) -> None:
    (work / "budget-4.yaml").write_text("kind: budget\nmax_think: 4\n")
    (work / "whole-4.yaml").write_text("kind: budget\nmax_think: 4\nthinking_scope: response\n")
    found = generate("--control", "budget-4.yaml")
    assert "tiny-budget-4: control budget acted on none of 3 responses: the model opened thinking" in found.output
    call = RUN.invoke
    call(app_for(), ["verify", "out.jsonl", "v.jsonl"], catch_exceptions=False)
    shown = call(app_for(), ["analyse", "v.jsonl", "--out", "s"], catch_exceptions=False).output
    assert "acted on no response: tiny-budget-4 on my-test" in " ".join(shown.split())
    controls = json.loads((work / "s" / "summary.json").read_text())["controls"]
    assert [(row["kind"], row["acted"]) for row in controls] == [("budget", 0.0)]
    assert "acted on none" not in generate("--control", "whole-4.yaml").output


def test_a_level_is_asked_for_in_the_words_of_the_training(work: Path) -> None:
    with pytest.raises(ConfigError, match="level: 'sort' is unknown; did you mean 'short'"):
        generate("--level", "sort")
    with pytest.raises(ConfigError, match="tiny: its manifest has no level_template"):
        generate("--level", "short")
    trained = work / "trained"
    shutil.copytree(work / "tiny", trained)
    (trained / "l2s_manifest.json").write_text(json.dumps({"level_template": "{problem} Be {level}."}))
    (work / "tiny").unlink()
    (work / "tiny").symlink_to(trained)
    manifest = (trained / "l2s_manifest.json").read_text()
    (trained / "l2s_manifest.json").write_text(json.dumps(json.loads(manifest) | {"levels": []}))
    said = generate("--level", "short").output
    assert "tiny: it was trained for no levels, so that level 'short' is words" in " ".join(said.split())
    (trained / "l2s_manifest.json").write_text(manifest)
    assert generate("--level", "short").exit_code == 0
    assert all("+ 1? Be short." in str(row["prompt"]) for row in rows(work))
