"""What holds for every answer: it equals itself, whatever it is wrapped in, and mostly in either direction."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from l2s.verification import extract_answer
from l2s.verification.compare import equivalence
from tests.rows import published
from tests.verification.battery import MORE, PAIRS

GOLDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "gsm8k_test": lambda row: str(row["answer"]).rpartition("####")[2].strip(),
    "math500": lambda row: str(row["answer"]),
    "aime24": lambda row: str(row["answer"]),
    "aime25": lambda row: str(row["answer"]),
    "amc23": lambda row: str(row["answer"]),
    "minerva_math": lambda row: extract_answer(row["solution"]) or "",
    "olympiadbench": lambda row: str(row["final_answer"][0]),
    "college_math": lambda row: str(row["answer"]),
}
# The gold answer sets the type in these, or says how exactly a decimal must match.
ONE_SIDED = {"decimals", "bases", "choices", "equations", "fragments", "hostile", "words", "worked"}


def golds(name: str) -> list[str]:
    return [GOLDS[name](row) for row in published(name)]


@pytest.mark.parametrize("name", GOLDS)
def test_every_gold_answer_equals_itself(name: str) -> None:
    assert [gold for gold in golds(name) if equivalence.equivalent(gold, gold) != "correct"] == []


@pytest.mark.parametrize("name", GOLDS)
def test_wrapping_changes_nothing(name: str) -> None:
    for gold in golds(name):
        if "$" not in gold and "\n" not in gold and r"\(" not in gold:
            for wrapped in (f"${gold}$", f"  {gold} ", rf"\boxed{{{gold}}}", rf"\({gold}\)", f"{gold}."):
                assert equivalence.equivalent(gold, wrapped) == "correct", wrapped


def test_noise_of_formatting_changes_no_verdict() -> None:
    noises: list[Callable[[str], str]] = [
        lambda text: text.replace(r"\frac{", r"\dfrac{"),
        lambda text: text.replace("(", r"\left(").replace(")", r"\right)"),
        lambda text: f"\u200b{text}\u200e",
        lambda text: rf"\displaystyle {text}",
        lambda text: text.replace(", ", r",\; "),
    ]
    pairs = [
        pair
        for pair in PAIRS
        if pair.kind not in ("hostile", "fragments", "words", "choices", "chinese")
        and not any(sign in pair.answer for sign in (r"\left", r"\(", "$", r"\[", r"\text{"))
    ]
    assert len(pairs) > 300
    for noise in noises:
        changed = [
            (pair, noise(pair.answer))
            for pair in pairs
            if (equivalence.equivalent(pair.gold, noise(pair.answer)) == "correct") != pair.equal
        ]
        assert changed == []


@pytest.mark.parametrize("equal", [True, False])
def test_order_matters_only_where_the_gold_answer_sets_the_type(equal: bool) -> None:
    plain = [pair for pair in MORE if pair.kind == "plain numbers"]
    pairs = [pair for pair in (*PAIRS, *plain) if pair.equal == equal and pair.kind not in ONE_SIDED]
    assert len(pairs) > 100
    assert [pair for pair in pairs if (equivalence.equivalent(pair.answer, pair.gold) == "correct") != equal] == []


def test_most_pairs_need_no_worker_and_less_than_a_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(equivalence, "compared_by", lambda *pair: asked.append(pair) or "unparsed")
    pairs = [pair for pair in PAIRS if pair.kind != "hostile"]
    seconds = []
    for pair in pairs:
        start = time.process_time()
        equivalence.equivalent(pair.gold, pair.answer)
        seconds.append(time.process_time() - start)
    assert median(seconds) < 0.001
    assert len(asked) < 0.05 * len(pairs)
