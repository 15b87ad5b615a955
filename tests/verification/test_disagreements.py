"""Three graders on the same rows, and where they do not agree."""

from l2s.verification import grade_by_all, verify_by_all

ROWS = [
    {"id": "agreed", "gold": "5", "response": r"\boxed{5}"},
    {"id": "hundredfold", "gold": "5", "response": r"\boxed{500}"},
    {"id": "unclosed", "gold": "5", "response": r"<think>\boxed{5}", "finish": "length"},
    {"id": "wrong", "gold": "5", "response": r"\boxed{6}"},
]


def test_every_grader_gives_its_verdicts() -> None:
    verdicts, _ = verify_by_all(ROWS)
    assert {name: [row["correct"] for row in rows] for name, rows in verdicts.items()} == {
        "l2s": [True, False, False, False],
        "math-verify": [True, False, False, False],
        "qwen": [True, True, True, False],
    }
    assert all(row["grader"] == name for name, rows in verdicts.items() for row in rows)


def test_disagreements_name_the_row_and_each_opinion() -> None:
    _, disagreements = verify_by_all(ROWS)
    assert disagreements == [
        {
            **{"row": 2, "id": "hundredfold", "gold": "5"},
            **{"l2s_answer": "500", "l2s_status": "incorrect"},
            **{"math-verify_answer": "500", "math-verify_status": "incorrect"},
            **{"qwen_answer": "500", "qwen_status": "correct"},
        },
        {
            **{"row": 3, "id": "unclosed", "gold": "5"},
            **{"l2s_answer": None, "l2s_status": "truncated"},
            **{"math-verify_answer": None, "math-verify_status": "truncated"},
            **{"qwen_answer": "5", "qwen_status": "correct"},
        },
    ]


def test_pairs_are_judged_by_all_too() -> None:
    verdicts, disagreements = grade_by_all([{"gold": "(1,2)", "answer": "[1,2]"}, {"gold": "x", "answer": "x"}])
    assert set(verdicts) == {"l2s", "math-verify", "qwen"}
    assert [row["row"] for row in disagreements] == [1]
    assert disagreements[0]["qwen_status"] == "correct" and disagreements[0]["l2s_status"] == "incorrect"
