import random
import re
from itertools import groupby
from typing import Any

import pytest

from l2s.core.errors import ConfigError
from l2s.core.kinds import Kinds
from l2s.generation.levels import LEVELS
from l2s.training.data import EXAMPLES, PAIRS, Example, Pair, samples_of
from l2s.training.data.kinds.pir import least
from tests.training.data.samples import chains, plain, row, sampled, slow_rows


def one(kinds: Kinds[Any], kind: str, **found: Any) -> Any:
    return kinds.parse({"kind": kind, **kinds[kind].example, **found}, "data")


def made(kind: str, samples: dict[str, Any], /, **found: Any) -> Any:
    if kind in PAIRS:
        return one(PAIRS, kind, **found).pairs(samples)
    return one(EXAMPLES, kind, **found).examples(samples, lambda texts: [float(len(text)) for text, _ in texts])


THREE = sampled(
    row("a", 0, "1 + 1 = ?", "long right", True, 30),
    row("a", 1, "1 + 1 = ?", "short right", True, 10),
    row("a", 2, "1 + 1 = ?", "shorter wrong", False, 2),
    row("a", 3, "1 + 1 = ?", "as short right", True, 10),
    row("b", 0, "2 + 2 = ?", "wrong", False, 5),
    row("c", 0, "3 + 3 = ?", "cut", True, 300, finish="length"),
    row("d", 0, "4 + 4 = ?", "only", True, 7),
)


def test_shortest_takes_the_first_of_the_shortest_right_ones() -> None:
    found = made("shortest", {"slow": THREE})
    assert [(example.id, example.completion) for example in found.items] == [("a", "short right"), ("d", "only")]
    assert found.items[0] == Example("a", "1 + 1 = ?", "user: 1 + 1 = ? assistant:", "short right")
    assert found.problems == 4 and found.dropped == {"unsolved": 2}


def test_model_takes_the_first_right_one() -> None:
    found = made("model", {"quick": THREE})
    assert [example.completion for example in found.items] == ["long right", "only"]


def test_own_pairs_the_shortest_right_with_the_longest() -> None:
    found = made("own", {"slow": THREE})
    assert found.items == (Pair("a", "1 + 1 = ?", "user: 1 + 1 = ? assistant:", "short right", "long right"),)
    assert found.dropped == {"unsolved": 2, "of one length": 1}
    rows = sampled(row("a", 0, "p", "right", True, 9), row("a", 1, "p", "wrong", False, 90))
    assert made("own", {"slow": rows}, longest="any").items[0].rejected == "wrong"
    with pytest.raises(ConfigError, match=r"of 1 problems none can be trained on \(1 of one length\)"):
        made("own", {"slow": rows})


def test_pairs_of_two_models_are_matched_by_the_problem_and_not_by_its_id() -> None:
    quick = sampled(
        row("x", 0, "4 + 4 = ?", "quick wrong", False, 1),
        row("x", 1, "4 + 4 = ?", "quick right", True, 2),
        row("a", 0, "2 + 2 = ?", "quick wrong", False, 3),
        row("c", 0, "3 + 3 =  ?", "cut", True, 4),
    )
    found = made("quick-slow", {"quick": quick, "slow": THREE})
    assert [(pair.id, pair.chosen, pair.rejected) for pair in found.items] == [
        ("b", "quick wrong", "wrong"), ("d", "quick wrong", "only")
    ]  # fmt: skip
    assert found.dropped == {"not answered by quick": 1, "answered alike": 1}
    for kind, more in [("quick-slow", {"filter": "right"}), ("merged-slow", {"chosen": "quick"})]:
        found = made(kind, {"quick": quick, "slow": THREE}, **more)
        assert [(pair.id, pair.chosen, pair.rejected) for pair in found.items] == [("d", "quick right", "only")]


def test_two_ids_of_one_text_are_one_problem() -> None:
    rows = sampled(
        row("a", 0, "What is $1,000 \\times 2$?", "aa", True, 4),
        row("b", 0, "what is 1000 × 2", "bb", True, 3),
    )
    found = made("shortest", {"slow": rows})
    assert [example.id for example in found.items] == ["b"] and found.problems == 1


def test_levels_are_one_trace_as_it_is_without_its_redo_and_without_second_thoughts() -> None:
    rows = samples_of(slow_rows(30, 4, seed=3), "slow")
    texts = {chain.text: plain(chain) for chain in chains(30, 3)}
    found = made("labelled", {"slow": rows})
    by_id = [list(group) for _, group in groupby(found.items, key=lambda example: example.id)]
    assert len(by_id) > 15 and found.problems == 30 and sum(found.dropped.values()) == 30 - len(by_id)
    for short, medium, long in by_id:
        assert [short.level, medium.level, long.level] == list(LEVELS)
        assert short.completion == texts[short.problem]
        right = [sample for sample in rows if sample.id == long.id]
        assert long.completion == max(right, key=lambda sample: sample.tokens).response
        assert medium.completion == re.sub(
            r" Wait, let me re-examine from the start.*(?=</think>)", "", long.completion
        )
    half = made("labelled", {"slow": rows}, medium="half")
    for short, medium, long in (list(group) for _, group in groupby(half.items, key=lambda example: example.id)):
        thoughts = [len(re.findall("Wait|Hmm", example.completion)) for example in (short, medium, long)]
        assert thoughts == [0, thoughts[2] // 2, thoughts[2]] and "re-examine" not in medium.completion


def test_levels_leave_out_traces_whose_second_thoughts_put_an_error_right() -> None:
    wrong, right = " Tom:1+1=3.", " Wait, let me re-examine from the start. Tom:1+1=2."
    check = " Hmm, let me check again: 2-1=1. Right."
    rows = sampled(row("a", 0, "p", f"<think>{wrong}{check}{right}</think> The answer is \\boxed{{2}}.", True, 50))
    with pytest.raises(ConfigError, match="come to the answer by themselves"):
        made("labelled", {"slow": rows}, steps="arithmetic")
    rows = sampled(row("a", 0, "p", f"<think> Tom:1+1=2.{check}{right}</think> The answer is \\boxed{{2}}.", True, 50))
    assert len(made("labelled", {"slow": rows}).items) == 3


def test_pir_cuts_the_share_of_least_value_over_all_the_data() -> None:
    """Scores as a table: what is cut is found by brute force."""
    rows = samples_of(slow_rows(12, 1, seed=5), "slow")
    draw, costs = random.Random(1), dict[tuple[str, str], float]()

    def score(texts: list[tuple[str, str]]) -> list[float]:
        return [costs.setdefault(text, draw.random()) for text in texts]

    data = one(EXAMPLES, "pir", share=0.5)
    found = data.examples({"slow": rows}, score)
    assert len(found.items) == 12 and data.scores
    values = []
    for sample in rows:
        before, _, ends = sample.response.partition("</think>")
        parts = re.split(r"(?= Wait| Hmm| [A-Z][a-z]+:)", before.removeprefix("<think>"))[1:]
        steps = list[str]()
        for part in parts:  # what follows the redo belongs to it
            redo = bool(steps) and "from the start" in steps[-1]
            steps[-1:] = [steps[-1] + part] if redo else [*steps[-1:], part]
        whole = costs[f"{sample.prompt}{before}</think>", ends]
        for place, step in enumerate(steps):
            if step.startswith((" Wait", " Hmm")):
                rest = "".join(steps[:place] + steps[place + 1 :])
                values.append((costs[f"{sample.prompt}<think>{rest}</think>", ends] - whole, sample.id, step))
    kept = sorted(values)[round(0.5 * len(values)) :]
    for example in found.items:
        for _, _, step in (value for value in kept if value[1] == example.id):
            assert step in example.completion
    thoughts = sum(len(re.findall(" Wait| Hmm", example.completion)) for example in found.items)
    assert thoughts == len(kept) and len(costs) == len(values) + 12


def test_pir_of_all_functional_steps_leaves_work_alone_and_equal_values_fall_in_order() -> None:
    rows = samples_of(slow_rows(10, 2, seed=6), "slow")
    texts = {chain.text: plain(chain) for chain in chains(10, 6)}
    found = made("pir", {"slow": rows}, share=1)
    assert [example.completion for example in found.items] == [texts[example.problem] for example in found.items]
    assert least({(1, 0): 0.0, (0, 2): 0.0, (0, 1): 0.5, (2, 0): -1.0}, 0.5) == {(2, 0), (0, 2)}
    assert least({}, 1) == set()


def test_pir_leaves_out_what_does_not_parse_and_takes_the_next() -> None:
    good = "<think> Tom:1+1=2. Wait, is Tom 2? 1+1=2. Correct.</think> The answer is \\boxed{2}."
    rows = sampled(
        row("a", 0, "p", "<think> Tom:1+ Wait 2.</think> The answer is \\boxed{2}.", True, 9),
        row("a", 1, "p", good, True, 9),
        row("b", 0, "q", "<think> 1 1.</think> The answer is \\boxed{2}.", True, 9),
        row("c", 0, "r", good, True, 9),
    )
    found = made("pir", {"slow": rows}, share=1)
    assert [example.id for example in found.items] == ["a", "c"]
    assert found.dropped == {"without steps that could be read": 1}


def test_streams_are_right_answers_of_both_models_by_difficulty() -> None:
    quick = sampled(
        row("a", 0, "p", "quick", True, 3, level=1), row("b", 0, "q", "quick", True, 3, level=4),
        row("c", 0, "r", "quick", False, 3, level=1),
    )  # fmt: skip
    slow = sampled(
        row("a", 0, "p", "slow", True, 9, level=1), row("b", 0, "q", "slow", True, 9, level=4),
        row("b", 1, "q", "slow shorter", True, 8, level=4),
    )  # fmt: skip
    found = made("reweight", {"quick": quick, "slow": slow}, short_levels=[1, 2], long_levels=[3, 4, 5])
    assert [(example.id, example.completion, example.stream) for example in found.items] == [
        ("a", "quick", "short"), ("b", "slow shorter", "long")
    ]  # fmt: skip
    assert found.problems == 3 and found.dropped == {"unsolved (short)": 1}
    assert len(made("reweight", {"quick": quick, "slow": slow}).items) == 4
    with pytest.raises(
        ConfigError, match=r"long stream of slow: of 0 problems none can be trained on \(there are none"
    ):
        made("reweight", {"quick": quick, "slow": slow}, long_levels=[9])


NAMES = {"samples": "slow", "chosen": "quick", "rejected": "slow", "short": "quick", "long": "slow"}


@pytest.mark.parametrize("kind", [*EXAMPLES, *PAIRS])
def test_every_kind_is_deterministic_keeps_order_and_says_what_is_missing(kind: str) -> None:
    kinds: Kinds[Any] = EXAMPLES if kind in EXAMPLES else PAIRS
    named = {key: name for key, name in NAMES.items() if key in kinds[kind].parameters()}
    slow, quick = slow_rows(8, 4, seed=2, wrong=0.2), slow_rows(8, 2, seed=9, wrong=0.2)
    for row_, other in zip(quick, slow[::2], strict=True):
        row_["problem"] = other["problem"]
    rows = {"slow": samples_of(slow, "slow"), "quick": samples_of(quick, "quick")}
    found = made(kind, rows, **named)
    assert found == made(kind, rows, **named) and found.items
    streams = [list(group) for _, group in groupby(found.items, key=lambda item: getattr(item, "stream", None))]
    for items in streams:
        assert [item.id for item in items] == sorted(item.id for item in items)
    assert set(one(kinds, kind, **named).sources) == set(named.values())
    wrong = {name: samples_of(slow_rows(8, 4, seed=2, wrong=1.1), name) for name in rows}
    if kind != "quick-slow":  # as published it takes wrong answers too
        with pytest.raises(ConfigError, match=r"of 8 problems none can be trained on \(8 (unsolved|not solved by)"):
            made(kind, wrong, **named)
    with pytest.raises(ConfigError, match=r"^data: there are no samples '\w+'; known: other$"):
        made(kind, {"other": rows["slow"]}, **named)


def test_wrong_settings_are_one_sentence() -> None:
    for block, said in [
        ({"kind": "shortst", "samples": "slow"}, "kind 'shortst' is unknown; did you mean 'shortest'?"),
        ({"samples": "slow"}, "kind is missing; known: labelled, model, pir, reweight, shortest"),
        ({"kind": "pir", "samples": "slow", "share": 0}, "expected greater than 0"),
        ({"kind": "own", "samples": "slow"}, "kind own is data of method dpo; expected labelled or"),
        ({"kind": "reweight", "short": "quick"}, "kind reweight takes long, which is missing (e.g. long: slow)"),
    ]:
        with pytest.raises(ConfigError) as refused:
            EXAMPLES.parse(block, "t.yaml: data")
        assert said in str(refused.value)
    with pytest.raises(ConfigError, match="takes chosen, rejected, filter, and not 'samples'"):
        PAIRS.parse({"kind": "quick-slow", "samples": "slow"}, "t.yaml: data")
