"""Problems in, responses out: the store, kills, new weights, and the sentences for bad input."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import CheckpointError, EngineError, RecordError
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.engines.load import load_engine
from l2s.generation.generate import Counts, Run, generate_responses
from l2s.generation.settings import DecodingParams, PromptParams
from l2s.generation.store.store import Origin, ResponseStore, Stored
from tests.generation.asking import ask, coins, write_problems


def test_rows_say_what_was_generated(model: Path, tmp_path: Path) -> None:
    _, rows = ask(model, tmp_path, coins(3))
    tokenizer = build_tokenizer()
    assert [(row["id"], row["problem"]) for row in rows] == list(zip("012", coins(3), strict=True))
    for row in rows:
        assert row["prompt"].startswith("<|im_start|>user\n Tom has") and row["prompt"].endswith("assistant\n")
        assert len(tokenizer(row["response"])["input_ids"]) == row["tokens"] - (row["finish"] == "stop")
        assert (row["run"], row["model"], row["level"]) == ("r", "tiny", 1)


def test_nothing_is_generated_twice(model: Path, tmp_path: Path) -> None:
    def counted(questions: list[str], weights: str = "w", **sampling: Any) -> Counts:
        return ask(model, tmp_path, questions, weights=weights, **sampling)[0]

    assert counted(coins(5)) == (0, 5)
    assert counted(coins(5)) == (5, 0)
    assert counted(coins(7)) == (5, 2), "more problems: only the new ones"
    assert counted(coins(5), max_tokens=12) == (0, 5), "another limit is another response"
    assert counted(coins(5), weights="other") == (0, 5), "same path, new weights"
    assert counted(coins(5), temperature=0.7, samples=2) == (0, 10)
    assert counted(coins(5), temperature=0.7, samples=3) == (10, 5), "more samples: only the new ones"
    assert counted(coins(5), temperature=0.7, samples=2, seed=1) == (0, 10)


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


@pytest.mark.long
def test_each_control_is_generated_once_and_says_what_it_spent(model: Path, tmp_path: Path) -> None:
    seen = set()
    for name, block in CONTROLS.items():
        for expected in ((0, 4), (4, 0)):
            counts, rows = ask(model, tmp_path, coins(4), block, PromptParams(prefill="<think>"))
            assert counts == expected, name
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
    ask(model, tmp_path, coins(4))
    ask(model, tmp_path, coins(9))
    resumed = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "store.sqlite").unlink()
    assert ask(model, tmp_path, coins(9))[0] == (0, 9)
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
decoding = DecodingParams(engine="transformers", max_batch_size=4, sampling=SamplingParams(max_tokens=24))
generate_responses(model, "w", [problems], out, Run("r", decoding), store, track=slowly)
"""


@pytest.mark.long
def test_kill_9_loses_nothing_that_was_finished(model: Path, tmp_path: Path) -> None:
    write_problems(tmp_path / "p.jsonl", coins(40))
    arguments = [str(model), str(tmp_path / "p.jsonl"), str(tmp_path / "out.jsonl"), str(tmp_path / "store.sqlite")]
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(6):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out.jsonl").exists()
    counts, _ = ask(model, tmp_path, coins(40))
    assert 6 <= counts.stored < 40
    resumed = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "store.sqlite").unlink()
    ask(model, tmp_path, coins(40))
    assert (tmp_path / "out.jsonl").read_bytes() == resumed


def test_bad_input_is_one_sentence_and_writes_nothing(model: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="engine 'vlm' is not known"):
        load_engine(model, DecodingParams(engine="vlm"))
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="broken"):
        ask(broken, tmp_path, coins(1))
    (tmp_path / "bad.jsonl").write_text(json.dumps({"benchmark": "b", "id": "1", "problem": "p"}) + "\n")
    with pytest.raises(RecordError, match="column 'gold' is missing"):
        generate_responses(
            model, "w", [tmp_path / "bad.jsonl"], tmp_path / "out.jsonl", Run("r", DecodingParams()),
            tmp_path / "store.sqlite",
        )  # fmt: skip
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("kind", ["none", "early_exit", "entropy_stop", "no_think"])
def test_a_problem_longer_than_the_context_is_a_row_and_the_others_are_answered(
    model: Path, tmp_path: Path, kind: str
) -> None:
    questions = ["How many?", "Tom has 3 coins. " * 1200, "", "How many coins?"]
    assert len(questions[1]) > 20_000
    _, rows = ask(model, tmp_path, questions, CONTROLS[kind], PromptParams(prefill="<think>"))
    long = rows[1]
    assert (long["response"], long["tokens"], long["finish"], long["limit"]) == ("", 0, "length", "context")
    assert long["closed"] == (kind == "no_think") and long["think_tokens"] == 0
    assert all(row["tokens"] > 0 and row["limit"] != "context" for row in (rows[0], rows[2], rows[3]))


def test_the_context_cuts_a_response_and_says_so(model: Path, tmp_path: Path) -> None:
    free = ask(model, tmp_path, ["How many?"], {}, max_tokens=40)[1][0]
    prompt = len(build_tokenizer()(free["prompt"])["input_ids"])
    assert free["tokens"] >= 10
    cut = ask(model, tmp_path, ["How many?"], {}, max_tokens=40, context=prompt + 6)[1][0]
    assert (cut["tokens"], cut["finish"], cut["limit"]) == (6, "length", "context")
    assert free["response"].startswith(cut["response"])
    short = ask(model, tmp_path, ["How many?"], {}, max_tokens=6)[1][0]
    assert (short["response"], short["limit"]) == (cut["response"], "max_tokens")


def test_equal_problems_are_generated_once(model: Path, tmp_path: Path) -> None:
    _, rows = ask(model, tmp_path, ["How many?"] * 3)
    assert len({row["response"] for row in rows}) == 1 and [row["id"] for row in rows] == ["0", "1", "2"]
    assert sqlite3.connect(tmp_path / "store.sqlite").execute("SELECT COUNT(*) FROM responses").fetchone() == (1,)


@pytest.mark.parametrize("kind", ["budget", "early_exit", "no_think"])
def test_a_control_on_thinking_needs_its_delimiters(model: Path, tmp_path: Path, kind: str) -> None:
    prompt = PromptParams(opening="<thought>", closing="</thought>")
    block = {key: value for key, value in CONTROLS[kind].items() if key != "thinking_scope"}
    with pytest.raises(EngineError, match=f"control {kind} acts on thinking, and the tokenizer cannot write") as error:
        ask(model, tmp_path, ["How many?"], block, prompt)
    assert "'<thought>' and '</thought>'" in str(error.value) and not (tmp_path / "out.jsonl").exists()
    assert ask(model, tmp_path, ["How many?"], {}, prompt)[1][0]["think_tokens"] == 0
    if kind != "no_think":
        _, whole = ask(model, tmp_path, ["How many?"], {**block, "thinking_scope": "response"}, prompt)
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
    row = ask(model, tmp_path, ["How many?"], endless, prompt, max_tokens=30)[1][0]
    assert (row["tokens"], row["finish"], row["limit"], row["closed"]) == (30, "length", "max_tokens", False)
    row = ask(model, tmp_path, ["How many?"], {**endless, "max_think": 9, "max_answer": 4}, prompt)[1][0]
    assert row["think_tokens"] == 9 and row["closed"] and row["limit"] in ("max_think", "max_answer")


def test_the_length_that_the_study_counts_is_a_column_of_its_own(model: Path, tmp_path: Path) -> None:
    words = build_tokenizer()
    for row in ask(model, tmp_path, ["How many?", "How many coins?"])[1]:
        assert row["retokenised"] == len(words(row["response"].strip())["input_ids"])


def test_a_stop_string_ends_the_response_and_is_no_part_of_it(model: Path, tmp_path: Path) -> None:
    free = ask(model, tmp_path, ["How many?"], {})[1][0]
    words = build_tokenizer()(free["response"])["input_ids"]
    stop = build_tokenizer().decode(words[3:4])
    cut = ask(model, tmp_path, ["How many?"], {}, PromptParams(stop=(stop,)))[1][0]
    assert free["response"].startswith(cut["response"] + stop) and stop not in cut["response"]
    assert cut["finish"] == "stop" and cut["limit"] is None
    assert cut["tokens"] == cut["response_tokens"] <= 4 and cut["retokenised"] < cut["tokens"]
