"""Problems in, responses out: the store, kills, new weights, and the sentences for bad input."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from l2s.core.errors import CheckpointError, EngineError, RecordError
from l2s.core.row import Row
from l2s.family.model import fresh_model
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.union import parse_control
from l2s.generation.engines.load import load_engine
from l2s.generation.generate import Counts, Run, generate_responses
from l2s.generation.settings import DecodingParams, PromptParams, SamplingParams
from l2s.generation.store.store import Origin, ResponseStore, Stored
from l2s.records import Responses, read_rows, write_rows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    fresh_model(FamilySettings(hidden_size=64, layers=1, heads=2, key_value_heads=1)).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder


def problems(path: Path, count: int) -> Path:
    text = "Tom has {} coins. Sam has 3 more than Tom. How many coins does Sam have?"
    rows = [
        {"benchmark": "b", "id": str(n), "problem": text.format(n), "gold": str(n + 3), "level": 1}
        for n in range(count)
    ]
    write_rows(path, rows)
    return path


def answer(model: Path, tmp_path: Path, count: int, weights: str = "w", **sampling: object) -> tuple[Counts, list[Row]]:
    decoding = DecodingParams(sampling=SamplingParams(**{"max_tokens": 24, **sampling}))
    counts = generate_responses(
        model, weights, [problems(tmp_path / "p.jsonl", count)], tmp_path / "out.jsonl",
        Run("tiny", decoding), tmp_path / "store.sqlite",
    )  # fmt: skip
    return counts, read_rows(tmp_path / "out.jsonl", Responses)


def test_rows_say_what_was_generated(model: Path, tmp_path: Path) -> None:
    _, rows = answer(model, tmp_path, 3)
    tokenizer = build_tokenizer()
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    for row in rows:
        assert row["prompt"].startswith("<|im_start|>user\n Tom has") and row["prompt"].endswith("assistant\n")
        assert len(tokenizer(row["response"])["input_ids"]) == row["tokens"] - (row["finish"] == "stop")
        assert (row["run"], row["model"], row["level"]) == ("tiny", "tiny", 1)


def test_nothing_is_generated_twice(model: Path, tmp_path: Path) -> None:
    assert answer(model, tmp_path, 5)[0] == (0, 5)
    assert answer(model, tmp_path, 5)[0] == (5, 0)
    assert answer(model, tmp_path, 7)[0] == (5, 2), "more problems: only the new ones"
    assert answer(model, tmp_path, 5, max_tokens=12)[0] == (0, 5), "another limit is another response"
    assert answer(model, tmp_path, 5, weights="other")[0] == (0, 5), "same path, new weights"
    assert answer(model, tmp_path, 5, temperature=0.7, samples=2)[0] == (0, 10)
    assert answer(model, tmp_path, 5, temperature=0.7, samples=3)[0] == (10, 5), "more samples: only the new ones"
    assert answer(model, tmp_path, 5, temperature=0.7, samples=2, seed=1)[0] == (0, 10)


CONTROLS = {
    "none": {"kind": "none"},
    "budget": {"kind": "budget", "max_think": 4, "thinking_scope": "response"},
    "min_think": {"kind": "min_think", "min_think": 6, "thinking_scope": "response"},
    "eot_temperature": {"kind": "eot_temperature", "form": "bias", "value": 1.0},
    "early_exit": {"kind": "early_exit", "transitions": ["Wait", "."], "thinking_scope": "response"},
    "no_think": {"kind": "no_think"},
    "prompt": {"kind": "prompt", "style": "concise"},
    "token-budget": {"kind": "prompt", "style": "token-budget", "tokens": 9},
    "entropy_stop": {"kind": "entropy_stop", "separator": "1", "every": 3, "thinking_scope": "response"},
}


def test_each_control_is_generated_once_and_says_what_it_spent(model: Path, tmp_path: Path) -> None:
    seen, store = set(), tmp_path / "store.sqlite"
    for name, block in CONTROLS.items():
        control = parse_control(block, name)
        decoding = DecodingParams(sampling=SamplingParams(max_tokens=24), prompt=PromptParams(prefill="<think>"))
        for expected in ((0, 4), (4, 0)):
            counts = generate_responses(
                model, "w", [problems(tmp_path / "p.jsonl", 4)], tmp_path / "out.jsonl",
                Run(name, decoding, control), store,
            )  # fmt: skip
            assert counts == expected, name
            rows = read_rows(tmp_path / "out.jsonl", Responses)
            assert all(row["response_tokens"] <= row["tokens"] <= 24 for row in rows)
            seen.add((name, tuple((row["tokens"], row["response"], row["prompt"]) for row in rows)))
    assert len(seen) == len(CONTROLS), "what the store gives back is what was generated"
    spent = {name: [(tokens, response) for tokens, response, _ in rows] for name, rows in seen}
    assert spent["entropy_stop"] == [(24, "")] * 4, "its first trial, before any thinking, took all there was"


def test_a_store_from_before_digests_goes_on_and_what_nothing_vouches_for_is_not_used(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "store.sqlite")
    old.execute(
        "CREATE TABLE responses (key BLOB PRIMARY KEY, ids TEXT NOT NULL, finish TEXT NOT NULL, "
        "closed INTEGER NOT NULL, think_tokens INTEGER NOT NULL) WITHOUT ROWID"
    )
    old.execute("INSERT INTO responses VALUES (?, '[5,6,7]', 'stop', 1, 2)", (b"one",))
    old.commit()
    old.close()
    for _ in range(2):
        with ResponseStore(tmp_path / "store.sqlite") as store:
            store.put(b"two", Stored([5], "control", False, 0, 9), Origin("m", "w", "e"))
            assert store.find([b"one", b"two", b"three"]) == {b"two": Stored([5], "control", False, 0, 9)}


def test_the_store_changes_no_byte(model: Path, tmp_path: Path) -> None:
    answer(model, tmp_path, 4)
    answer(model, tmp_path, 9)
    resumed = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "store.sqlite").unlink()
    assert answer(model, tmp_path, 9)[0] == (0, 9)
    assert (tmp_path / "out.jsonl").read_bytes() == resumed


SCRIPT = """
import sys, time
from pathlib import Path
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.generate import Run, generate_responses
from l2s.generation.settings import *
def slowly(items, label, total=None, weight=None):
    for item in items:
        yield item
        print("one", flush=True)
        time.sleep(0.02)
model, problems, out, store = map(Path, sys.argv[1:])
decoding = DecodingParams(max_batch_size=4, sampling=SamplingParams(max_tokens=24))
generate_responses(model, "w", [problems], out, Run("tiny", decoding), store, track=slowly)
"""


@pytest.mark.long
def test_kill_9_loses_nothing_that_was_finished(model: Path, tmp_path: Path) -> None:
    problems(tmp_path / "p.jsonl", 40)
    arguments = [str(model), str(tmp_path / "p.jsonl"), str(tmp_path / "out.jsonl"), str(tmp_path / "store.sqlite")]
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(6):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out.jsonl").exists()
    counts, _ = answer(model, tmp_path, 40)
    assert 6 <= counts.stored < 40
    resumed = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "store.sqlite").unlink()
    answer(model, tmp_path, 40)
    assert (tmp_path / "out.jsonl").read_bytes() == resumed


def test_bad_input_is_one_sentence_and_writes_nothing(model: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="engine 'vlm' is not known"):
        load_engine(model, DecodingParams(engine="vlm"))
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="broken"):
        answer(broken, tmp_path, 1)
    (tmp_path / "bad.jsonl").write_text(json.dumps({"benchmark": "b", "id": "1", "problem": "p"}) + "\n")
    with pytest.raises(RecordError, match="column 'gold' is missing"):
        generate_responses(
            model, "w", [tmp_path / "bad.jsonl"], tmp_path / "out.jsonl", Run("r", DecodingParams()),
            tmp_path / "store.sqlite",
        )  # fmt: skip
    assert not (tmp_path / "out.jsonl").exists()


def ask(
    model: Path, tmp_path: Path, questions: list[str], block: dict[str, Any], prompt: PromptParams = PromptParams(),
    **sampling: Any,
) -> list[Row]:  # fmt: skip
    rows = [{"benchmark": "b", "id": str(n), "problem": text, "gold": "1"} for n, text in enumerate(questions)]
    write_rows(tmp_path / "q.jsonl", rows)
    decoding = DecodingParams(
        engine="transformers", prompt=prompt, sampling=SamplingParams(**{"max_tokens": 24, **sampling})
    )
    run = Run("r", decoding, parse_control(block, "control"))
    generate_responses(model, "w", [tmp_path / "q.jsonl"], tmp_path / "a.jsonl", run, tmp_path / "store.sqlite")
    return read_rows(tmp_path / "a.jsonl", Responses)


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_problem_longer_than_the_context_is_a_row_and_the_others_are_answered(
    model: Path, tmp_path: Path, kind: str
) -> None:
    questions = ["How many?", "Tom has 3 coins. " * 1200, "", "How many coins?"]
    assert len(questions[1]) > 20_000
    rows = ask(model, tmp_path, questions, CONTROLS[kind], PromptParams(prefill="<think>"))
    long = rows[1]
    assert (long["response"], long["tokens"], long["finish"], long["limit"]) == ("", 0, "length", "context")
    assert long["closed"] == (kind == "no_think") and long["think_tokens"] == 0
    assert all(row["tokens"] > 0 and row["limit"] != "context" for row in (rows[0], rows[2], rows[3]))


def test_the_context_cuts_a_response_and_says_so(model: Path, tmp_path: Path) -> None:
    free = ask(model, tmp_path, ["How many?"], {}, max_tokens=40)[0]
    prompt = len(build_tokenizer()(free["prompt"])["input_ids"])
    assert free["tokens"] >= 10
    cut = ask(model, tmp_path, ["How many?"], {}, max_tokens=40, context=prompt + 6)[0]
    assert (cut["tokens"], cut["finish"], cut["limit"]) == (6, "length", "context")
    assert free["response"].startswith(cut["response"])
    short = ask(model, tmp_path, ["How many?"], {}, max_tokens=6)[0]
    assert (short["response"], short["limit"]) == (cut["response"], "max_tokens")


def test_equal_problems_are_generated_once(model: Path, tmp_path: Path) -> None:
    rows = ask(model, tmp_path, ["How many?"] * 3, {})
    assert len({row["response"] for row in rows}) == 1 and [row["id"] for row in rows] == ["0", "1", "2"]
    assert sqlite3.connect(tmp_path / "store.sqlite").execute("SELECT COUNT(*) FROM responses").fetchone() == (1,)


@pytest.mark.parametrize("kind", ["budget", "min_think", "eot_temperature", "early_exit", "entropy_stop", "no_think"])
def test_a_control_on_thinking_needs_its_delimiters(model: Path, tmp_path: Path, kind: str) -> None:
    prompt = PromptParams(opening="<thought>", closing="</thought>")
    block = {key: value for key, value in CONTROLS[kind].items() if key != "thinking_scope"}
    with pytest.raises(EngineError, match=f"control {kind} acts on thinking, and the tokenizer cannot write") as error:
        ask(model, tmp_path, ["How many?"], block, prompt)
    assert "'<thought>' and '</thought>'" in str(error.value) and not (tmp_path / "a.jsonl").exists()
    assert ask(model, tmp_path, ["How many?"], {}, prompt)[0]["think_tokens"] == 0
    if kind != "no_think":
        whole = ask(model, tmp_path, ["How many?"], {**block, "thinking_scope": "response"}, prompt)
        assert whole[0]["think_tokens"] > 0


def test_texts_that_cannot_be_written_are_named(model: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot write answer_prefix 'Finally: ' of the control"):
        ask(model, tmp_path, ["1"], {"kind": "budget", "max_think": 2, "answer_prefix": "Finally: "})
    with pytest.raises(EngineError, match="cannot write probe 'Perhaps' of the control"):
        ask(model, tmp_path, ["1"], {"kind": "early_exit", "transitions": ["Wait"], "probe": "Perhaps"})
    with pytest.raises(EngineError, match="cannot write continuation 'Hold on' of the control"):
        ask(model, tmp_path, ["1"], {"kind": "min_think", "min_think": 2, "continuation": "Hold on"})


def test_thinking_that_never_closes_is_cut_by_the_budget_or_the_limit(model: Path, tmp_path: Path) -> None:
    """A stop token is never likely here: what ends a response is a limit, and the row says which."""
    endless, prompt = {"kind": "min_think", "ignores": 10**6}, PromptParams(prefill="<think>")
    row = ask(model, tmp_path, ["How many?"], endless, prompt, max_tokens=30)[0]
    assert (row["tokens"], row["finish"], row["limit"], row["closed"]) == (30, "length", "max_tokens", False)
    row = ask(model, tmp_path, ["How many?"], {**endless, "max_think": 9, "max_answer": 4}, prompt)[0]
    assert row["think_tokens"] == 9 and row["closed"] and row["limit"] in ("max_think", "max_answer")


def test_the_length_that_the_study_counts_is_a_column_of_its_own(model: Path, tmp_path: Path) -> None:
    words = build_tokenizer()
    for row in ask(model, tmp_path, ["How many?", "How many coins?"], {}):
        assert row["retokenised"] == len(words(row["response"].strip())["input_ids"])


def test_a_stop_string_ends_the_response_and_is_no_part_of_it(model: Path, tmp_path: Path) -> None:
    free = ask(model, tmp_path, ["How many?"], {})[0]
    words = build_tokenizer()(free["response"])["input_ids"]
    stop = build_tokenizer().decode(words[3:4])
    cut = ask(model, tmp_path, ["How many?"], {}, PromptParams(stop=(stop,)))[0]
    assert free["response"].startswith(cut["response"] + stop) and stop not in cut["response"]
    assert cut["finish"] == "stop" and cut["limit"] is None
    assert cut["tokens"] == cut["response_tokens"] <= 4 and cut["retokenised"] < cut["tokens"]


def test_weights_decide_the_response(model: Path, tmp_path: Path) -> None:
    """The same path with other weights answers otherwise, so a key without weights would be wrong."""
    _, before = answer(model, tmp_path, 6)
    weights = load_file(model / "model.safetensors")
    changed = tmp_path / "tiny"
    changed.mkdir()
    for file in model.iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    generator = torch.Generator().manual_seed(0)
    save_file(
        {name: torch.randn(w.shape, generator=generator) for name, w in weights.items()},
        changed / "model.safetensors", metadata={"format": "pt"},
    )  # fmt: skip
    _, after = answer(changed, tmp_path, 6, weights="w2")
    assert [row["response"] for row in before] != [row["response"] for row in after]
