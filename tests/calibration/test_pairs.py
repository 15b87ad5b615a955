"""Calibration texts made from two response files."""

import json
from pathlib import Path
from typing import Any

import pytest

from l2s.calibration.pairs import pair_responses
from l2s.calibration.texts import read_texts
from l2s.core.errors import RecordError
from l2s.records import read_rows, write_rows
from tests.conftest import L2s


def row(number: int, response: str, **more: Any) -> dict[str, Any]:
    return {
        "benchmark": "b", "id": str(number), "sample": 0, "prompt": f"<|im_start|>user\n{number}+1?<|im_end|>\n",
        "problem": f"{number}+1?", "response": response, "finish": "stop",
    } | more  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    write_rows(tmp_path / "q.jsonl", [row(n, f"quick {n}") for n in range(10)])
    write_rows(tmp_path / "s.jsonl", [row(n, f"<think>slow</think> {n}") for n in range(9, 1, -1)])
    return tmp_path / "q.jsonl", tmp_path / "s.jsonl"


def test_problems_of_both_are_paired_whatever_the_order(files: tuple[Path, Path]) -> None:
    found = pair_responses(*files)
    assert found.alone == 2 and [text["id"] for text in found.rows] == [str(n) for n in range(2, 10)]
    expected = {"benchmark": "b", "id": "2", "prompt": "2+1?", "short": "quick 2", "long": "<think>slow</think> 2"}
    assert found.rows[0] == expected


def test_a_number_is_drawn_by_the_seed_and_a_larger_one_adds(files: tuple[Path, Path]) -> None:
    def ids(count: int, seed: int) -> set[str]:
        return {text["id"] for text in pair_responses(*files, count=count, seed=seed).rows}

    assert ids(3, 0) == ids(3, 0) and len({frozenset(ids(3, seed)) for seed in range(9)}) > 1
    assert all(ids(count, 0) < ids(count + 1, 0) for count in range(1, 8)) and ids(99, 0) == ids(8, 0)


def test_cut_empty_and_later_answers_are_no_texts(tmp_path: Path) -> None:
    quick = [
        row(0, "cut", finish="length"),
        row(0, "second", sample=1),
        row(1, " "),
        row(2, "late", sample=2),
        row(2, "a"),
    ]
    write_rows(tmp_path / "q.jsonl", quick)
    write_rows(tmp_path / "s.jsonl", [row(n, "l") for n in range(3)])
    found = pair_responses(tmp_path / "q.jsonl", tmp_path / "s.jsonl")
    assert [(text["id"], text["short"]) for text in found.rows] == [("0", "second"), ("2", "a")] and found.alone == 1


def test_right_answers_alone(tmp_path: Path) -> None:
    write_rows(tmp_path / "q.jsonl", [row(n, "s", correct=n != 0) for n in range(3)])
    write_rows(tmp_path / "s.jsonl", [row(n, "l", correct=n != 1) for n in range(3)])
    found = pair_responses(tmp_path / "q.jsonl", tmp_path / "s.jsonl", right=True)
    assert [text["id"] for text in found.rows] == ["2"]


@pytest.mark.parametrize("prompt", [
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n3+4?<|im_end|>\n<|im_start|>assistant\n",
    "<｜begin▁of▁sentence｜><｜User｜>3+4?<｜Assistant｜><think>\n", "[INST] 3+4? [/INST]", "3+4?\n",
    "<|start_header_id|>user<|end_header_id|>\n\n3+4?<|eot_id|>", "<start_of_turn>user\n3+4?<end_of_turn>\n",
])  # fmt: skip
def test_the_problem_is_the_users_turn_and_opened_thinking_is_written_out(tmp_path: Path, prompt: str) -> None:
    other = {key: value for key, value in row(0, "x</think>7", prompt=prompt).items() if key != "problem"}
    for name in ("q", "s"):
        write_rows(tmp_path / f"{name}.jsonl", [other])
    (text,) = pair_responses(tmp_path / "q.jsonl", tmp_path / "s.jsonl").rows
    assert text["prompt"] == "3+4?"
    assert text["long"] == ("<think>x</think>7" if "<think>" in prompt else "x</think>7")


WRONG: list[tuple[list[dict[str, Any]], str]] = [
    ([{"id": "1", "prompt": "p"}], "row 1 lacks response"),
    ([row(0, "x") | {"response": 5}], "row 1: 'response' is 5, expected a string"),
    ([row(99, "x")], "no problem is answered whole in both"),
    ([row(3, "x", problem="another")], "b 3 is not the same problem in both"),
    ([row(0, "x", problem="")], "row 1: 'problem' is empty, expected the text of a problem"),
    ([row(0, "x"), {"id": "1", "response": "x", "prompt": ""}], "row 2: 'prompt' is empty"),
    ([row(3, "x", sample="1")], "row 1: 'sample' is '1', expected a whole number"),
]


@pytest.mark.parametrize("rows, words", WRONG)
def test_what_cannot_be_paired_is_told(files: tuple[Path, Path], rows: list[dict[str, Any]], words: str) -> None:
    write_rows(files[1], rows)
    with pytest.raises(RecordError, match=words):
        pair_responses(*files)


def test_the_command_writes_what_calibration_reads(files: tuple[Path, Path], tmp_path: Path, l2s: L2s) -> None:
    out = tmp_path / "texts.jsonl"
    code, said, _ = l2s("texts", *files, out, "--samples", 5)
    assert code == 0 and "5 texts" in said and len(read_texts(out, "long")) == 5
    first = out.read_bytes()
    assert l2s("texts", *files, out, "--samples", 5)[0] == 0 and out.read_bytes() == first
    record = json.loads((tmp_path / "texts.jsonl.lineage.json").read_text())
    assert record["record"]["made_by"] == "l2s texts" and len(record["record"]["inputs"]) == 2


def test_the_command_writes_what_trainings_elsewhere_read(files: tuple[Path, Path], tmp_path: Path, l2s: L2s) -> None:
    out, found = tmp_path / "texts.jsonl", {}
    for form in ("calibration", "sft", "dpo"):
        assert l2s("texts", *files, out, "--form", form)[0] == 0
        found[form] = read_rows(out)
    for row, example, pair in zip(*found.values(), strict=True):
        own = {key: row[key] for key in ("benchmark", "id", "prompt")}
        assert example == {**own, "completion": row["short"]}
        assert pair == {**own, "chosen": row["short"], "rejected": row["long"]}
    code, _, said = l2s("texts", *files, out, "--form", "sftt")
    assert code == 2 and "--form: 'sftt' is not known; did you mean 'sft'?" in said


def test_an_input_is_not_overwritten(files: tuple[Path, Path], l2s: L2s) -> None:
    before = files[0].read_bytes()
    code, _, said = l2s("texts", *files, files[0])
    assert code == 2 and files[0].read_bytes() == before and "Traceback" not in said
    assert l2s("texts", *files, files[0].parent)[0] == 2


@pytest.mark.parametrize(
    ("prompt", "problem", "opened"),
    [
        ("<|user|>1+1?<|assistant|><think>\nSo, ", "1+1?", True),
        ("<|user|>1+1?<|assistant|><think>\n</think>\n\n", "1+1?", False),
        ("What does <think>", "What does <think>", False),
        ("Think in <think>. 1+1?\nAnswer:", "1+1?", False),
        ("1+1?\n<think>\n", None, True),
    ],
)  # fmt: skip
def test_thinking_is_opened_by_what_stands_behind_the_problem(
    tmp_path: Path, prompt: str, problem: str | None, opened: bool
) -> None:
    """As generation has it: a prefill may go on after the delimiter, and a problem may end with one."""
    asked = {} if problem is None else {"problem": problem}
    rows = [{"benchmark": "b", "id": "1", "prompt": prompt, "response": "x</think>2", **asked}]
    write_rows(tmp_path / "a.jsonl", rows)
    (text,) = pair_responses(tmp_path / "a.jsonl", tmp_path / "a.jsonl").rows
    assert text["long"] == ("<think>" if opened else "") + "x</think>2"
