"""Other tools' formats: read into rows, written back, and graded alike."""

from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import ConfigError, RecordError
from l2s.core.row import Row
from l2s.records import read_rows
from l2s.verification import verify_file, verify_rows
from l2s.verification.io.formats import as_samples, reader_of
from tests.rows import written

QWEN: Row = {
    **{"idx": 7, "question": "q?", "gt_cot": "so", "gt": r"\frac{1}{2}", "level": "Level 3", "type": "Algebra"},
    **{"code": [r"\boxed{0.5}", r"\boxed{2}"], "pred": ["0.5", "2"], "score": [True, False], "report": [None, None]},
}
SAMPLE: Row = {
    **{"doc_id": 3, "doc": {"question": "2+2?", "answer": "two\n#### 4"}, "target": "two\n#### 4", "filter": "strict"},
    **{"arguments": {"gen_args_0": {"arg_0": "Q: 2+2?", "arg_1": {}}}, "resps": [["The answer is 4."]]},
    **{"filtered_resps": ["[invalid]"], "metrics": ["exact_match"], "exact_match": 0.0, "doc_hash": "d"},
}


def test_qwen_gives_a_row_a_sample() -> None:
    first, second = reader_of("qwen", Path("math.jsonl"))(QWEN)
    assert first["gold"] == r"\frac{1}{2}" and first["response"] == r"\boxed{0.5}" and first["id"] == "7"
    assert (first["benchmark"], first["level"], first["subject"], first["problem"]) == ("math", 3, "Algebra", "q?")
    assert [(row["sample"], row["their_answer"], row["their_correct"]) for row in (first, second)] == [
        (0, "0.5", True),
        (1, "2", False),
    ]
    assert [row["correct"] for row in verify_rows([first, second])] == [True, False]


@pytest.mark.parametrize("code", [None, [], 5])
def test_qwen_without_responses_is_broken(code: Any) -> None:
    with pytest.raises(RecordError, match="column 'code' is missing or no list"):
        reader_of("qwen", Path("x"))({**QWEN, "code": code})


def test_lm_eval_reads_each_problem_once() -> None:
    read = reader_of("lm-eval", Path("samples_gsm8k_2024-05-01T10-00-00.123.jsonl"))
    (row,) = read(SAMPLE)
    assert (row["gold"], row["response"], row["benchmark"], row["id"]) == ("4", "The answer is 4.", "gsm8k", "3")
    assert read({**SAMPLE, "filter": "flexible"}) == [], "another filter repeats the same responses"
    assert len(read({**SAMPLE, "doc_id": 4, "filter": "flexible"})) == 1


def test_lm_eval_repeats_are_samples() -> None:
    rows = reader_of("lm-eval", Path("x"))({**SAMPLE, "resps": [["a", "b"], ["c"]]})
    assert [(row["sample"], row["response"]) for row in rows] == [(0, "a"), (1, "b"), (2, "c")]


@pytest.mark.parametrize("resps", [None, [], [[]], [[["-1.5", 1]]], [[-1.5, False]]])
def test_lm_eval_without_text_is_broken(resps: Any) -> None:
    with pytest.raises(RecordError, match="'resps' holds no generated text"):
        reader_of("lm-eval", Path("x"))({**SAMPLE, "resps": resps})


@pytest.mark.parametrize(
    ("target", "answer", "gold"),
    [
        ("five\n#### 5", None, "5"),
        (r"so it is \boxed{\frac12}.", "no", r"so it is \boxed{\frac12}."),
        ("12", "13", "12"),
        (12, None, 12),
        (["12"], None, "12"),
        ("a long solution " * 30, "7", "7"),
        (None, "7", "7"),
    ],
)
def test_lm_eval_gold(target: Any, answer: Any, gold: Any) -> None:
    (row,) = reader_of("lm-eval", Path("x"))({**SAMPLE, "target": target, "doc": {"answer": answer}})
    assert row["gold"] == gold


def test_lm_eval_gold_in_a_worked_solution_is_its_box(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl", [{**SAMPLE, "target": r"Thus \boxed{4}.", "doc": {}}])
    assert verify_file(path, tmp_path / "o.jsonl", format="lm-eval")[0]["status"] == "correct"


def test_verdicts_in_lm_evals_form_keep_what_the_file_said(tmp_path: Path) -> None:
    path = written(tmp_path / "samples_gsm8k.jsonl", [SAMPLE])
    verify_file(path, tmp_path / "o.jsonl", format="lm-eval", out_format="lm-eval")
    (row,) = read_rows(tmp_path / "o.jsonl")
    for key in ("doc_id", "doc", "target", "arguments", "resps", "doc_hash"):
        assert row[key] == SAMPLE[key], key
    assert (row["filtered_resps"], row["filter"], row["exact_match"], row["status"]) == (["4"], "l2s", 1.0, "correct")
    assert row["metrics"] == ["exact_match"]


def test_rows_of_ours_become_samples_that_read_back_the_same() -> None:
    rows = [{"id": "a", "gold": "5", "response": r"\boxed{5}", "prompt": "p"}, {"gold": "5", "response": "dunno"}]
    samples = as_samples(verify_rows(rows))
    assert [row["exact_match"] for row in samples] == [1.0, 0.0] and samples[1]["filtered_resps"] == [""]
    assert all(len(row[key]) == 64 for row in samples for key in ("doc_hash", "prompt_hash", "target_hash"))
    read = reader_of("lm-eval", Path("x"))
    again = verify_rows([row for sample in samples for row in read(sample)])
    assert [row["status"] for row in again] == ["correct", "no_answer"]


def test_an_unknown_form_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'lmeval' does not exist; did you mean 'lm-eval'"):
        reader_of("lmeval", Path("x"))
    with pytest.raises(ConfigError, match="--out-format: 'qwen' does not exist"):
        verify_file(tmp_path / "absent", tmp_path / "out", out_format="qwen")
